//! Streams made, described, listed, changed and deleted.

use hydrant_records::{DeliveryStreamInput, ExtendedS3Destination};
use serde_json::{Value, json};

use super::{Api, ApiError, ErrorKind, validation::Checks};
use crate::service::{Configuration, DESTINATION_ID, arn};

/// Most tags of a stream (API reference, `CreateDeliveryStream`).
pub(super) const MAX_TAGS: usize = 50;

/// The two names that an S3 destination has in an input.
const S3_CONFIGURATIONS: [&str; 2] = [
    "ExtendedS3DestinationConfiguration",
    "S3DestinationConfiguration",
];

impl Api {
    pub(super) async fn create(&self, input: Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        checks.stream_type(&input);
        if !input["Tags"].is_null() {
            let tags = checks.list(&input, "Tags", MAX_TAGS);
            checks.tags(tags);
        }
        for name in S3_CONFIGURATIONS {
            if input[name].is_object() {
                let member = match name {
                    "S3DestinationConfiguration" => "s3DestinationConfiguration",
                    _ => "extendedS3DestinationConfiguration",
                };
                checks.destination(member, &input[name], true);
            }
        }
        checks.done()?;
        for name in S3_CONFIGURATIONS {
            options(&input[name])?;
        }
        encryption_input(&input["DeliveryStreamEncryptionConfigurationInput"])?;
        let input: DeliveryStreamInput = serde_json::from_value(input)
            .map_err(|error| ApiError::serialization(error.to_string()))?;
        let name = input.delivery_stream_name.clone();
        let (region, account) = self.place();
        let configuration = Configuration::new(input, self.service.clock().now());
        match self.service.create(configuration).await {
            Ok(()) => Ok(json!({ "DeliveryStreamARN": arn(region, account, &name) })),
            Err(crate::service::ServiceError::Exists { .. }) => Err(ApiError::new(
                ErrorKind::ResourceInUse,
                format!("Firehose {name} under accountId {account} already exists"),
            )),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        checks.limit(input, 10_000);
        checks.done()?;
        let (region, account) = self.place();
        let stream = self.named(input).map_err(|error| ApiError {
            message: format!(
                "Firehose {} under account {account} not found.",
                input["DeliveryStreamName"].as_str().unwrap_or_default()
            ),
            ..error
        })?;
        let description = stream.configuration().describe(region, account);
        Ok(json!({ "DeliveryStreamDescription": description }))
    }

    pub(super) fn list(&self, input: &Value) -> Result<Value, ApiError> {
        let mut checks = Checks::default();
        checks.limit(input, 10_000);
        checks.stream_type(input);
        if let Some(start) = input["ExclusiveStartDeliveryStreamName"].as_str() {
            checks.stream_name(Some(start));
        }
        checks.done()?;
        let limit = input["Limit"].as_u64().unwrap_or(10);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let kind = input["DeliveryStreamType"].as_str();
        let after = input["ExclusiveStartDeliveryStreamName"].as_str();
        let streams = self.service.all_streams();
        let mut names = streams
            .iter()
            .map(|stream| stream.configuration())
            .filter(|it| kind.is_none_or(|kind| it.kind() == kind))
            .map(|it| it.name().to_owned())
            .filter(|name| after.is_none_or(|after| name.as_str() > after));
        let page: Vec<String> = names.by_ref().take(limit).collect();
        let more = names.next().is_some();
        Ok(json!({ "DeliveryStreamNames": page, "HasMoreDeliveryStreams": more }))
    }

    pub(super) async fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let stream = self.named(input)?;
        self.service.delete(&stream).await?;
        Ok(json!({}))
    }

    pub(super) async fn update(&self, input: &Value) -> Result<Value, ApiError> {
        let given = [
            ("ExtendedS3DestinationUpdate", "extendedS3DestinationUpdate"),
            ("S3DestinationUpdate", "s3DestinationUpdate"),
        ];
        let mut checks = Checks::default();
        checks.stream_name(input["DeliveryStreamName"].as_str());
        for (name, member) in [
            (
                "CurrentDeliveryStreamVersionId",
                "currentDeliveryStreamVersionId",
            ),
            ("DestinationId", "destinationId"),
        ] {
            if !input[name].is_string() {
                checks.null(member);
            }
        }
        for (name, member) in given {
            if input[name].is_object() {
                checks.destination(member, &input[name], false);
            }
        }
        checks.done()?;
        let stream = self.named(input)?;
        let text = |name: &str| input[name].as_str().unwrap_or_default();
        let (specified, destination_id) = (
            text("CurrentDeliveryStreamVersionId"),
            text("DestinationId"),
        );
        let mut updates = given
            .iter()
            .map(|(name, _)| &input[*name])
            .filter(|it| it.is_object());
        let (Some(update), None) = (updates.next(), updates.next()) else {
            return Err(ApiError::invalid(
                "Exactly one destination configuration is supported for a Firehose",
            ));
        };
        options(update)?;
        let now = self.service.clock().now();
        self.service
            .change(&stream, |configuration| {
                let current = configuration.version.to_string();
                if specified != current {
                    let name = configuration.name();
                    return Err(ApiError::new(
                        ErrorKind::ConcurrentModification,
                        format!(
                            "Cannot update firehose: {name} since the current version id: {current} and \
                             specified version id: {specified} do not match"
                        ),
                    ));
                }
                if destination_id != DESTINATION_ID {
                    let text = format!("Destination Id {destination_id} not found");
                    return Err(ApiError::invalid(text));
                }
                let merged = merge(&configuration.destination(), update)?;
                configuration.input.extended_s3_destination_configuration = Some(merged);
                configuration.updated(now);
                Ok(())
            })
            .await?;
        Ok(json!({}))
    }

