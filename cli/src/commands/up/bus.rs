//! The event buses: the default one, those of templates, and those that are made over the API.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bytes::Bytes;
use hydrant_bus::{
    Api, Buses, EventPlaceholder, Failure, FileQueues, Functions, Notice, Observer, Options, Reach,
    Secrets, SqsQueues, StandardOutput, Streams, Surroundings, Trailing, Waiting,
};
use hydrant_delivery::{ErrorKind, LogOptions, SystemClock};
use serde_json::{Value, json};

use super::{
    functions::Chosen,
    template::{Deployment, Part, PartKind},
};
use crate::{
    args::{BareEvent, Queues, UpArgs},
    output, text,
};

/// Events of a target that are kept at hand in memory; what waits beyond is read from the log.
const AT_HAND_BYTES: usize = 16 << 20;

/// Starts the buses, with what the templates say of them.
pub(super) async fn start(
    args: &UpArgs,
    state: &Path,
    streams: hydrant_delivery::Api,
    functions: Arc<Chosen>,
    deployment: &mut Deployment,
    quiet: bool,
) -> Result<Arc<Api>> {
    let log = LogOptions {
        path: state.join("bus.redb"),
        capacity: args.log_size << 20,
        memory: AT_HAND_BYTES,
    };
    let mut options = Options::new(log, state.join("archives.redb"), rand::random());
    options.region.clone_from(&args.region);
    options.account.clone_from(&args.account);
    options.time_scale = args.time_scale;
    if args.bus.ignore_trailing {
        options.trailing = Trailing::Ignored;
    }
    options.event_placeholder = match args.bus.bare_event {
        BareEvent::Full => EventPlaceholder::Full,
        BareEvent::Envelope => EventPlaceholder::Envelope,
    };
    let queues: Arc<dyn hydrant_bus::Queues> = match args.bus.queues {
        Queues::Files => Arc::new(FileQueues {
            folder: state.join("queues"),
        }),
        Queues::Sqs => Arc::new(SqsQueues::connect().await),
    };
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        reach: Reach {
            streams: Arc::new(LocalStreams(streams)),
            functions: Arc::new(LocalFunctions(functions)),
            queues,
            lines: Arc::new(StandardOutput::default()),
        },
        observer: Arc::new(BusScreen {
            quiet,
            seen: Mutex::default(),
        }),
    };
    let from = || format!("cannot start the buses from {}", state.display());
    let buses = Buses::start(options, surroundings)
        .await
        .with_context(from)?;
    let api = Arc::new(Api::new(buses));
    let mut making = Making {
        api: &api,
        secrets: match args.identity.secrets.as_deref() {
            None => Secrets::None,
            Some(path) if path == Path::new("secretsmanager") => Secrets::manager().await,
            Some(path) => Secrets::file(path)?,
        },
        arns: BTreeMap::new(),
    };
    for part in std::mem::take(&mut deployment.parts) {
        making.make(&part).await.with_context(|| part.id.clone())?;
    }
    Ok(api)
}

/// Says which buses there are.
pub(super) fn show(api: &Api, address: std::net::SocketAddr) {
    let names = api
        .buses()
        .names()
        .into_iter()
        .filter(|(_, rules)| *rules > 0);
    let names: Vec<String> = names
        .map(|(name, rules)| {
            let rules = text::plural(rules as u64, "rule");
            format!("{name} ({rules})")
        })
        .collect();
    if !names.is_empty() {
        output::say(&format!("buses     {}", names.join(", ")));
    }
    output::say(&format!(
        "or        AWS_ENDPOINT_URL_EVENTBRIDGE=http://{address}"
    ));
}

/// Says which events wait.
pub(super) fn say_waiting(waiting: &Waiting) {
    for (target, events) in &waiting.events {
        output::say(&format!(
            "{target}: {} not delivered",
            text::plural(*events, "event")
        ));
    }
}

/// Makes what a template says, one after the other; what is there already is changed.
struct Making<'a> {
    api: &'a Api,
    secrets: Secrets,
    /// What `${Id.Arn}` stands for.
    arns: BTreeMap<String, String>,
}

