//! The functions that streams name: the transformer, plugged into a delivery stream in this process; another of
//! Hydrant's functions; or what is typed for one.

mod again;
mod command;
mod environment;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use hydrant_delivery::{DeliveryStream, InvokeError, Transform};
use hydrant_partitioner::{KeyNamespace, KeyQuery};
use hydrant_records::{TransformAnswer, TransformEvent};
use hydrant_transformer::{BatchSummary, Options, Transformer};

use crate::args::TransformerArgs;

pub(crate) use again::Again;
pub(crate) use command::{Handler, of_command};
pub(crate) use environment::{Variables, partitioner, transformer};

/// The transformer's options as they were typed. `prefix_keys` are the names that a stream's prefix takes from
/// its Lambda: without --partition-keys, those that Hydrant knows are worked out.
pub(crate) fn options(args: &TransformerArgs, prefix_keys: &[&str]) -> Result<Options> {
    let partition_keys = match partition_keys(args)? {
        Some(query) => Some(query),
        None if prefix_keys.is_empty() => None,
        None => {
            let query = KeyQuery::well_known(prefix_keys.iter().copied())
                .context("the prefix names a partition key that --partition-keys must give")?;
            Some(with_defaults(query, args)?)
        }
    };
    Ok(Options {
        client_id_from: args.client_id_from,
        require_client_id: args.require_client_id,
        partition_keys,
        ..Options::default()
    })
}

/// The keys of --partition-keys, with the defaults of --on-missing.
pub(crate) fn partition_keys(args: &TransformerArgs) -> Result<Option<KeyQuery>> {
    let query = args.partition_keys.as_deref().map(|text| {
        KeyQuery::partition_keys(text).with_context(|| format!("--partition-keys {text}"))
    });
    query
        .transpose()?
        .map(|query| with_defaults(query, args))
        .transpose()
}

fn with_defaults(query: KeyQuery, args: &TransformerArgs) -> Result<KeyQuery> {
    match &args.on_missing {
        Some(on_missing) => query
            .on_missing(on_missing.clone())
            .with_context(|| format!("--on-missing {on_missing}")),
        None => Ok(query),
    }
}

/// The options for a stream: as typed, with the keys that its prefix asks its Lambda for.
pub(crate) fn options_for(stream: &DeliveryStream, args: &TransformerArgs) -> Result<Options> {
    let wanted: Vec<&str> = wanted_keys(stream).collect();
    let options = options(args, &wanted)?;
    let given: Vec<&str> = options
        .partition_keys
        .iter()
        .flat_map(KeyQuery::names)
        .collect();
    match wanted.iter().find(|name| !given.contains(name)) {
        Some(missing) => Err(anyhow!(
            "the stream's Prefix takes the key {missing} from its Lambda, and --partition-keys does not \
             give it; add {missing}=.path"
        )),
        None => Ok(options),
    }
}

/// The keys that a stream's prefix takes from its function.
fn wanted_keys(stream: &DeliveryStream) -> impl Iterator<Item = &str> {
    let from_lambda = |(namespace, name)| (namespace == KeyNamespace::Lambda).then_some(name);
    stream.prefix().partition_keys().filter_map(from_lambda)
}

/// The transformer as a stream's function. It counts what it refuses and why: Firehose itself keeps only that
/// a record was refused.
#[derive(Debug)]
pub(crate) struct InProcess {
    transformer: Transformer,
    totals: Mutex<Totals>,
}

/// Firehose keeps only that a record was refused: the log has why.
fn log_refusals(summary: &BatchSummary) {
    for refused in &summary.refusals {
        let record_id = &refused.record_id;
        tracing::info!(record_id, "refused: {}", refused.refusal);
    }
}

/// What the transformer did with all batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Records refused, by reason.
    pub(crate) refused: BTreeMap<&'static str, u64>,
    /// Records passed on without a client id.
    pub(crate) without_client_id: u64,
}

impl InProcess {
    pub(crate) fn new(options: Options) -> Arc<Self> {
        Arc::new(Self {
            transformer: Transformer::new(options),
            totals: Mutex::default(),
        })
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn count(&self, summary: &BatchSummary) {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.without_client_id += summary.counts.missing as u64;
        for (reason, records) in summary.reasons() {
            *totals.refused.entry(reason).or_default() += records as u64;
        }
    }
}

#[async_trait]
impl Transform for InProcess {
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let (answer, summary) = self.transformer.transform_batch(event);
        log_refusals(&summary);
        self.count(&summary);
        Ok(answer)
    }
}
