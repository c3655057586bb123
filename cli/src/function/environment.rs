//! Hydrant's own functions in this process, set as they are on Lambda: by environment variables.

use std::{collections::BTreeMap, fmt::Display, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use async_trait::async_trait;
use bytes::Bytes;
use hydrant_delivery::{DeliveryStream, InvokeError, Transform};
use hydrant_function::Overflow;
use hydrant_partitioner::{Condition, ConfinementPolicy, KeyQuery, OnMissing, PartitionKeys};
use hydrant_records::{
    Metadata, ProcessingResult, TransformAnswer, TransformEvent, TransformRecord, TransformedRecord,
};
use hydrant_transformer::{Filter, Options, Responder, responder};
use tokio::sync::Mutex;

use super::{Again, log_refusals, wanted_keys};

/// The environment variables of a function.
pub(crate) type Variables = BTreeMap<String, String>;

/// The transformer for `stream`, as `variables` say; `again` is for `REINGEST`.
pub(crate) fn transformer(
    variables: &Variables,
    stream: &DeliveryStream,
    again: &Again,
) -> Result<Arc<dyn Transform>> {
    let mut options = Options {
        require_client_id: flag(variables, "REQUIRE_CLIENT_ID", false)?,
        trust_moved: flag(variables, "TRUST_MOVED", true)?,
        append_newline: flag(variables, "APPEND_NEWLINE", true)?,
        partition_keys: partition_keys(variables)?,
        ..Options::default()
    };
    if let Some(from) = parse(variables, "CLIENT_ID_FROM", str::parse)? {
        options.client_id_from = from;
    }
    let filter = Filter {
        drop_when: parse(variables, "DROP_WHEN", Condition::new)?,
        keep_when: parse(variables, "KEEP_WHEN", Condition::new)?,
    };
    gives_wanted(stream, options.partition_keys.as_ref())?;
    let reingests = flag(variables, "REINGEST", false)?;
    Ok(Arc::new(Deployed {
        responder: Mutex::new(responder(options, filter)),
        again: reingests.then(|| again.clone()),
    }))
}

/// The partition-key function for `stream`, as `variables` say.
pub(crate) fn partitioner(
    variables: &Variables,
    stream: &DeliveryStream,
) -> Result<Arc<dyn Transform>> {
    let query = partition_keys(variables)?
        .context("PARTITION_KEYS is not set: say which keys, as in eventType=.detail.eventType")?;
    gives_wanted(stream, Some(&query))?;
    Ok(Arc::new(Placing(query)))
}

/// Refuses a stream whose prefix takes a key from its function that the function does not give: on AWS every
/// record would end in the error output.
fn gives_wanted(stream: &DeliveryStream, query: Option<&KeyQuery>) -> Result<()> {
    let given: Vec<&str> = query.into_iter().flat_map(KeyQuery::names).collect();
    match wanted_keys(stream).find(|name| !given.contains(name)) {
        None => Ok(()),
        Some(missing) => Err(anyhow!(
            "the stream's Prefix takes the key {missing} from its function, and the function's PARTITION_KEYS \
             does not give it; add {missing}=.path"
        )),
    }
}

/// `PARTITION_KEYS`, `ON_MISSING` and `CONFINEMENT`.
fn partition_keys(variables: &Variables) -> Result<Option<KeyQuery>> {
    let query = parse(variables, "PARTITION_KEYS", KeyQuery::partition_keys)?;
    let on_missing = parse(variables, "ON_MISSING", str::parse::<OnMissing>)?;
    let confinement = parse(variables, "CONFINEMENT", str::parse::<ConfinementPolicy>)?;
    let Some(mut query) = query else {
        if on_missing.is_some() || confinement.is_some() {
            bail!(
                "ON_MISSING and CONFINEMENT are about partition keys, and PARTITION_KEYS is not set"
            );
        }
        return Ok(None);
    };
    if let Some(rules) = on_missing {
        query = query.on_missing(rules).context("ON_MISSING")?;
    }
    Ok(Some(query.confined(confinement.unwrap_or_default())))
}

/// What `parse` makes of a variable; one that is set to nothing counts as not set, as on Lambda.
fn parse<T, E: Display>(
    variables: &Variables,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>> {
    let value = variables.get(name).filter(|value| !value.trim().is_empty());
    let parsed = value.map(|value| {
        parse(value).map_err(|error| anyhow!("the variable {name} is {value:?}: {error}"))
    });
    parsed.transpose()
}

fn flag(variables: &Variables, name: &str, otherwise: bool) -> Result<bool> {
    let flag = parse(variables, name, |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("use true or false"),
    })?;
    Ok(flag.unwrap_or(otherwise))
}

/// The transformer as it is deployed: text in, text out, and an answer is no larger than Lambda lets it be.
#[derive(Debug)]
struct Deployed {
    responder: Mutex<Responder>,
    /// Where records go for which an answer has no room.
    again: Option<Again>,
}

#[async_trait]
impl Transform for Deployed {
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let failed = |error: &dyn Display| InvokeError::Function(error.to_string());
        let (_, stream) = event
            .delivery_stream_arn
            .rsplit_once('/')
            .unwrap_or_default();
        let text = serde_json::to_vec(&event).map_err(|error| failed(&error))?;
        let mut answer = Vec::new();
        let mut responder = self.responder.lock().await;
        let unfinished = responder
            .begin(&text, &mut answer)
            .map_err(|error| failed(&error))?;
        let summary = match &self.again {
            Some(again) if unfinished.overflowing() > 0 => {
                let originals: Vec<Bytes> =
                    unfinished.originals().map(|it| it.data.into()).collect();
                let taken = again.put(stream, &originals).await;
                unfinished.finish(|position| match taken.get(position) {
                    Some(true) => Overflow::Reingested,
                    _ => Overflow::NotReingested,
                })
            }
            _ => unfinished.finish(|_| Overflow::Full),
        };
        drop(responder);
        log_refusals(&summary);
        serde_json::from_slice(&answer).map_err(|error| failed(&error))
    }
}

