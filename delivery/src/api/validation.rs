//! The constraints of the API's model, in the words in which AWS refuses what breaks them.

use hydrant_records::limits::MAX_STREAM_NAME_CHARS;
use serde_json::Value;

use super::{ApiError, ErrorKind};

/// What breaks a constraint, as it is found.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

/// A member, its pattern, and whether a value fits it.
type Arn<'a> = (&'a str, &'a str, fn(&str) -> bool);

/// What a stream may be called.
const NAME_PATTERN: &str = "[a-zA-Z0-9_.-]+";

impl Checks {
    /// A member that is needed and not there.
    pub(super) fn null(&mut self, member: &str) {
        self.0.push(format!(
            "Value at '{member}' failed to satisfy constraint: Member must not be null"
        ));
    }

    fn refuse(&mut self, member: &str, constraint: &str) {
        self.0.push(format!(
            "Value at '{member}' failed to satisfy constraint: Member must {constraint}"
        ));
    }

    /// A length that is out of bounds.
    pub(super) fn length(&mut self, member: &str, length: usize, least: usize, most: usize) {
        if length < least {
            let bound = format!("have length greater than or equal to {least}");
            self.refuse(member, &bound);
        } else if length > most {
            let bound = format!("have length less than or equal to {most}");
            self.refuse(member, &bound);
        }
    }

    fn pattern(&mut self, member: &str, value: &str, pattern: &str, fits: impl Fn(&str) -> bool) {
        if !fits(value) {
            let bound = format!("satisfy regular expression pattern: {pattern}");
            self.refuse(member, &bound);
        }
    }

    fn one_of(&mut self, member: &str, value: &str, values: &[&str]) {
        if !values.contains(&value) {
            let bound = format!("satisfy enum value set: [{}]", values.join(", "));
            self.refuse(member, &bound);
        }
    }

    fn range(&mut self, member: &str, value: &Value, least: i64, most: i64) {
        match value.as_i64() {
            Some(number) if number < least => {
                let bound = format!("have value greater than or equal to {least}");
                self.refuse(member, &bound);
            }
            Some(number) if number > most => {
                let bound = format!("have value less than or equal to {most}");
                self.refuse(member, &bound);
            }
            _ => {}
        }
    }

