//! `hydrant up`.

mod bus;
mod functions;
mod gateway;
mod screen;
pub(crate) mod stop;
mod template;

use std::{path::Path, sync::Arc, thread};

use anyhow::{Context, Result, bail};
use hydrant_delivery::{
    Api, AwsSources, GlueTables, Ids, Keys, Listener, LogError, LogOptions, Pace, Server, Service,
    ServiceError, ServiceOptions, Surroundings, SystemClock, Undelivered,
};
use hydrant_gateway::events::InProcess;
use hydrant_lake::Lake;
use hydrant_records::DeliveryStreamInput;

use crate::{args::UpArgs, output, tables, text};

use functions::Chosen;
use screen::Screen;
use stop::StopSignals;
use template::Deployment;

/// Records that each stream keeps at hand in memory; what waits beyond is read from the log.
const AT_HAND_BYTES: usize = 64 << 20;

pub(crate) async fn run(args: &UpArgs, quiet: bool) -> Result<()> {
    let streams = args
        .stream
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>>>()?;
    let mut deployment = Deployment::read(args)?;
    let keys = args.access_keys.as_deref().map(read_keys).transpose()?;
    let listener = Listener::bind(args.listen, keys).await?;
    let address = listener.address()?;
    let declared = std::mem::take(&mut deployment.functions);
    let functions = Arc::new(Chosen::new(args, declared, address)?);
    let lake = Lake::open(&args.lake, true).await?;
    let state = args.state(lake.location(), |name| std::env::var(name).ok());
    let tables = tables::read(&args.tables, &deployment.tables)?;
    let options = options(args, &state, tables);
    let clock = Arc::new(SystemClock);
    let surroundings = Surroundings {
        lake,
        clock,
        functions: Arc::clone(&functions) as _,
        sources: Arc::new(AwsSources),
        observer: Arc::new(Screen { quiet }),
    };
    let service = Service::start(options, surroundings)
        .await
        .map_err(|error| {
            let from = state.display();
            let taken = matches!(error, ServiceError::Log(LogError::Open { .. }));
            anyhow::Error::from(error).context(if taken {
                format!("cannot start from {from}; is another `hydrant up` running there?")
            } else {
                format!("cannot start from {from}")
            })
        })?;
    let service = Arc::new(service);
    let typed = args.stream.iter().map(|path| path.display().to_string());
    let streams = typed.zip(streams);
    for (place, stream) in streams.chain(std::mem::take(&mut deployment.streams)) {
        let ensured = service.ensure(stream).await;
        ensured.with_context(|| place)?;
    }
    let api = Api::new(Arc::clone(&service));
    functions.again().open(api.clone());
    let buses = bus::start(
        args,
        &state,
        api.clone(),
        Arc::clone(&functions),
        &mut deployment,
        quiet,
    )
    .await?;
    // A flush asks them in this order: what the buses have for streams reaches the streams first.
    let mut services: Vec<Arc<dyn hydrant_endpoint::Service>> =
        vec![Arc::clone(&buses) as _, Arc::new(api)];
    let behind = Arc::new(InProcess(Arc::clone(&buses) as _));
    let door = gateway::open(args, &state, &mut deployment, Some(behind))
        .await?
        .map(Arc::new);
    services.extend(door.clone().map(|door| door as _));
    let server = Server::new(listener, services, Arc::clone(service.clock()));
    let mut signals = StopSignals::listen()?;
    greet(args, &service, address, &state, quiet)?;
    if !quiet {
        deployment.show(&functions);
        bus::show(&buses, address);
        if let Some(door) = &door {
            gateway::show(door, address, args);
        }
    }
    server
        .serve(Ids::from_seed(rand::random()), signals.asked())
        .await;
    if !quiet {
        output::say("stopping: writing what is buffered; once more Ctrl-C to leave it in the log");
    }
    let waiting = tokio::select! {
        waiting = buses.buses().stop(args.drain) => waiting,
        () = signals.asked() => buses.buses().stop(std::time::Duration::ZERO).await,
    };
    let undelivered = tokio::select! {
        undelivered = service.stop(args.drain) => undelivered,
        () = signals.asked() => service.stop(std::time::Duration::ZERO).await,
    };
    bus::say_waiting(&waiting);
    farewell(&undelivered, waiting.total(), &state, quiet)
}

fn options(args: &UpArgs, state: &Path, tables: GlueTables) -> ServiceOptions {
    ServiceOptions {
        region: args.region.clone(),
        account: args.account.clone(),
        log: LogOptions {
            path: state.join("log.redb"),
            capacity: args.log_size << 20,
            memory: AT_HAND_BYTES,
        },
        pace: Pace {
            scale: args.time_scale,
            longest: args.flush,
        },
        buffer_memory: args.buffer_memory << 20,
        parallelism: thread::available_parallelism().map_or(2, usize::from),
        retry_for: args.retry_for,
        set_aside: state.join("set-aside"),
        active_partitions: args.active_partitions,
        tables,
        quotas: args.quotas,
        seed: rand::random(),
    }
}

fn read(path: &Path) -> Result<DeliveryStreamInput> {
    let json =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&json)
        .with_context(|| format!("{}: not a create-delivery-stream input", path.display()))
}

/// Reads keys: an id and a secret a line, apart by blanks. The text of a line is never shown.
fn read_keys(path: &Path) -> Result<Keys> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut keys = Keys::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some(comment), ..) if comment.starts_with('#') => {}
            (Some(id), Some(secret), None) => keys = keys.with(id, secret),
            _ => bail!("{}:{}: write `ID SECRET`", path.display(), index + 1),
        }
    }
    if keys.is_empty() {
        bail!("{}: no keys, so nobody could put records", path.display());
    }
    Ok(keys)
}

/// The endpoint goes to standard output, so that a script can take it from there.
fn greet(
    args: &UpArgs,
    service: &Service,
    address: std::net::SocketAddr,
    state: &Path,
    quiet: bool,
) -> Result<()> {
    let mut out = output::open(None)?;
    writeln!(out, "http://{address}")?;
    out.flush()?;
    drop(out);
    if quiet {
        return Ok(());
    }
    output::say(&format!("lake      {}", args.lake));
    output::say(&format!("state     {}", state.display()));
    let names = service.stream_names();
    output::say(&format!(
        "streams   {}",
        if names.is_empty() {
            "none yet; create them over the API, or start with --stream".to_owned()
        } else {
            names.join(", ")
        }
    ));
    output::say(&format!(
        "use       AWS_ENDPOINT_URL_FIREHOSE=http://{address}; stop with Ctrl-C"
    ));
    Ok(())
}

fn farewell(undelivered: &Undelivered, events: u64, state: &Path, quiet: bool) -> Result<()> {
    if undelivered.total() == 0 && events == 0 {
        if !quiet {
            output::say("stopped: everything accepted is delivered");
        }
        return Ok(());
    }
    for (stream, records) in &undelivered.records {
        output::say(&format!(
            "{stream}: {} not delivered",
            text::plural(*records, "record")
        ));
    }
    bail!(
        "{} wait in {} and will be delivered when `hydrant up` starts there again",
        text::plural(undelivered.total() + events, "record"),
        state.display()
    )
}