/// The partition-key function: records untouched, with their keys beside them.
#[derive(Debug)]
struct Placing(KeyQuery);

impl Placing {
    fn place(&self, record: TransformRecord, keys: &mut PartitionKeys) -> TransformedRecord {
        let placed = self.0.evaluate(&record.data, keys);
        if let Err(error) = &placed {
            tracing::info!(record_id = record.record_id, "refused: {error}");
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let (result, data, metadata) = match placed {
            Ok(()) => {
                let partition_keys = keys.iter().map(owned).collect();
                let metadata = Metadata { partition_keys };
                (ProcessingResult::Ok, Some(record.data), Some(metadata))
            }
            Err(_) => (ProcessingResult::ProcessingFailed, None, None),
        };
        TransformedRecord {
            record_id: record.record_id,
            result,
            data,
            metadata,
        }
    }
}

#[async_trait]
impl Transform for Placing {
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let mut keys = PartitionKeys::new();
        let records = event.records.into_iter();
        Ok(TransformAnswer {
            records: records
                .map(|record| self.place(record, &mut keys))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(prefix: &str) -> DeliveryStream {
        let definition = serde_json::json!({
            "DeliveryStreamName": "s",
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b",
                "Prefix": prefix, "ErrorOutputPrefix": "errors/",
                "DynamicPartitioningConfiguration": { "Enabled": true },
                "ProcessingConfiguration": { "Enabled": true, "Processors": [{ "Type": "Lambda", "Parameters": [
                    { "ParameterName": "LambdaArn", "ParameterValue": "arn:aws:lambda:us-east-1:123456789012:function:f" },
                ]}]},
            },
        });
        DeliveryStream::from_json(&definition.to_string()).unwrap()
    }

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    async fn ask(function: &dyn Transform, records: &[&str]) -> Vec<(ProcessingResult, String)> {
        let records = records.iter().zip(0..).map(|(data, id)| TransformRecord {
            record_id: format!("{id}"),
            approximate_arrival_timestamp: 0,
            data: data.as_bytes().to_vec().into(),
            kinesis_record_metadata: None,
        });
        let event = TransformEvent {
            invocation_id: "i".to_owned(),
            delivery_stream_arn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"
                .to_owned(),
            source_kinesis_stream_arn: None,
            region: "us-east-1".to_owned(),
            records: records.collect(),
        };
        let mut answered = function.invoke(event).await.unwrap().records;
        answered.sort_by(|one, other| one.record_id.cmp(&other.record_id));
        let told = |it: TransformedRecord| {
            let keys = it.metadata.map(|it| it.partition_keys).unwrap_or_default();
            let keys: Vec<String> = keys.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
            (it.result, keys.join(","))
        };
        answered.into_iter().map(told).collect()
    }

    #[tokio::test]
    async fn the_functions_do_here_what_their_variables_make_them_do_on_lambda() {
        let stream = stream("e/!{partitionKeyFromLambda:t}/");
        let keys = ("PARTITION_KEYS", "t=.detail.t");
        let records = [
            r#"{"clientId":"c","detail":{"t":"a"}}"#,
            r#"{"clientId":"c","detail":{"t":"b"}}"#,
            r#"{"clientId":"c","detail":{}}"#,
        ];
        let (ok, dropped, failed) = (
            ProcessingResult::Ok,
            ProcessingResult::Dropped,
            ProcessingResult::ProcessingFailed,
        );
        let plain = transformer(&variables(&[keys]), &stream, &Again::default()).unwrap();
        let expected = [(ok, "t=a"), (ok, "t=b"), (failed, "")];
        assert_eq!(
            ask(&*plain, &records).await,
            expected.map(|(it, keys)| (it, keys.to_owned()))
        );
        let filter = ("DROP_WHEN", r#".detail.t == "b""#);
        let filtered =
            transformer(&variables(&[keys, filter]), &stream, &Again::default()).unwrap();
        let expected = [(ok, "t=a"), (dropped, ""), (failed, "")];
        assert_eq!(
            ask(&*filtered, &records).await,
            expected.map(|(it, keys)| (it, keys.to_owned()))
        );
        let placing = partitioner(&variables(&[keys]), &stream).unwrap();
        let expected = [(ok, "t=a"), (ok, "t=b"), (failed, "")];
        assert_eq!(
            ask(&*placing, &records).await,
            expected.map(|(it, keys)| (it, keys.to_owned()))
        );
    }

    #[test]
    fn what_the_variables_lack_is_said_before_a_record_is_taken() {
        let stream = stream("e/!{partitionKeyFromLambda:t}/");
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[], "PARTITION_KEYS does not give it; add t=.path"),
            (&[("PARTITION_KEYS", "u=.detail.u")], "takes the key t"),
            (&[("PARTITION_KEYS", "t")], "PARTITION_KEYS is \"t\": "),
            (&[("ON_MISSING", "unknown")], "PARTITION_KEYS is not set"),
            (
                &[("REQUIRE_CLIENT_ID", "yes")],
                "\"yes\": use true or false",
            ),
            (
                &[("PARTITION_KEYS", "t=.detail.t"), ("REINGEST", "on")],
                "\"on\": use true or false",
            ),
        ];
        for (pairs, part) in cases {
            let told = transformer(&variables(pairs), &stream, &Again::default()).unwrap_err();
            let told = format!("{told:#}");
            assert!(told.contains(part), "{told}");
        }
    }
}
