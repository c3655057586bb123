//! From arguments to an engine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Options, SchemaCache};
use hydrant_records::DeliveryStreamInput;

use crate::args::{OnError, SqlArgs};

/// Opens the lake and the engine over it.
pub(super) async fn engine(args: &SqlArgs) -> Result<Engine> {
    let lake = Lake::open(&args.lake, false).await?;
    Ok(Engine::open(&lake, &options(args)?)?)
}

fn options(args: &SqlArgs) -> Result<Options> {
    let reading = &args.reading;
    let (prefix, error_prefix) = match &reading.stream {
        Some(stream) => prefixes(stream)?,
        None => (reading.prefix.clone(), reading.error_prefix.clone()),
    };
    let on_error = match args.on_error {
        OnError::Skip => hydrant_query::OnError::Skip,
        OnError::Fail => hydrant_query::OnError::Fail,
    };
    let schema = reading.schema.as_deref().map(super::read).transpose()?;
    let cache = match cache_directory() {
        Some(directory) if !reading.no_cache => SchemaCache::Directory(directory),
        _ => SchemaCache::Off,
    };
    Ok(Options {
        prefix,
        error_prefix,
        on_error,
        threads: reading.threads,
        memory_limit: reading.memory_limit,
        schema,
        cache,
    })
}

/// Where programs keep what they can make again, as the XDG base directory specification has it.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let named = |name: &str| {
        let value = std::env::var_os(name)?;
        Some(PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    named("XDG_CACHE_HOME")
        .or_else(|| Some(named("HOME")?.join(".cache")))
        .map(|cache| cache.join("hydrant"))
}

/// The Prefix and ErrorOutputPrefix of a stream's definition. What else it says does not matter to a reader,
/// so a stream that cannot be run here can still be read.
pub(crate) fn prefixes(path: &Path) -> Result<(Option<String>, Option<String>)> {
    let json = super::read(path)?;
    let input: DeliveryStreamInput = serde_json::from_str(&json)
        .with_context(|| format!("{} is no create-delivery-stream input", path.display()))?;
    let destination = input
        .extended_s3_destination_configuration
        .or(input.s3_destination_configuration);
    let destination =
        destination.with_context(|| format!("{} has no S3 destination", path.display()))?;
    Ok((destination.prefix, destination.error_output_prefix))
}
