//! Tags of streams.

use serde_json::{Value, json};

use super::{Api, ApiError, ErrorKind, control::MAX_TAGS, validation::Checks};
use crate::service::tags_of;

impl Api {
    pub(super) async fn tag(&self, input: &Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        let tags = checks.list(input, "Tags", MAX_TAGS);
        checks.tags(tags);
        checks.done()?;
        let stream = self.named(input)?;
        self.service
            .change(&stream, |configuration| {
                configuration.tags.extend(tags_of(&input["Tags"]));
                if configuration.tags.len() > MAX_TAGS {
                    let text = format!("A Firehose can have at most {MAX_TAGS} tags");
                    return Err(ApiError::new(ErrorKind::LimitExceeded, text));
                }
                Ok(())
            })
            .await?;
        Ok(json!({}))
    }

    pub(super) async fn untag(&self, input: &Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        let keys = checks.list(input, "TagKeys", MAX_TAGS);
        for (index, key) in keys.iter().enumerate() {
            checks.tag_key(&format!("tagKeys.{}.member", index + 1), key.as_str());
        }
        checks.done()?;
        let stream = self.named(input)?;
        self.service
            .change::<ApiError>(&stream, |configuration| {
                for key in keys.iter().filter_map(Value::as_str) {
                    configuration.tags.remove(key);
                }
                Ok(())
            })
            .await?;
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        checks.limit(input, 50);
        checks.done()?;
        let tags = self.named(input)?.configuration().tags;
        let limit = input["Limit"].as_u64().unwrap_or(50);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let after = input["ExclusiveStartTagKey"].as_str();
        let mut left = tags
            .iter()
            .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let page: Vec<Value> = left
            .by_ref()
            .take(limit)
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        Ok(json!({ "Tags": page, "HasMoreTags": left.next().is_some() }))
    }
}
