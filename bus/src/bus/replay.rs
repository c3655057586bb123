//! Replays: what an archive has of some time, once more through the rules of its bus.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

use super::{Buses, Put};
use crate::{archive::Place, event::replayed, routes::Among, state::Replay};

/// Events that are replayed in one go.
const STEP: usize = 500;

impl Buses {
    /// Goes on with the replays that were under way.
    pub(super) fn go_on_replaying(&self) {
        let names: Vec<String> = {
            let state = self.read();
            let open = |kept: &&crate::state::Kept<Replay>| {
                matches!(
                    kept.it.state.as_str(),
                    "STARTING" | "RUNNING" | "CANCELLING"
                )
            };
            let replays = state.replays.values().filter(open);
            replays.map(|kept| kept.it.name.clone()).collect()
        };
        for name in &names {
            self.start_replay(name);
        }
    }

    /// Starts a replay that is defined.
    pub(crate) fn start_replay(&self, name: &str) {
        let (this, owned) = (self.this.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            let Some(buses) = this.upgrade() else { return };
            let ended = buses.replay(&owned).await;
            let (state, reason) = match ended {
                Ok(true) => ("COMPLETED", None),
                Ok(false) => ("CANCELLED", None),
                Err(reason) => ("FAILED", Some(reason)),
            };
            buses
                .note(&owned, |replay| {
                    state.clone_into(&mut replay.state);
                    replay.reason = reason;
                    replay.ended = Some(buses.now());
                })
                .await;
        });
        self.replaying
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), task);
    }

    /// Changes what is kept of a replay; whether it goes on.
    async fn note(&self, name: &str, change: impl FnOnce(&mut Replay)) -> bool {
        match self.change_replay(name, change).await {
            Ok(replay) => replay.is_some_and(|it| it.state == "RUNNING"),
            Err(error) => {
                tracing::error!(%error, replay = name, "the progress of a replay was not kept");
                let state = self.read();
                state
                    .replays
                    .get(name)
                    .is_some_and(|kept| kept.it.state == "RUNNING")
            }
        }
    }

    /// Whether it came to its end: a replay that is cancelled does not.
    async fn replay(&self, name: &str) -> Result<bool, String> {
        let replay = self
            .read()
            .replays
            .get(name)
            .map(|kept| kept.it.clone())
            .ok_or("the replay is gone")?;
        let bus = {
            let state = self.read();
            let archive = state.archives.get(&replay.archive);
            let archive = archive.filter(|kept| kept.id == replay.archive_id);
            archive
                .map(|kept| kept.it.bus.clone())
                .ok_or("the archive is gone")?
        };
        let rules: Vec<String> = replay.destination["FilterArns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|arn| Some(arn.as_str()?.to_owned()))
            .collect();
        let began = self
            .note(name, |replay| {
                if replay.state == "STARTING" {
                    "RUNNING".clone_into(&mut replay.state);
                }
            })
            .await;
        if !began {
            return Ok(false);
        }
        // A replay that was interrupted goes on with the last second that it was in.
        let from = replay.last_replayed.unwrap_or(replay.from).as_second();
        let times = (from, replay.to.as_second());
        let mut after = None;
        loop {
            let events = self.archived(replay.archive_id, times, after).await?;
            let Some((last, _)) = events.last() else {
                return Ok(true);
            };
            let last = *last;
            let mut put = Put::default();
            for (place, (_, event)) in events.iter().enumerate() {
                let text = String::from_utf8_lossy(event);
                let event = Bytes::from(replayed(&text, name));
                put.add(self, &bus, (place, event), Among::Replay(&rules));
            }
            let failed = put.commit(self, self.now()).await;
            if !failed.is_empty() {
                // As much waits as may: targets first.
                self.surroundings
                    .clock
                    .sleep(std::time::Duration::from_secs(1))
                    .await;
                continue;
            }
            after = Some(last);
            let goes_on = self
                .note(name, |replay| {
                    replay.last_replayed = Timestamp::from_second(last.0).ok();
                })
                .await;
            if !goes_on {
                return Ok(false);
            }
        }
    }

    async fn archived(
        &self,
        archive: u32,
        times: (i64, i64),
        after: Option<Place>,
    ) -> Result<Vec<(Place, Bytes)>, String> {
        let archives = Arc::clone(&self.archives);
        let read = tokio::task::spawn_blocking(move || archives.read(archive, times, after, STEP));
        read.await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("the archive cannot be read: {error}"))
    }
}
