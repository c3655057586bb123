//! What is defined: buses, rules, targets, archives, replays, connections, API destinations. Each is kept in
//! the log under an id of its own, as JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that is defined, and its id in the log.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    pub(crate) id: u32,
    pub(crate) it: T,
}

/// A definition in the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
pub(crate) enum Definition {
    Bus(Bus),
    Rule(Rule),
    Target(Target),
    Archive(Archive),
    Replay(Replay),
    Connection(Connection),
    ApiDestination(ApiDestination),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bus {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Statements of its policy.
    pub(crate) statements: Vec<Value>,
    pub(crate) dead_letter: Value,
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(with = "instant")]
    pub(crate) created: Timestamp,
    #[serde(with = "instant")]
    pub(crate) modified: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) bus: String,
    pub(crate) name: String,
    pub(crate) pattern: Option<String>,
    pub(crate) schedule: Option<String>,
    pub(crate) state: String,
    pub(crate) description: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(with = "instant")]
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) bus: String,
    pub(crate) rule: String,
    /// As `PutTargets` takes it.
    pub(crate) given: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Archive {
    pub(crate) name: String,
    pub(crate) bus: String,
    pub(crate) pattern: Option<String>,
    pub(crate) retention_days: u32,
    pub(crate) description: Option<String>,
    #[serde(with = "instant")]
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Replay {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) archive: String,
    /// The archive's id: one of the same name that was made later is another.
    pub(crate) archive_id: u32,
    pub(crate) destination: Value,
    #[serde(with = "instant")]
    pub(crate) from: Timestamp,
    #[serde(with = "instant")]
    pub(crate) to: Timestamp,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    #[serde(with = "maybe_instant")]
    pub(crate) last_replayed: Option<Timestamp>,
    #[serde(with = "instant")]
    pub(crate) started: Timestamp,
    #[serde(with = "maybe_instant")]
    pub(crate) ended: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) description: Option<String>,
    pub(crate) authorization: String,
    /// `AuthParameters`, with what is secret in it.
    pub(crate) parameters: Value,
    pub(crate) state: String,
    #[serde(with = "instant")]
    pub(crate) created: Timestamp,
    #[serde(with = "instant")]
    pub(crate) modified: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ApiDestination {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) description: Option<String>,
    pub(crate) connection: String,
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) rate: Option<u32>,
    #[serde(with = "instant")]
    pub(crate) created: Timestamp,
    #[serde(with = "instant")]
    pub(crate) modified: Timestamp,
}

/// Everything that is defined, by name.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) buses: BTreeMap<String, Kept<Bus>>,
    /// By bus and name.
    pub(crate) rules: BTreeMap<(String, String), Kept<Rule>>,
    /// By bus, rule and id.
    pub(crate) targets: BTreeMap<(String, String, String), Kept<Target>>,
    pub(crate) archives: BTreeMap<String, Kept<Archive>>,
    pub(crate) replays: BTreeMap<String, Kept<Replay>>,
    pub(crate) connections: BTreeMap<String, Kept<Connection>>,
    pub(crate) destinations: BTreeMap<String, Kept<ApiDestination>>,
}

impl Target {
    pub(crate) fn id(&self) -> &str {
        self.given["Id"].as_str().unwrap_or_default()
    }

    pub(crate) fn arn(&self) -> &str {
        self.given["Arn"].as_str().unwrap_or_default()
    }

    pub(crate) fn key(&self) -> (String, String, String) {
        (self.bus.clone(), self.rule.clone(), self.id().to_owned())
    }
}

impl Rule {
    pub(crate) fn is_enabled(&self) -> bool {
        self.state != "DISABLED"
    }

    pub(crate) fn key(&self) -> (String, String) {
        (self.bus.clone(), self.name.clone())
    }
}

impl State {
    /// Takes a definition in, or over that of the same name.
    pub(crate) fn put(&mut self, id: u32, definition: Definition) {
        match definition {
            Definition::Bus(it) => {
                self.buses.insert(it.name.clone(), Kept { id, it });
            }
            Definition::Rule(it) => {
                self.rules.insert(it.key(), Kept { id, it });
            }
            Definition::Target(it) => {
                self.targets.insert(it.key(), Kept { id, it });
            }
            Definition::Archive(it) => {
                self.archives.insert(it.name.clone(), Kept { id, it });
            }
            Definition::Replay(it) => {
                self.replays.insert(it.name.clone(), Kept { id, it });
            }
            Definition::Connection(it) => {
                self.connections.insert(it.name.clone(), Kept { id, it });
            }
            Definition::ApiDestination(it) => {
                self.destinations.insert(it.name.clone(), Kept { id, it });
            }
        }
    }

    /// Forgets what has this id.
    pub(crate) fn remove(&mut self, id: u32) {
        self.buses.retain(|_, kept| kept.id != id);
        self.rules.retain(|_, kept| kept.id != id);
        self.targets.retain(|_, kept| kept.id != id);
        self.archives.retain(|_, kept| kept.id != id);
        self.replays.retain(|_, kept| kept.id != id);
        self.connections.retain(|_, kept| kept.id != id);
        self.destinations.retain(|_, kept| kept.id != id);
    }

    /// The targets of a rule.
    pub(crate) fn targets_of<'a>(
        &'a self,
        bus: &'a str,
        rule: &'a str,
    ) -> impl Iterator<Item = &'a Kept<Target>> {
        let targets = self.targets.values();
        targets.filter(move |kept| kept.it.bus == bus && kept.it.rule == rule)
    }

    /// The rules of a bus.
    pub(crate) fn rules_of<'a>(&'a self, bus: &'a str) -> impl Iterator<Item = &'a Kept<Rule>> {
        self.rules.values().filter(move |kept| kept.it.bus == bus)
    }
}

/// Instants as milliseconds since the epoch.
mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        time.as_millisecond().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The same, or nothing.
mod maybe_instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::as_millisecond).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let millis = Option::<i64>::deserialize(from)?;
        Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }
}
