//! Event buses that run: made and changed while they do, durable before the answer.

mod define;
mod metrics;
mod put;
mod replay;
mod schedules;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use hydrant_endpoint::{Clock, Counter, Ids, Log, LogError};

pub(crate) use put::Put;

use crate::{
    archive::Archives,
    arn::{DEFAULT_BUS, Home},
    line::{Courier, Line},
    notice::Observer,
    options::Options,
    pattern::Scratch,
    routes::{BusMetrics, Routes},
    state::{Bus, Definition, State},
    target::{Destinations, Reach},
};

/// What buses work with.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// What targets are reached through.
    pub reach: Reach,
    /// Takes what happens.
    pub observer: Arc<dyn Observer>,
}

/// Why buses do not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A definition in the log is not readable.
    #[error("a definition in the log of the buses is damaged: {0}")]
    Damaged(String),
    /// The file of archives cannot be opened.
    #[error("the archives in {} cannot be opened: {reason}", path.display())]
    Archives {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
}

/// Event buses, with their rules, targets and archives.
#[derive(Debug)]
pub struct Buses {
    pub(crate) options: Options,
    pub(crate) home: Home,
    surroundings: Surroundings,
    courier: Arc<Courier>,
    destinations: Arc<Destinations>,
    archives: Arc<Archives>,
    log: tokio::sync::RwLock<Log>,
    state: RwLock<State>,
    routes: RwLock<HashMap<String, Arc<Routes>>>,
    lines: RwLock<BTreeMap<u32, Arc<Line>>>,
    /// Held while something is defined: one after the other. The last id that was given.
    changes: tokio::sync::Mutex<u32>,
    ids: Mutex<Ids>,
    scratches: Mutex<Vec<Scratch>>,
    /// Events that each rule matched, and those of each bus.
    rule_matches: Mutex<HashMap<String, Arc<Counter>>>,
    bus_metrics: Mutex<BTreeMap<String, Arc<BusMetrics>>>,
    unknown_bus: Counter,
    refused_entries: Counter,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    replaying: Mutex<HashMap<String, tokio::task::JoinHandle<()>>>,
    this: Weak<Self>,
}

/// Events that were not delivered when buses stopped. They are in the log, and delivered when they start again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Events, by rule and target.
    pub events: BTreeMap<String, u64>,
}

impl Waiting {
    /// Events of all targets.
    pub fn total(&self) -> u64 {
        self.events.values().sum()
    }
}

impl Buses {
    /// Opens the log and goes on with what is in it. The default bus is made where there is none.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(
        options: Options,
        surroundings: Surroundings,
    ) -> Result<Arc<Self>, StartError> {
        let (log_options, path) = (options.log.clone(), options.archive.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let log = Log::open(log_options)?;
            let definitions = log.definitions()?;
            let archives = Archives::open(&path).map_err(|error| StartError::Archives {
                path,
                reason: error.to_string(),
            })?;
            Ok::<_, StartError>((log, definitions, archives))
        });
        let (log, definitions, archives) = opened
            .await
            .map_err(|error| StartError::Damaged(error.to_string()))??;
        let (mut state, mut last) = (State::default(), 0);
        for (id, text) in definitions {
            let definition: Definition = serde_json::from_slice(&text)
                .map_err(|error| StartError::Damaged(error.to_string()))?;
            state.put(id, definition);
            last = last.max(id);
        }
        // Other ids after each start, whatever the seed.
        let mut ids = Ids::from_seed(options.seed).nth(log.starts());
        let buses = Arc::new_cyclic(|this| Self {
            home: Home {
                region: options.region.clone(),
                account: options.account.clone(),
            },
            courier: Arc::new(Courier {
                clock: Arc::clone(&surroundings.clock),
                observer: Arc::clone(&surroundings.observer),
                queues: Arc::clone(&surroundings.reach.queues),
                placeholder: options.event_placeholder,
                time_scale: options.time_scale,
                parallelism: options.parallelism,
                ids: Mutex::new(ids.fork()),
            }),
            destinations: Arc::new(Destinations::new(
                Arc::clone(&surroundings.clock),
                options.answer_time,
                options.retried_statuses.clone(),
            )),
            archives: Arc::new(archives),
            log: tokio::sync::RwLock::new(log),
            state: RwLock::new(state),
            routes: RwLock::default(),
            lines: RwLock::default(),
            changes: tokio::sync::Mutex::new(last),
            ids: Mutex::new(ids),
            scratches: Mutex::default(),
            rule_matches: Mutex::default(),
            bus_metrics: Mutex::default(),
            unknown_bus: Counter::default(),
            refused_entries: Counter::default(),
            tasks: Mutex::default(),
            replaying: Mutex::default(),
            this: this.clone(),
            options,
            surroundings,
        });
        buses.begin().await?;
        Ok(buses)
    }

    /// Starts what is defined.
    async fn begin(&self) -> Result<(), StartError> {
        if !self.read().buses.contains_key(DEFAULT_BUS) {
            let now = self.now();
            let bus = Bus {
                name: DEFAULT_BUS.to_owned(),
                description: None,
                statements: Vec::new(),
                dead_letter: serde_json::Value::Null,
                tags: BTreeMap::new(),
                created: now,
                modified: now,
            };
            self.define(None, Definition::Bus(bus)).await?;
        }
        self.start_lines().await?;
        self.define_destinations();
        let names: Vec<String> = self.read().buses.keys().cloned().collect();
        for bus in &names {
            self.compile(bus);
        }
        self.go_on_replaying();
        let schedules = tokio::spawn(schedules::run(self.this.clone()));
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(schedules);
        Ok(())
    }

    /// Stops: waits until what is under way is delivered, for as long as `deadline` allows. Nobody puts events
    /// any more.
    pub async fn stop(&self, deadline: Duration) -> Waiting {
        for task in self
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            task.abort();
        }
        for (_, task) in self
            .replaying
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
        {
            task.abort();
        }
        if !deadline.is_zero() {
            tokio::select! {
                () = self.delivered() => {}
                () = self.surroundings.clock.sleep(deadline) => {}
            }
        }
        let lines: Vec<Arc<Line>> = self.all_lines();
        for line in &lines {
            line.stop();
        }
        self.log.write().await.close().await;
        let left = lines.iter().map(|line| {
            let name = format!("{}/{}", line.rule_name, line.plan().target);
            (name, line.log.undelivered())
        });
        Waiting {
            events: left.filter(|(_, events)| *events > 0).collect(),
        }
    }

    /// Waits until nothing waits for a target but what was offered in vain.
    pub async fn delivered(&self) {
        while self.all_lines().iter().any(|line| line.is_busy()) {
            self.surroundings
                .clock
                .sleep(Duration::from_millis(5))
                .await;
        }
    }

    /// The names of all buses, and how many rules each has.
    pub fn names(&self) -> Vec<(String, usize)> {
        let state = self.read();
        let names = state.buses.keys();
        names
            .map(|bus| (bus.clone(), state.rules_of(bus).count()))
            .collect()
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.surroundings.clock.now()
    }

    pub(crate) fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn uuid(&self) -> uuid::Uuid {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .uuid()
    }

    fn all_lines(&self) -> Vec<Arc<Line>> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.values().cloned().collect()
    }

    fn routes_of(&self, bus: &str) -> Option<Arc<Routes>> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(bus).cloned()
    }
}
