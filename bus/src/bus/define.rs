//! Defining things: kept in the log, then in force.

use std::sync::{Arc, PoisonError};

use hydrant_endpoint::LogError;
use serde_json::Value;

use super::Buses;
use crate::{
    archive::ArchiveTarget,
    arn,
    input::Input,
    line::{Line, Plan},
    pattern::Pattern,
    routes::{Hop, Route, Routes},
    state::{Archive, Definition, Replay, Target},
    target::{Adapter, DestinationTarget, FunctionTarget, LinesTarget, QueueTarget, StreamTarget},
};

impl Buses {
    /// Keeps a definition, under its id or a new one, which is returned.
    pub(crate) async fn define(
        &self,
        id: Option<u32>,
        definition: Definition,
    ) -> Result<u32, LogError> {
        let mut last = self.changes.lock().await;
        self.keep(&mut last, id, definition).await
    }

    /// Changes a replay as it is at this moment, whoever else changes it; what it is then.
    pub(crate) async fn change_replay(
        &self,
        name: &str,
        change: impl FnOnce(&mut Replay),
    ) -> Result<Option<Replay>, LogError> {
        let mut last = self.changes.lock().await;
        let Some(kept) = self.read().replays.get(name).cloned() else {
            return Ok(None);
        };
        let mut replay = kept.it;
        change(&mut replay);
        let definition = Definition::Replay(replay.clone());
        self.keep(&mut last, Some(kept.id), definition).await?;
        Ok(Some(replay))
    }

    async fn keep(
        &self,
        last: &mut u32,
        id: Option<u32>,
        definition: Definition,
    ) -> Result<u32, LogError> {
        let id = id.unwrap_or(*last + 1);
        // What is made of plain values always serialises.
        let text = serde_json::to_vec(&definition).unwrap_or_default();
        self.log.read().await.define(id, Some(text)).await?;
        *last = (*last).max(id);
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .put(id, definition);
        Ok(id)
    }

    /// Forgets a definition and what waits for it.
    pub(crate) async fn forget(&self, id: u32) -> Result<(), LogError> {
        let _changing = self.changes.lock().await;
        let line = self
            .lines
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        if let Some(line) = &line {
            line.stop();
        }
        self.log.read().await.define(id, None).await?;
        if let Some(line) = line {
            line.log.discard();
        }
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        Ok(())
    }

    /// How a target is delivered to.
    ///
    /// # Errors
    ///
    /// Why it cannot be.
    pub(crate) fn plan(&self, target: &Target) -> Result<(Plan, Hop), String> {
        let given = &target.given;
        let input = Input::of(given)?;
        let arn = target.arn();
        let reach = &self.surroundings.reach;
        let (service, resource) = arn::parts(arn).ok_or_else(|| unsupported(arn))?;
        let mut hop = Hop::Last;
        let adapter: Arc<dyn Adapter> = match (service, resource.split_once(['/', ':'])) {
            ("firehose", Some(("deliverystream", name))) => Arc::new(StreamTarget {
                name: name.to_owned(),
                streams: Arc::clone(&reach.streams),
            }),
            ("lambda", Some(("function", _))) => Arc::new(FunctionTarget {
                arn: arn.to_owned(),
                functions: Arc::clone(&reach.functions),
            }),
            ("sqs", None) => Arc::new(QueueTarget {
                arn: arn.to_owned(),
                group: given["SqsParameters"]["MessageGroupId"]
                    .as_str()
                    .map(str::to_owned),
                queues: Arc::clone(&reach.queues),
            }),
            ("logs", Some(("log-group", group))) => Arc::new(LinesTarget {
                group: group.trim_end_matches(":*").to_owned(),
                lines: Arc::clone(&reach.lines),
            }),
            ("events", Some(("api-destination", _))) => Arc::new(DestinationTarget {
                arn: arn.to_owned(),
                given: given.clone(),
                destinations: Arc::clone(&self.destinations),
            }),
            ("events", Some(("event-bus", name))) => {
                hop = Hop::ToBus;
                Arc::new(super::put::BusTarget {
                    bus: name.to_owned(),
                    buses: self.this.clone(),
                })
            }
            _ => return Err(unsupported(arn)),
        };
        let plan = Plan {
            target: target.id().to_owned(),
            target_arn: arn.to_owned(),
            input,
            adapter,
            given: given.clone(),
        };
        Ok((plan, hop))
    }

    fn archive_plan(&self, id: u32, archive: &Archive) -> Plan {
        Plan {
            target: archive.name.clone(),
            target_arn: self.home.archive(&archive.name),
            input: Input::Whole,
            adapter: Arc::new(ArchiveTarget {
                id,
                archives: Arc::clone(&self.archives),
            }),
            given: Value::Null,
        }
    }

    /// Starts the lines of all targets and archives that have none.
    pub(crate) async fn start_lines(&self) -> Result<(), LogError> {
        let (targets, archives): (Vec<_>, Vec<_>) = {
            let state = self.read();
            (
                state.targets.values().cloned().collect(),
                state.archives.values().cloned().collect(),
            )
        };
        for kept in targets {
            match self.plan(&kept.it) {
                Ok((plan, _)) => {
                    let rule = self.home.rule(&kept.it.bus, &kept.it.rule);
                    let of = (kept.it.bus.clone(), kept.it.rule.clone(), rule);
                    self.line(kept.id, of, plan).await?;
                }
                Err(reason) => {
                    tracing::error!(reason, "a target in the log cannot be delivered to");
                }
            }
        }
        for kept in archives {
            let name = format!("Events-Archive-{}", kept.it.name);
            let rule = self.home.rule(&kept.it.bus, &name);
            let plan = self.archive_plan(kept.id, &kept.it);
            self.line(kept.id, (kept.it.bus.clone(), name, rule), plan)
                .await?;
        }
        Ok(())
    }

