//! Where a record lands.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hydrant_delivery::{DeAggregation, DeliveryStream};
use hydrant_partitioner::{
    ConfinementPolicy, CustomTimeZone, ErrorOutputPrefix, Evaluation, KeyError, KeyNamespace,
    KeyQuery, PARTITIONING_ERROR_OUTPUT_TYPE, Partition, PartitionKeys, Prefix,
};
use hydrant_records::error_code;
use hydrant_transformer::Transformer;
use jiff::Timestamp;

use crate::{
    args::{PartitionArgs, TransformerArgs},
    commands::deliver::read_stream,
    function,
};

/// Stands for a random string, and is as long as one.
const RANDOM: &str = "{random-id}";

/// AWS's text for a record that a function gave back as failed.
const REFUSED_BY_FUNCTION: &str = "ProcessingFailed status set for record";

/// What is known of a stream before its first record.
pub(crate) struct Placer {
    deaggregation: Option<DeAggregation>,
    transformer: Option<Transformer>,
    query: Option<KeyQuery>,
    prefix: Option<Prefix>,
    error_output_prefix: Option<ErrorOutputPrefix>,
    zone: CustomTimeZone,
    at: Timestamp,
    policy: ConfinementPolicy,
    columns: Vec<Column>,
    /// Prefixes that were evaluated, the last one first in use: most records follow one of their own kind.
    last: Option<(Partition, String)>,
    memory: Memory,
}

/// A key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    namespace: KeyNamespace,
    name: String,
    /// The name, with its namespace where two have it.
    pub(crate) title: String,
}

/// Used again for each record.
#[derive(Default)]
struct Memory {
    line: Vec<u8>,
    keys: BothKeys,
    partition: Partition,
}

#[derive(Default)]
struct BothKeys {
    query: PartitionKeys,
    lambda: PartitionKeys,
}

/// What became of one record.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    /// The value of each column, as far as there are any.
    pub(crate) keys: Vec<Option<&'a str>>,
    /// Where it lies: the evaluated Prefix, or the ErrorOutputPrefix of a refused one. `None` where no
    /// prefix was given.
    pub(crate) prefix: Option<&'a str>,
    /// Bytes of the record as it is delivered; of a refused one, as it came.
    pub(crate) bytes: u64,
    /// The record as it is delivered; a refused one as it came.
    pub(crate) data: &'a [u8],
    /// Bytes of the record as it came, split from others.
    pub(crate) source_bytes: u64,
    /// Why it is refused.
    pub(crate) refused: Option<Refused>,
}

/// Why a record goes to the error output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// AWS's code.
    pub(crate) code: &'static str,
    /// AWS's text.
    pub(crate) message: String,
    /// Ours.
    pub(crate) reason: String,
}

impl Placer {
    pub(super) fn new(args: &PartitionArgs, at: Timestamp) -> Result<Self> {
        let mut placer = match &args.stream {
            Some(stream) => Self::of_stream(stream, args, at)?,
            None => Self::of_keys(args, at)?,
        };
        placer.columns = placer.wanted();
        Ok(placer)
    }

    fn of_stream(path: &Path, args: &PartitionArgs, at: Timestamp) -> Result<Self> {
        let stream = read_stream(path, None)?;
        let placer = Self::for_stream(&stream, &args.transformer, args.confinement, at)?;
        let gives_keys = stream
            .prefix()
            .partition_keys()
            .any(|(namespace, _)| namespace == KeyNamespace::Lambda);
        let gives_keys = gives_keys || args.transformer.partition_keys.is_some();
        if args.transformer.on_missing.is_some() && !(placer.transformer.is_some() && gives_keys) {
            bail!(
                "--on-missing is for keys that a function gives, and the Prefix of {} takes none; in a \
                 MetadataExtractionQuery, write the default as AWS runs it: (.detail.eventType // \"unknown\")",
                path.display()
            );
        }
        Ok(placer)
    }

    /// What a stream does with records that arrive at an instant, its function being the transformer.
    pub(crate) fn for_stream(
        stream: &DeliveryStream,
        args: &TransformerArgs,
        policy: ConfinementPolicy,
        at: Timestamp,
    ) -> Result<Self> {
        let transformer = match stream.lambda() {
            Some(_) => Some(function::options_for(stream, args)?),
            None => None,
        };
        let mut placer = Self {
            deaggregation: stream.deaggregation().cloned(),
            transformer: transformer.map(Transformer::new),
            query: stream.key_query().cloned(),
            prefix: Some(stream.prefix().clone()),
            error_output_prefix: Some(stream.error_output_prefix().clone()),
            zone: stream.custom_time_zone().clone(),
            at,
            policy,
            columns: Vec::new(),
            last: None,
            memory: Memory::default(),
        };
        placer.columns = placer.wanted();
        Ok(placer)
    }

    fn of_keys(args: &PartitionArgs, at: Timestamp) -> Result<Self> {
        let query = function::partition_keys(&args.transformer)?
            .context("no keys: give --keys name=.path, or --stream S.json")?;
        let prefix = args.prefix.as_deref().map(Prefix::parse).transpose()?;
        let given: Vec<&str> = query.names().collect();
        if let Some((_, missing)) = prefix
            .iter()
            .flat_map(Prefix::partition_keys)
            .find(|(_, name)| !given.contains(name))
        {
            bail!(
                "--prefix takes the key {missing}, and --keys does not give it; add {missing}=.path"
            );
        }
        Ok(Self {
            deaggregation: None,
            transformer: None,
            query: Some(query),
            prefix,
            error_output_prefix: None,
            zone: CustomTimeZone::utc(),
            at,
            policy: args.confinement,
            columns: Vec::new(),
            last: None,
            memory: Memory::default(),
        })
    }

