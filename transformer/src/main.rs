//! The Firehose transform Lambda: settings from the environment, the work by the library, everything else by
//! `hydrant_function`.
//!
//! An event goes from the socket to [`Responder`](hydrant_transformer::Responder) and its answer back to the
//! socket as bytes. What serde would do with them on the way takes longer than the answer itself.

mod function;

use std::process::ExitCode;

use function::settings::Settings;
use hydrant_function::FirehoseFunction;
use hydrant_transformer::TransformWork;

fn main() -> ExitCode {
    hydrant_function::run("`hydrant transform`", |environment| {
        let settings = Settings::read(environment)?;
        let work = TransformWork::new(settings.options, settings.filter);
        Ok(FirehoseFunction::new(work, settings.firehose))
    })
}