impl Making<'_> {
    async fn make(&mut self, part: &Part) -> Result<()> {
        let mut input = part.input.clone();
        self.put_in(&mut input);
        self.resolve(&mut input).await?;
        let arn = match part.kind {
            PartKind::Bus => self.ensure("EventBus", &input, "EventBusArn").await?,
            PartKind::Connection => self.ensure("Connection", &input, "ConnectionArn").await?,
            PartKind::Destination => {
                self.ensure("ApiDestination", &input, "ApiDestinationArn")
                    .await?
            }
            PartKind::Archive => {
                if let Some(source) = input.as_object_mut().and_then(|it| it.remove("SourceArn")) {
                    input["EventSourceArn"] = source;
                }
                self.ensure("Archive", &input, "ArchiveArn").await?
            }
            PartKind::Rule => self.rule(input).await?,
        };
        self.arns.insert(part.id.clone(), arn);
        Ok(())
    }

    async fn rule(&self, mut input: Value) -> Result<String> {
        let targets = input.as_object_mut().and_then(|it| it.remove("Targets"));
        let made = self.call("PutRule", &input).await?;
        if let Some(targets) = targets {
            let put = json!({
                "Rule": input["Name"],
                "EventBusName": input["EventBusName"],
                "Targets": targets,
            });
            let answer = self.call("PutTargets", &put).await?;
            if answer["FailedEntryCount"].as_u64().unwrap_or(0) > 0 {
                bail!("PutTargets: {}", answer["FailedEntries"]);
            }
        }
        Ok(made["RuleArn"].as_str().unwrap_or_default().to_owned())
    }

    /// Makes something by its `Name`, or changes it where it is there.
    async fn ensure(&self, kind: &str, input: &Value, arn: &str) -> Result<String> {
        let create = format!("Create{kind}");
        let body = input.to_string();
        let answer = match self.api.call(&create, body.as_bytes()).await {
            Ok(answer) => serde_json::from_slice(&answer)?,
            Err(error) if error.name == "ResourceAlreadyExistsException" => {
                let mut change = input.clone();
                if kind == "Archive"
                    && let Some(members) = change.as_object_mut()
                {
                    // What an archive is of cannot be changed.
                    members.remove("EventSourceArn");
                }
                if kind != "EventBus" {
                    self.call(&format!("Update{kind}"), &change).await?;
                }
                let name = if kind == "Archive" {
                    "ArchiveName"
                } else {
                    "Name"
                };
                let asked = json!({name: input[name]});
                let described = self.call(&format!("Describe{kind}"), &asked).await?;
                if kind == "EventBus" {
                    json!({"EventBusArn": described["Arn"]})
                } else {
                    described
                }
            }
            Err(error) => bail!("{create}: {error}"),
        };
        Ok(answer[arn].as_str().unwrap_or_default().to_owned())
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value> {
        let answer = self.api.call(operation, input.to_string().as_bytes()).await;
        let answer = answer.map_err(|error| anyhow::anyhow!("{operation}: {error}"))?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Puts secrets in the places of their references.
    async fn resolve(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::String(text) if text.contains("{{resolve:") => {
                let found = self.secrets.resolve(text).await;
                *text = found.map_err(|error| {
                    anyhow::anyhow!(
                        "{error}; give --secrets FILE with {{\"NAME\":{{\"MEMBER\":\"…\"}}}}, or --secrets secretsmanager"
                    )
                })?;
            }
            Value::Array(items) => {
                for item in items {
                    Box::pin(self.resolve(item)).await?;
                }
            }
            Value::Object(members) => {
                for member in members.values_mut() {
                    Box::pin(self.resolve(member)).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts ARNs in the places of their references.
    fn put_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for (id, arn) in &self.arns {
                    *text = text.replace(&format!("${{{id}.Arn}}"), arn);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_in(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.put_in(member)),
            _ => {}
        }
    }
}

/// The delivery streams of this process.
#[derive(Debug)]
struct LocalStreams(hydrant_delivery::Api);

#[async_trait]
impl Streams for LocalStreams {
    async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), Failure> {
        self.0.put(stream, records).await.map_err(|error| {
            let message = error.to_string();
            match error.kind {
                ErrorKind::ResourceNotFound => Failure::lasting("NO_RESOURCE", message),
                ErrorKind::ServiceUnavailable => Failure::passing("THROTTLING", message),
                _ => Failure::lasting("SDK_CLIENT_ERROR", message),
            }
        })
    }
}

/// How often Lambda offers an event to a function that fails (Lambda developer guide, "Asynchronous invocation").
const ATTEMPTS: u32 = 3;

/// The functions that run in processes of their own.
#[derive(Debug)]
struct LocalFunctions(Arc<Chosen>);

#[async_trait]
impl Functions for LocalFunctions {
    async fn invoke(&self, arn: &str, payload: Bytes) -> Result<(), Failure> {
        let Some(host) = self.0.host(arn) else {
            return Err(Failure::lasting(
                "NO_RESOURCE",
                format!("no function runs for {arn}; start with --function NAME=COMMAND"),
            ));
        };
        for attempt in 1..=ATTEMPTS {
            match host.call(payload.clone()).await {
                Ok(_) => break,
                // What a function makes of an event is no longer the rule's business.
                Err(error) => output::say(&format!(
                    "{arn}: attempt {attempt} of {ATTEMPTS} failed: {error}"
                )),
            }
        }
        Ok(())
    }
}

/// Shows what AWS does silently.
#[derive(Debug)]
struct BusScreen {
    quiet: bool,
    /// How often each thing happened.
    seen: Mutex<HashMap<String, u64>>,
}

impl BusScreen {
    /// Says what happens: of what repeats, the first time, the tenth, the hundredth.
    fn say(&self, what: String, line: &str) {
        let count = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry(what).or_default();
            *count += 1;
            *count
        };
        let mut power = count;
        while power.is_multiple_of(10) {
            power /= 10;
        }
        if power == 1 {
            let times = if count > 1 {
                format!(" ({count} times by now)")
            } else {
                String::new()
            };
            output::say(&format!("{line}{times}"));
        }
    }
}

/// The beginning of an event.
fn short(event: &str) -> String {
    let start: String = event.chars().take(200).collect();
    if start.len() < event.len() {
        start + "…"
    } else {
        start
    }
}

impl Observer for BusScreen {
    fn observe(&self, notice: &Notice<'_>) {
        let rule_name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
        match notice {
            Notice::UnknownBus { bus, event } => self.say(
                format!("bus {bus}"),
                &format!(
                    "there is no bus {bus}: an event was accepted, as on AWS, and is gone: {}",
                    short(event)
                ),
            ),
            Notice::Unmatched { bus, event } if !self.quiet => self.say(
                format!("unmatched {bus}"),
                &format!("{bus}: no rule matched {}", short(event)),
            ),
            Notice::NotRendered {
                rule,
                target,
                reason,
            } => self.say(
                format!("nothing {rule} {target}"),
                &format!("{}: nothing goes to {target}: {reason}", rule_name(rule)),
            ),
            Notice::Retried {
                rule,
                target,
                attempts,
                reason,
                pause,
            } => self.say(
                format!("again {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event (attempt {attempts}): {reason}; again in {:.1} s",
                    rule_name(rule),
                    pause.as_secs_f64()
                ),
            ),
            Notice::DeadLetter {
                rule,
                target,
                queue,
                reason,
            } => self.say(
                format!("letter {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event: {reason}; it is in {}",
                    rule_name(rule),
                    queue.rsplit(':').next().unwrap_or(queue)
                ),
            ),
            Notice::Lost {
                rule,
                target,
                reason,
            } => self.say(
                format!("lost {rule} {target}"),
                &format!(
                    "{}: {target} did not take an event, and no queue did: {reason}; it is lost",
                    rule_name(rule)
                ),
            ),
            _ => {}
        }
    }
}