    /// The keys to show, in the order of the prefix, and then those that it does not use.
    fn wanted(&self) -> Vec<Column> {
        let of_prefix = self.prefix.iter().flat_map(Prefix::partition_keys);
        let of_query = self.query.iter().flat_map(KeyQuery::names);
        let of_query = of_query.map(|name| (KeyNamespace::Query, name));
        let mut columns: Vec<Column> = Vec::new();
        // One query gives the keys of both namespaces where there is no stream.
        let one_query = self.error_output_prefix.is_none();
        for (namespace, name) in of_prefix.chain(of_query) {
            let namespace = if one_query {
                KeyNamespace::Query
            } else {
                namespace
            };
            if columns
                .iter()
                .all(|it| (it.namespace, it.name.as_str()) != (namespace, name))
            {
                columns.push(Column {
                    namespace,
                    name: name.to_owned(),
                    title: name.to_owned(),
                });
            }
        }
        for index in 0..columns.len() {
            let column = &columns[index];
            if columns.iter().filter(|it| it.name == column.name).count() > 1 {
                columns[index].title = format!("{}:{}", column.namespace.as_str(), column.name);
            }
        }
        columns
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Places what a producer put as one record; `see` is shown each record that it is.
    pub(crate) fn place(&mut self, record: &Bytes, mut see: impl FnMut(&Placed<'_>)) {
        match self.deaggregation.clone() {
            None => self.place_one(record, &mut see),
            Some(how) => how.split(record, |part| self.place_one(&part, &mut see)),
        }
    }

    fn place_one(&mut self, record: &Bytes, see: &mut impl FnMut(&Placed<'_>)) {
        let placed = self.keys(record).and_then(|()| self.partition());
        let keys = &self.memory.keys;
        let value = |column: &Column| {
            let keys = match column.namespace {
                KeyNamespace::Query => &keys.query,
                KeyNamespace::Lambda => &keys.lambda,
            };
            keys.get(&column.name)
        };
        let keys = self.columns.iter().map(value).collect();
        match placed {
            Ok(()) => {
                let data = match &self.transformer {
                    Some(_) => self.memory.line.as_slice(),
                    None => record,
                };
                see(&Placed {
                    keys,
                    prefix: self.last.as_ref().map(|(_, prefix)| prefix.as_str()),
                    bytes: data.len() as u64,
                    data,
                    source_bytes: record.len() as u64,
                    refused: None,
                });
            }
            Err(refused) => {
                let prefix = self.error_prefix();
                see(&Placed {
                    keys,
                    prefix: prefix.as_deref(),
                    bytes: record.len() as u64,
                    data: record,
                    source_bytes: record.len() as u64,
                    refused: Some(refused),
                });
            }
        }
    }

    /// Transforms a record and finds its keys.
    fn keys(&mut self, record: &[u8]) -> Result<(), Refused> {
        let Memory { line, keys, .. } = &mut self.memory;
        keys.query.clear();
        keys.lambda.clear();
        line.clear();
        let record = match &self.transformer {
            None => record,
            Some(transformer) => {
                transformer
                    .transform_with_keys(record, line, &mut keys.lambda)
                    .map_err(|refusal| Refused {
                        code: error_code::PROCESSING_FAILED_STATUS,
                        message: REFUSED_BY_FUNCTION.to_owned(),
                        reason: refusal.to_string(),
                    })?;
                line
            }
        };
        match &self.query {
            None => Ok(()),
            Some(query) => query
                .evaluate_all(record, &mut keys.query)
                .map_err(|error| Refused::key(&error)),
        }
    }

    /// Finds the partition of the keys, and its prefix where that is another than the last one's.
    fn partition(&mut self) -> Result<(), Refused> {
        let Memory {
            keys, partition, ..
        } = &mut self.memory;
        let Some(prefix) = &self.prefix else {
            return Ok(());
        };
        let lambda = match self.error_output_prefix {
            Some(_) => &keys.lambda,
            None => &keys.query,
        };
        prefix
            .partition_into(&keys.query, lambda, self.policy, partition)
            .map_err(|error| Refused::key(&error))?;
        if self.last.as_ref().is_none_or(|(last, _)| last != partition) {
            let mut random = || RANDOM.to_owned();
            let mut evaluation = Evaluation {
                instant: self.at,
                zone: &self.zone,
                random: &mut random,
            };
            let text = prefix
                .evaluate(partition, &mut evaluation)
                .map_err(|_| Refused::key(&KeyError::TooLong))?;
            self.last = Some((partition.clone(), text));
        }
        Ok(())
    }

    fn error_prefix(&self) -> Option<String> {
        let mut random = || RANDOM.to_owned();
        let mut evaluation = Evaluation {
            instant: self.at,
            zone: &self.zone,
            random: &mut random,
        };
        let prefix = self.error_output_prefix.as_ref()?;
        prefix
            .evaluate(PARTITIONING_ERROR_OUTPUT_TYPE, &mut evaluation)
            .ok()
    }
}

impl Refused {
    fn key(error: &KeyError) -> Self {
        Self {
            code: error.code(),
            message: error.message(),
            reason: error.to_string(),
        }
    }
}