    /// `DeliveryStreamName`.
    pub(super) fn stream_name(&mut self, name: Option<&str>) {
        let member = "deliveryStreamName";
        let Some(name) = name else {
            self.null(member);
            return;
        };
        self.length(member, name.chars().count(), 1, MAX_STREAM_NAME_CHARS);
        self.pattern(member, name, NAME_PATTERN, |name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        });
    }

    /// `Limit`.
    pub(super) fn limit(&mut self, input: &Value, most: i64) {
        self.range("limit", &input["Limit"], 1, most);
    }

    /// `DeliveryStreamType`.
    pub(super) fn stream_type(&mut self, input: &Value) {
        if let Some(kind) = input["DeliveryStreamType"].as_str() {
            let kinds = [
                "DirectPut",
                "KinesisStreamAsSource",
                "MSKAsSource",
                "DatabaseAsSource",
            ];
            self.one_of("deliveryStreamType", kind, &kinds);
        }
    }

    /// A list that is needed, of 1 to `most`.
    pub(super) fn list<'a>(&mut self, input: &'a Value, name: &str, most: usize) -> &'a [Value] {
        let member = lower_first(name);
        match input[name].as_array() {
            None => {
                self.null(&member);
                &[]
            }
            Some(list) => {
                self.length(&member, list.len(), 1, most);
                list
            }
        }
    }

    /// The key of a tag.
    pub(super) fn tag_key(&mut self, member: &str, key: Option<&str>) {
        let Some(key) = key else {
            self.null(member);
            return;
        };
        self.length(member, key.chars().count(), 1, 128);
        let pattern = r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$";
        self.pattern(member, key, pattern, |key| {
            !key.starts_with("aws:") && key.chars().all(is_tag_char)
        });
    }

    /// `Tags`.
    pub(super) fn tags(&mut self, tags: &[Value]) {
        for (index, tag) in tags.iter().enumerate() {
            let member = format!("tags.{}.member", index + 1);
            self.tag_key(&format!("{member}.key"), tag["Key"].as_str());
            if let Some(value) = tag["Value"].as_str() {
                let member = format!("{member}.value");
                self.length(&member, value.chars().count(), 0, 256);
                let pattern = r"^[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$";
                self.pattern(&member, value, pattern, |value| {
                    value.chars().all(is_tag_char)
                });
            }
        }
    }

    /// An S3 destination; `is_new` when nothing is there that it would be laid over.
    pub(super) fn destination(&mut self, member: &str, destination: &Value, is_new: bool) {
        let role = "arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+";
        let bucket = "arn:.*:s3:::[\\w\\.\\-]{1,255}";
        let arns: [Arn<'_>; 2] = [("RoleARN", role, is_role), ("BucketARN", bucket, is_bucket)];
        for (name, pattern, fits) in arns {
            let member = format!("{member}.{}", lower_first(name));
            match destination[name].as_str() {
                Some(arn) => self.pattern(&member, arn, pattern, fits),
                None if is_new => self.null(&member),
                None => {}
            }
        }
        let lengths = [
            ("Prefix", 1024),
            ("ErrorOutputPrefix", 1024),
            ("FileExtension", 128),
            ("CustomTimeZone", 50),
        ];
        for (name, most) in lengths {
            if let Some(text) = destination[name].as_str() {
                let member = format!("{member}.{}", lower_first(name));
                self.length(&member, text.chars().count(), 0, most);
            }
        }
        let formats = ["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"];
        let enums: [(&str, &[&str]); 2] = [
            ("CompressionFormat", &formats),
            ("S3BackupMode", &["Disabled", "Enabled"]),
        ];
        for (name, values) in enums {
            if let Some(text) = destination[name].as_str() {
                self.one_of(&format!("{member}.{}", lower_first(name)), text, values);
            }
        }
        let hints = &destination["BufferingHints"];
        let of_hints = |name| format!("{member}.bufferingHints.{name}");
        self.range(&of_hints("sizeInMBs"), &hints["SizeInMBs"], 1, 128);
        self.range(
            &of_hints("intervalInSeconds"),
            &hints["IntervalInSeconds"],
            0,
            900,
        );
        self.processors(
            member,
            &destination["ProcessingConfiguration"]["Processors"],
        );
    }

    fn processors(&mut self, member: &str, processors: &Value) {
        const TYPES: [&str; 6] = [
            "RecordDeAggregation",
            "Decompression",
            "CloudWatchLogProcessing",
            "Lambda",
            "MetadataExtraction",
            "AppendDelimiterToRecord",
        ];
        const PARAMETERS: [&str; 11] = [
            "LambdaArn",
            "NumberOfRetries",
            "MetadataExtractionQuery",
            "JsonParsingEngine",
            "RoleArn",
            "BufferSizeInMBs",
            "BufferIntervalInSeconds",
            "SubRecordType",
            "Delimiter",
            "CompressionFormat",
            "DataMessageExtraction",
        ];
        let empty = Vec::new();
        for (index, processor) in processors.as_array().unwrap_or(&empty).iter().enumerate() {
            let member = format!(
                "{member}.processingConfiguration.processors.{}.member",
                index + 1
            );
            match processor["Type"].as_str() {
                None => self.null(&format!("{member}.type")),
                Some(kind) => self.one_of(&format!("{member}.type"), kind, &TYPES),
            }
            let parameters = processor["Parameters"].as_array().unwrap_or(&empty);
            for (index, parameter) in parameters.iter().enumerate() {
                let member = format!("{member}.parameters.{}.member", index + 1);
                match parameter["ParameterName"].as_str() {
                    None => self.null(&format!("{member}.parameterName")),
                    Some(name) => {
                        self.one_of(&format!("{member}.parameterName"), name, &PARAMETERS);
                    }
                }
                let member = format!("{member}.parameterValue");
                match parameter["ParameterValue"].as_str() {
                    None => self.null(&member),
                    Some(value) => {
                        self.length(&member, value.chars().count(), 1, 5120);
                        let pattern = r"^(?!\s*$).+";
                        self.pattern(&member, value, pattern, |value| !value.trim().is_empty());
                    }
                }
            }
        }
    }

    /// What was found, as AWS says it.
    pub(super) fn done(self) -> Result<(), ApiError> {
        let found = self.0.len();
        if found == 0 {
            return Ok(());
        }
        let errors = if found == 1 { "error" } else { "errors" };
        let text = self.0.join("; ");
        let message = format!("{found} validation {errors} detected: {text}");
        Err(ApiError::new(ErrorKind::Validation, message))
    }
}

/// `DeliveryStreamName` of an input, checked.
pub(super) fn stream_name(input: &Value) -> Result<&str, ApiError> {
    let name = input["DeliveryStreamName"].as_str();
    let mut checks = Checks::default();
    checks.stream_name(name);
    checks.done()?;
    Ok(name.unwrap_or_default())
}

fn is_tag_char(char: char) -> bool {
    char.is_alphanumeric() || char.is_whitespace() || "_.:/=+-@%".contains(char)
}

fn is_role(arn: &str) -> bool {
    let Some((front, role)) = arn.split_once(":role/") else {
        return false;
    };
    let account = front.rsplit(':').next().unwrap_or_default();
    front.starts_with("arn:")
        && front.ends_with(&format!(":iam::{account}"))
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !role.is_empty()
        && role
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
}

fn is_bucket(arn: &str) -> bool {
    let Some((front, bucket)) = arn.split_once(":s3:::") else {
        return false;
    };
    front.starts_with("arn:")
        && (1..=255).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// `RoleARN` as `roleARN`: how paths are written in AWS's texts.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
