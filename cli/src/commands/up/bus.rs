//! The event buses: the default one, those of templates, and those that are made over the API.

mod making;
mod screen;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::Bytes;
use hydrant_bus::{
    Api, Buses, EventPlaceholder, Failure, FileQueues, FirehoseStreams, Functions, LambdaFunctions,
    Options, Reach, Secrets, SqsQueues, StandardOutput, Streams, Surroundings, Trailing, Waiting,
};
use hydrant_delivery::{ErrorKind, LogOptions, SystemClock};

use super::{functions::Chosen, template::Deployment};
use crate::{
    args::{BareEvent, Queues, UpArgs},
    output, text,
};

use making::Making;
use screen::BusScreen;

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
            streams: Arc::new(LocalStreams {
                here: streams,
                elsewhere: if args.bus.remote_streams {
                    Some(FirehoseStreams::connect().await)
                } else {
                    None
                },
            }),
            functions: Arc::new(LocalFunctions {
                elsewhere: if functions.has_remote() {
                    Some(LambdaFunctions::connect().await)
                } else {
                    None
                },
                here: functions,
            }),
            queues,
            lines: Arc::new(StandardOutput::default()),
        },
        observer: Arc::new(BusScreen::new(quiet)),
    };
    let from = || format!("cannot start the buses from {}", state.display());
    let buses = Buses::start(options, surroundings)
        .await
        .with_context(from)?;
    let api = Arc::new(Api::new(buses));
    let secrets = match args.identity.secrets.as_deref() {
        None => Secrets::None,
        Some(path) if path == Path::new("secretsmanager") => Secrets::manager().await,
        Some(path) => Secrets::file(path)?,
    };
    let mut making = Making::new(&api, secrets);
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

/// The delivery streams of this process, and those elsewhere where that was asked for.
#[derive(Debug)]
struct LocalStreams {
    here: hydrant_delivery::Api,
    elsewhere: Option<FirehoseStreams>,
}

#[async_trait]
impl Streams for LocalStreams {
    async fn put(&self, stream: &str, records: &[Bytes]) -> Result<(), Failure> {
        let Err(error) = self.here.put(stream, records).await else {
            return Ok(());
        };
        let message = error.to_string();
        match (error.kind, &self.elsewhere) {
            (ErrorKind::ResourceNotFound, Some(elsewhere)) => elsewhere.put(stream, records).await,
            (ErrorKind::ResourceNotFound, None) => Err(Failure::lasting("NO_RESOURCE", message)),
            (ErrorKind::ServiceUnavailable, _) => Err(Failure::passing("THROTTLING", message)),
            _ => Err(Failure::lasting("SDK_CLIENT_ERROR", message)),
        }
    }
}

/// How often Lambda offers an event to a function that fails (Lambda developer guide, "Asynchronous invocation").
const ATTEMPTS: u32 = 3;

/// The functions that run in processes of their own, and those that are called elsewhere.
#[derive(Debug)]
struct LocalFunctions {
    here: Arc<Chosen>,
    elsewhere: Option<LambdaFunctions>,
}

#[async_trait]
impl Functions for LocalFunctions {
    async fn invoke(&self, arn: &str, payload: Bytes) -> Result<(), Failure> {
        if let (Some(elsewhere), Some(function)) = (&self.elsewhere, self.here.remote(arn)) {
            return elsewhere.invoke(function, payload).await;
        }
        let Some(host) = self.here.host(arn) else {
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
