//! The Firehose transform Lambda: settings from the environment, events from the Lambda Runtime API, the work
//! by the library, telemetry to standard output.
//!
//! An event goes from the socket to [`Responder`] and its answer back to the socket as bytes. What serde
//! would do with them on the way takes longer than the answer itself.

mod function;

use std::process::ExitCode;

use function::{
    answer::Function, clock::SystemClock, put::Aws, runtime, settings::Settings,
    telemetry::Telemetry,
};
use hydrant_transformer::Responder;

fn main() -> ExitCode {
    // One thread: a function is handed one event at a time, and a pool of threads costs the start.
    let started = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|tokio| tokio.block_on(run()));
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            runtime::log(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let client = runtime::client()?;
    let settings = match Settings::read(|name| std::env::var_os(name)) {
        Ok(settings) => settings,
        Err(error) => {
            runtime::report_init_error(&client, &error).await;
            return Err(error.into());
        }
    };
    let function = Function {
        responder: Responder::new(settings.options, settings.filter),
        telemetry: Telemetry::new(settings.log, SystemClock::now()),
        put: settings.reingest.then(Aws::default),
        clock: SystemClock::new(),
    };
    runtime::run(function, client).await
}
