//! Replays.

use hydrant_endpoint::ApiError;
use serde_json::{Value, json};

use super::{
    Answer, Api,
    checks::{ARN, Checks, NAME, text},
    exists, failed, invalid, listed, not_found, owned, page, present, seconds, time_of, too_many,
};
use crate::{
    arn::bus_name,
    state::{Definition, Kept, Replay},
};

/// Replays that may be under way at once.
const MAX_ACTIVE: usize = 10;

impl Api {
    fn replay(&self, input: &Value) -> Result<Kept<Replay>, ApiError> {
        let mut checks = Checks::default();
        let name = checks.required(input, "ReplayName", NAME);
        checks.done()?;
        let replay = self.buses.read().replays.get(name).cloned();
        replay.ok_or_else(|| not_found(format!("Replay {name} does not exist.")))
    }

    pub(super) async fn start_replay(&self, input: &Value) -> Answer {
        let mut checks = Checks::default();
        let name = checks.required(input, "ReplayName", NAME);
        let source = checks.required(input, "EventSourceArn", ARN);
        checks.optional(input, "Description", text(0, 512));
        let (from, to) = (
            time_of(input, "EventStartTime"),
            time_of(input, "EventEndTime"),
        );
        if from.is_none() {
            checks.null("eventStartTime");
        }
        if to.is_none() {
            checks.null("eventEndTime");
        }
        let destination = checks.required_at(&input["Destination"]["Arn"], "destination.arn", ARN);
        checks.done()?;
        let (Some(from), Some(to)) = (from, to) else {
            return Err(invalid("Parameter EventStartTime is not valid."));
        };
        let archive_name = source
            .rsplit_once(":archive/")
            .map_or(source, |(_, name)| name);
        let archive = self.buses.read().archives.get(archive_name).cloned().ok_or_else(|| {
            invalid(format!(
                "Parameter EventSourceArn is not valid. Reason: Archive {archive_name} does not exist."
            ))
        })?;
        if bus_name(destination) != archive.it.bus {
            return Err(invalid(
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
            ));
        }
        if from >= to {
            return Err(invalid(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
            ));
        }
        {
            let state = self.buses.read();
            if state.replays.contains_key(name) {
                return Err(exists(format!("Replay {name} already exists.")));
            }
            let active = |kept: &&Kept<Replay>| {
                matches!(
                    kept.it.state.as_str(),
                    "STARTING" | "RUNNING" | "CANCELLING"
                )
            };
            if state.replays.values().filter(active).count() >= MAX_ACTIVE {
                return Err(too_many());
            }
        }
        let now = self.buses.now();
        let replay = Replay {
            name: name.to_owned(),
            description: owned(input, "Description"),
            archive: archive_name.to_owned(),
            archive_id: archive.id,
            destination: input["Destination"].clone(),
            from,
            to,
            state: "STARTING".to_owned(),
            reason: None,
            last_replayed: None,
            started: now,
            ended: None,
        };
        let kept = self.buses.define(None, Definition::Replay(replay)).await;
        kept.map_err(|error| failed(&error))?;
        self.buses.start_replay(name);
        Ok(json!({
            "ReplayArn": self.buses.home.replay(name),
            "State": "STARTING",
            "ReplayStartTime": seconds(now),
        }))
    }

    fn replay_answer(&self, replay: &Replay) -> Value {
        present(json!({
            "ReplayName": replay.name,
            "EventSourceArn": self.buses.home.archive(&replay.archive),
            "State": replay.state,
            "StateReason": replay.reason,
            "EventStartTime": seconds(replay.from),
            "EventEndTime": seconds(replay.to),
            "EventLastReplayedTime": replay.last_replayed.map(seconds),
            "ReplayStartTime": seconds(replay.started),
            "ReplayEndTime": replay.ended.map(seconds),
        }))
    }

    pub(super) fn describe_replay(&self, input: &Value) -> Answer {
        let replay = self.replay(input)?.it;
        let mut answer = self.replay_answer(&replay);
        answer["ReplayArn"] = self.buses.home.replay(&replay.name).into();
        answer["Description"] = replay.description.into();
        answer["Destination"] = replay.destination;
        Ok(present(answer))
    }

    pub(super) fn list_replays(&self, input: &Value) -> Value {
        let state = self.buses.read();
        let source = input["EventSourceArn"].as_str();
        let wanted = |replay: &&Replay| {
            let of_source =
                source.is_none_or(|arn| self.buses.home.archive(&replay.archive) == arn);
            let in_state = input["State"].as_str().is_none_or(|it| it == replay.state);
            of_source && in_state
        };
        let replays = state.replays.values().map(|kept| &kept.it).filter(wanted);
        let named = replays.map(|replay| (replay.name.as_str(), replay));
        listed(
            "Replays",
            page(input, named, |replay| self.replay_answer(replay)),
        )
    }

    pub(super) async fn cancel_replay(&self, input: &Value) -> Answer {
        let name = self.replay(input)?.it.name;
        let mut under_way = false;
        let changed = self.buses.change_replay(&name, |replay| {
            under_way = matches!(replay.state.as_str(), "STARTING" | "RUNNING");
            if under_way {
                "CANCELLING".clone_into(&mut replay.state);
            }
        });
        changed.await.map_err(|error| failed(&error))?;
        if !under_way {
            return Err(ApiError::new(
                "IllegalStatusException",
                format!("Replay {name} is not in a valid state for this operation."),
            ));
        }
        Ok(json!({
            "ReplayArn": self.buses.home.replay(&name),
            "State": "CANCELLING",
        }))
    }
}