    /// Region and account.
    fn place(&self) -> (&str, &str) {
        let options = self.service.options();
        (&options.region, &options.account)
    }
}

/// Lays an update over a destination: what is given replaces, what is not stays.
fn merge(
    destination: &ExtendedS3Destination,
    update: &Value,
) -> Result<ExtendedS3Destination, ApiError> {
    // A destination came from JSON, and goes back there.
    let mut merged = serde_json::to_value(destination).unwrap_or_default();
    for (name, value) in update.as_object().into_iter().flatten() {
        match name.as_str() {
            // The one member that is merged member by member (observed on AWS).
            "DataFormatConversionConfiguration" if merged[name].is_object() => {
                lay_over(&mut merged[name], value);
            }
            "S3BackupUpdate" if merged["S3BackupConfiguration"].is_object() => {
                lay_over(&mut merged["S3BackupConfiguration"], value);
            }
            "S3BackupUpdate" => merged["S3BackupConfiguration"] = value.clone(),
            _ => merged[name] = value.clone(),
        }
    }
    let merged: ExtendedS3Destination = serde_json::from_value(merged)
        .map_err(|error| ApiError::serialization(error.to_string()))?;
    let has_backup = |it: &ExtendedS3Destination| it.s3_backup_mode.as_deref() == Some("Enabled");
    if has_backup(destination) && !has_backup(&merged) {
        return Err(ApiError::invalid(
            "Disabling S3 backup is not currently supported.",
        ));
    }
    let is_partitioned = |it: &ExtendedS3Destination| {
        it.dynamic_partitioning_configuration
            .as_ref()
            .is_some_and(|it| it.enabled)
    };
    if is_partitioned(destination) != is_partitioned(&merged) {
        return Err(ApiError::invalid(
            "Dynamic Partitioning can be enabled only when a Firehose is created, and not disabled later.",
        ));
    }
    Ok(merged)
}

/// Lays the members of `update` over those of `base`; what is an object in both, member by member (observed on
/// AWS for `SchemaConfiguration`).
fn lay_over(base: &mut Value, update: &Value) {
    for (name, value) in update.as_object().into_iter().flatten() {
        match base.get_mut(name) {
            Some(within) if name == "SchemaConfiguration" && within.is_object() => {
                lay_over(within, value);
            }
            _ => base[name] = value.clone(),
        }
    }
}

/// The parts of a destination that only AWS acts on.
fn options(destination: &Value) -> Result<(), ApiError> {
    let logging = &destination["CloudWatchLoggingOptions"];
    if logging["Enabled"].as_bool() == Some(true)
        && logging["LogGroupName"].as_str().is_none_or(str::is_empty)
    {
        return Err(ApiError::invalid(
            "CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
        ));
    }
    let encryption = &destination["EncryptionConfiguration"];
    let given = ["NoEncryptionConfig", "KMSEncryptionConfig"]
        .iter()
        .filter(|name| !encryption[**name].is_null())
        .count();
    if encryption.is_object() && given != 1 {
        return Err(ApiError::invalid(
            "Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified",
        ));
    }
    Ok(())
}

/// `DeliveryStreamEncryptionConfigurationInput`.
pub(super) fn encryption_input(input: &Value) -> Result<(), ApiError> {
    if input["KeyType"].as_str() == Some("CUSTOMER_MANAGED_CMK") && input["KeyARN"].is_null() {
        return Err(ApiError::invalid(
            "KeyARN must be specified when KeyType is CUSTOMER_MANAGED_CMK",
        ));
    }
    if input["KeyType"].as_str() == Some("AWS_OWNED_CMK") && !input["KeyARN"].is_null() {
        return Err(ApiError::invalid(
            "KeyARN must not be specified when KeyType is AWS_OWNED_CMK",
        ));
    }
    Ok(())
}