    /// Starts a line, or lets it deliver otherwise.
    async fn line(
        &self,
        id: u32,
        of: (String, String, String),
        plan: Plan,
    ) -> Result<(), LogError> {
        let known = {
            let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
            lines.get(&id).cloned()
        };
        if let Some(line) = known {
            line.change(plan);
            return Ok(());
        }
        let log = self.log.read().await.stream(id)?;
        let line = Line::start(of, plan, log, Arc::clone(&self.courier));
        self.lines
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, line);
        Ok(())
    }

    /// Puts the rules and archives of a bus into force as they are now.
    pub(crate) fn compile(&self, bus: &str) {
        let compiled = {
            let state = self.read();
            if state.buses.contains_key(bus) {
                let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
                let line_of = |id: u32, hop: Hop| Some((id, Arc::clone(lines.get(&id)?), hop));
                let mut routes = Vec::new();
                for kept in state.rules_of(bus).filter(|kept| kept.it.is_enabled()) {
                    let Some(pattern) = self.pattern(kept.it.pattern.as_deref()) else {
                        continue;
                    };
                    let targets = state.targets_of(bus, &kept.it.name);
                    let lines = targets.filter_map(|target| {
                        let to_bus = arn::parts(target.it.arn()).is_some_and(|(service, it)| {
                            service == "events" && it.starts_with("event-bus/")
                        });
                        line_of(target.id, if to_bus { Hop::ToBus } else { Hop::Last })
                    });
                    let arn = self.home.rule(bus, &kept.it.name);
                    let matched = self.matches_of(&arn);
                    let route = Route {
                        rule: Some(arn),
                        lines: lines.collect(),
                        matched,
                    };
                    routes.push((pattern, route));
                }
                for kept in state.archives.values().filter(|kept| kept.it.bus == bus) {
                    let pattern = match &kept.it.pattern {
                        None => Some(Pattern::everything()),
                        Some(text) => self.pattern(Some(text)),
                    };
                    let (Some(pattern), Some(line)) = (pattern, line_of(kept.id, Hop::Last)) else {
                        continue;
                    };
                    let route = Route {
                        rule: None,
                        lines: vec![line],
                        matched: Arc::default(),
                    };
                    // What is replayed is not kept once more.
                    routes.push((pattern.and_not_replayed(), route));
                }
                Some(Arc::new(Routes::new(routes, self.metrics_of(bus))))
            } else {
                None
            }
        };
        let mut all = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        match compiled {
            Some(routes) => all.insert(bus.to_owned(), routes),
            None => all.remove(bus),
        };
    }

    fn pattern(&self, text: Option<&str>) -> Option<Pattern> {
        // It was checked when it was put.
        Pattern::with_options(text?, self.options.patterns).ok()
    }

    /// Puts connections and API destinations into force as they are now.
    pub(crate) fn define_destinations(&self) {
        let state = self.read();
        let destinations = state.destinations.values().map(|kept| {
            let arn = self.home.api_destination(&kept.it.name, &kept.it.uuid);
            (arn, kept.it.clone())
        });
        let connections = state.connections.values().map(|kept| {
            let arn = self.home.connection(&kept.it.name, &kept.it.uuid);
            (arn, kept.it.clone())
        });
        self.destinations
            .define(destinations.collect(), connections.collect());
    }

    /// Events and bytes in an archive.
    pub(crate) async fn archive_totals(&self, id: u32) -> (u64, u64) {
        let archives = Arc::clone(&self.archives);
        let totals = tokio::task::spawn_blocking(move || archives.totals(id));
        match totals.await {
            Ok(Ok(totals)) => totals,
            _ => (0, 0),
        }
    }

    /// Forgets the events of an archive that are older than `before`, or all.
    pub(crate) async fn empty_archive(&self, id: u32, before: Option<i64>) {
        let archives = Arc::clone(&self.archives);
        let forgotten = tokio::task::spawn_blocking(move || archives.forget(id, before)).await;
        if !matches!(forgotten, Ok(Ok(()))) {
            tracing::error!("old events of an archive were not deleted");
        }
    }

    /// Fetches the first token of an OAuth connection and says what became of it.
    pub(crate) fn authorize(&self, name: &str) {
        let (this, name) = (self.this.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            let Some(buses) = this.upgrade() else { return };
            let Some(kept) = buses.read().connections.get(&name).cloned() else {
                return;
            };
            let arn = buses.home.connection(&name, &kept.it.uuid);
            let fetched = buses.destinations.authorize(&kept.it, &arn).await;
            let mut connection = kept.it;
            if let Err(error) = &fetched {
                tracing::warn!(connection = name, %error, "an OAuth connection is not authorized");
            }
            let state = if fetched.is_ok() {
                "AUTHORIZED"
            } else {
                "DEAUTHORIZED"
            };
            state.clone_into(&mut connection.state);
            let kept = buses
                .define(Some(kept.id), Definition::Connection(connection))
                .await;
            if let Err(error) = kept {
                tracing::error!(%error, "the state of a connection was not kept");
            }
            buses.define_destinations();
        });
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }
}

/// What is said of an ARN that nothing delivers to.
fn unsupported(arn: &str) -> String {
    format!(
        "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format, or is of a kind that is \
         not delivered to here: delivery streams, Lambda functions, SQS queues, API destinations, event buses, \
         and CloudWatch log groups (as lines on standard output) are."
    )
}
