//! The constraints of the API's model, in the words in which AWS refuses what breaks them.

use hydrant_partitioner::limits::{
    MAX_FILE_EXTENSION_CHARS, MAX_PREFIX_CHARS, MAX_TIME_ZONE_CHARS,
};
use hydrant_records::schema::{Shape, shape_of};
use serde_json::Value;

use super::{ApiError, ErrorKind};

/// What breaks a constraint, as it is found.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

/// The destination whose members are checked; the update of a stream spells its own like them.
const S3: &str = "ExtendedS3DestinationConfiguration";
const PROCESSORS: [&str; 3] = [S3, "ProcessingConfiguration", "Processors"];

/// Of a role's ARN, stricter than the API reference has it.
const ROLE: &str = "arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+";

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

    /// What the shape of the member at `path` says of a value. A text of a pattern has a length too, and of a
    /// value of another type another layer speaks.
    fn shape(&mut self, member: &str, value: &Value, path: &[&str]) {
        match (shape_of(path), value.as_str()) {
            (Some(Shape::Text(shape)), Some(text)) => {
                self.length(member, text.chars().count(), shape.fewest, shape.most);
                self.fits(member, text, path);
            }
            (Some(Shape::Enum(values)), Some(text)) if !values.contains(&text) => {
                let bound = format!("satisfy enum value set: [{}]", values.join(", "));
                self.refuse(member, &bound);
            }
            (Some(Shape::Integer(least, most)), _) => self.range(member, value, *least, *most),
            _ => {}
        }
    }

    /// The same for a member that is needed.
    fn needed(&mut self, member: &str, value: &Value, path: &[&str]) {
        match value.as_str() {
            None => self.null(member),
            Some(_) => self.shape(member, value, path),
        }
    }

    /// The pattern alone of the member at `path`.
    fn fits(&mut self, member: &str, text: &str, path: &[&str]) {
        if let Some(Shape::Text(shape)) = shape_of(path)
            && let Some(pattern) = &shape.pattern
        {
            self.pattern(member, text, pattern.text, pattern.matches);
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
        let name = name.map_or(Value::Null, Value::from);
        self.needed("deliveryStreamName", &name, &["DeliveryStreamName"]);
    }

    /// `Limit`.
    pub(super) fn limit(&mut self, input: &Value, most: i64) {
        self.range("limit", &input["Limit"], 1, most);
    }

    /// `DeliveryStreamType`.
    pub(super) fn stream_type(&mut self, input: &Value) {
        let name = "DeliveryStreamType";
        self.shape("deliveryStreamType", &input[name], &[name]);
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
        for name in ["RoleARN", "BucketARN"] {
            let member = format!("{member}.{}", lower_first(name));
            match destination[name].as_str() {
                Some(arn) if name == "RoleARN" => self.pattern(&member, arn, ROLE, is_role),
                Some(arn) => self.fits(&member, arn, &[S3, name]),
                None if is_new => self.null(&member),
                None => {}
            }
        }
        let lengths = [
            ("Prefix", MAX_PREFIX_CHARS),
            ("ErrorOutputPrefix", MAX_PREFIX_CHARS),
            ("FileExtension", MAX_FILE_EXTENSION_CHARS),
            ("CustomTimeZone", MAX_TIME_ZONE_CHARS),
        ];
        for (name, most) in lengths {
            if let Some(text) = destination[name].as_str() {
                let member = format!("{member}.{}", lower_first(name));
                self.length(&member, text.chars().count(), 0, most);
            }
        }
        for name in ["CompressionFormat", "S3BackupMode"] {
            let member = format!("{member}.{}", lower_first(name));
            self.shape(&member, &destination[name], &[S3, name]);
        }
        for name in ["SizeInMBs", "IntervalInSeconds"] {
            let member = format!("{member}.bufferingHints.{}", lower_first(name));
            let value = &destination["BufferingHints"][name];
            self.shape(&member, value, &[S3, "BufferingHints", name]);
        }
        self.processors(
            member,
            &destination["ProcessingConfiguration"]["Processors"],
        );
    }

    fn processors(&mut self, member: &str, processors: &Value) {
        let empty = Vec::new();
        for (index, processor) in processors.as_array().unwrap_or(&empty).iter().enumerate() {
            let member = format!(
                "{member}.processingConfiguration.processors.{}.member",
                index + 1
            );
            let path = |below: &[&'static str]| [&PROCESSORS[..], below].concat();
            let kind = format!("{member}.type");
            self.needed(&kind, &processor["Type"], &path(&["Type"]));
            let parameters = processor["Parameters"].as_array().unwrap_or(&empty);
            for (index, parameter) in parameters.iter().enumerate() {
                let member = format!("{member}.parameters.{}.member", index + 1);
                for name in ["ParameterName", "ParameterValue"] {
                    let member = format!("{member}.{}", lower_first(name));
                    self.needed(&member, &parameter[name], &path(&["Parameters", name]));
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

/// `RoleARN` as `roleARN`: how paths are written in AWS's texts.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
