//! The shape of `CreateDeliveryStream`: which members there are, and which values they take (Firehose API
//! reference). What depends on several members is a rule of its own, and not here; nor are the lengths of prefixes
//! and names, which are limits of what they say.

mod conversion;

use conversion::CONVERSION;

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// Anything: checked elsewhere, or not at all.
    Any,
    /// A text.
    Text(TextShape),
    /// One of these, in the order in which AWS lists them.
    Enum(&'static [&'static str]),
    /// Inclusive bounds.
    Integer(i64, i64),
    /// The same, not whole.
    Number(f64, f64),
    /// True or false.
    Boolean,
    /// Elements, fewest and most.
    List(&'static Shape, usize, usize),
    /// Members.
    Struct(&'static [Field]),
}

/// What a text may be.
#[derive(Debug)]
pub struct TextShape {
    /// Fewest characters.
    pub fewest: usize,
    /// Most characters.
    pub most: usize,
    /// The pattern that it has to match, if any.
    pub pattern: Option<Pattern>,
}

/// A pattern of the API, and what decides it.
#[derive(Debug)]
pub struct Pattern {
    /// As AWS writes it in its texts.
    pub text: &'static str,
    /// Whether a text matches.
    pub matches: fn(&str) -> bool,
    /// An example of what matches.
    pub example: &'static str,
}

/// A member.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Whether the API requires it.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
}

/// What the member at `path` may be, counted from the input of `CreateDeliveryStream`; of a list, its elements.
pub fn shape_of(path: &[&str]) -> Option<&'static Shape> {
    let (last, before) = path.split_last()?;
    let mut fields = CREATE_DELIVERY_STREAM;
    let find = |fields: &'static [Field], name: &str| {
        let found = fields.iter().find(|field| field.name == name);
        found.map(|field| match &field.shape {
            Shape::List(element, ..) => *element,
            shape => shape,
        })
    };
    for name in before {
        match find(fields, name)? {
            Shape::Struct(members) => fields = members,
            _ => return None,
        }
    }
    find(fields, last)
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: true,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: false,
        shape,
    }
}

const fn text(fewest: usize, most: usize) -> Shape {
    Shape::Text(TextShape {
        fewest,
        most,
        pattern: None,
    })
}

const fn pattern(
    fewest: usize,
    most: usize,
    text: &'static str,
    matches: fn(&str) -> bool,
    example: &'static str,
) -> Shape {
    Shape::Text(TextShape {
        fewest,
        most,
        pattern: Some(Pattern {
            text,
            matches,
            example,
        }),
    })
}

const MANY: usize = usize::MAX;

const ROLE: Shape = pattern(
    1,
    512,
    "arn:.*",
    |text| text.starts_with("arn:"),
    "arn:aws:iam::123456789012:role/firehose-delivery",
);
const KMS_KEY: Shape = pattern(
    1,
    512,
    r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\-_/]+",
    is_kms_arn,
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
);
const BUCKET: Shape = pattern(
    1,
    2048,
    r"arn:.*:s3:::[\w\.\-]{1,255}",
    is_bucket_arn,
    "arn:aws:s3:::bucket",
);

fn is_bucket_arn(text: &str) -> bool {
    let name = text
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":s3:::"));
    name.is_some_and(|(_, name)| {
        (1..=255).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    })
}

fn is_kms_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, _, service, region, account, key] = parts.as_slice() else {
        return false;
    };
    *arn == "arn"
        && *service == "kms"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && ["key/", "alias/"]
            .iter()
            .any(|kind| key.strip_prefix(kind).is_some_and(|name| !name.is_empty()))
}

fn is_stream_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// `CreateDeliveryStream`.
pub const CREATE_DELIVERY_STREAM: &[Field] = &[
    required(
        "DeliveryStreamName",
        pattern(1, 64, "[a-zA-Z0-9_.-]+", is_stream_name, "client-events"),
    ),
    optional(
        "DeliveryStreamType",
        Shape::Enum(&[
            "DirectPut",
            "KinesisStreamAsSource",
            "MSKAsSource",
            "DatabaseAsSource",
        ]),
    ),
    optional(
        "DirectPutSourceConfiguration",
        Shape::Struct(&[required("ThroughputHintInMBs", Shape::Integer(1, 100))]),
    ),
    optional(
        "KinesisStreamSourceConfiguration",
        Shape::Struct(&[
            required("KinesisStreamARN", ROLE),
            required("RoleARN", ROLE),
        ]),
    ),
    optional(
        "DeliveryStreamEncryptionConfigurationInput",
        Shape::Struct(&[
            optional("KeyARN", KMS_KEY),
            required(
                "KeyType",
                Shape::Enum(&["AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"]),
            ),
        ]),
    ),
    optional(
        "ExtendedS3DestinationConfiguration",
        Shape::Struct(EXTENDED_S3),
    ),
    optional("S3DestinationConfiguration", Shape::Struct(PLAIN_S3)),
    optional(
        "Tags",
        Shape::List(
            &Shape::Struct(&[
                required("Key", text(1, 128)),
                optional("Value", text(0, 256)),
            ]),
            1,
            50,
        ),
    ),
    optional(
        "AmazonOpenSearchServerlessDestinationConfiguration",
        Shape::Any,
    ),
    optional(
        "AmazonopensearchserviceDestinationConfiguration",
        Shape::Any,
    ),
    optional("DatabaseSourceConfiguration", Shape::Any),
    optional("ElasticsearchDestinationConfiguration", Shape::Any),
    optional("HttpEndpointDestinationConfiguration", Shape::Any),
    optional("IcebergDestinationConfiguration", Shape::Any),
    optional("MSKSourceConfiguration", Shape::Any),
    optional("RedshiftDestinationConfiguration", Shape::Any),
    optional("SnowflakeDestinationConfiguration", Shape::Any),
    optional("SplunkDestinationConfiguration", Shape::Any),
];

const HINTS: Shape = Shape::Struct(&[
    optional("SizeInMBs", Shape::Integer(1, 128)),
    optional("IntervalInSeconds", Shape::Integer(0, 900)),
]);
const COMPRESSION: Shape = Shape::Enum(&["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"]);
const ENCRYPTION: Shape = Shape::Struct(&[
    optional("NoEncryptionConfig", Shape::Enum(&["NoEncryption"])),
    optional(
        "KMSEncryptionConfig",
        Shape::Struct(&[required("AWSKMSKeyARN", KMS_KEY)]),
    ),
]);
const LOGGING: Shape = Shape::Struct(&[
    optional("Enabled", Shape::Boolean),
    optional("LogGroupName", text(0, 512)),
    optional("LogStreamName", text(0, 512)),
]);

/// What every S3 destination has, and the fields of one more.
macro_rules! s3_destination {
    ($($more:expr),* $(,)?) => {
        &[
            required("RoleARN", ROLE),
            required("BucketARN", BUCKET),
            optional("Prefix", text(0, MANY)),
            optional("ErrorOutputPrefix", text(0, MANY)),
            optional("BufferingHints", HINTS),
            optional("CompressionFormat", COMPRESSION),
            optional("EncryptionConfiguration", ENCRYPTION),
            optional("CloudWatchLoggingOptions", LOGGING),
            $($more),*
        ]
    };
}

const PLAIN_S3: &[Field] = s3_destination!();

const EXTENDED_S3: &[Field] = s3_destination![
    optional("ProcessingConfiguration", PROCESSING),
    optional("S3BackupMode", Shape::Enum(&["Disabled", "Enabled"])),
    optional("S3BackupConfiguration", Shape::Struct(PLAIN_S3)),
    optional("DataFormatConversionConfiguration", CONVERSION),
    optional("DynamicPartitioningConfiguration", PARTITIONING),
    optional("FileExtension", text(0, MANY)),
    optional("CustomTimeZone", text(0, MANY)),
];

const PARTITIONING: Shape = Shape::Struct(&[
    optional(
        "RetryOptions",
        Shape::Struct(&[optional("DurationInSeconds", Shape::Integer(0, 7200))]),
    ),
    optional("Enabled", Shape::Boolean),
]);

/// The processors.
pub const PROCESSORS: &[&str] = &[
    "RecordDeAggregation",
    "Decompression",
    "CloudWatchLogProcessing",
    "Lambda",
    "MetadataExtraction",
    "AppendDelimiterToRecord",
];

/// The parameters of all processors together.
const PARAMETERS: &[&str] = &[
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

const PROCESSING: Shape = Shape::Struct(&[
    optional("Enabled", Shape::Boolean),
    optional(
        "Processors",
        Shape::List(
            &Shape::Struct(&[
                required("Type", Shape::Enum(PROCESSORS)),
                optional(
                    "Parameters",
                    Shape::List(
                        &Shape::Struct(&[
                            required("ParameterName", Shape::Enum(PARAMETERS)),
                            required(
                                "ParameterValue",
                                pattern(
                                    1,
                                    5120,
                                    r"^(?!\s*$).+",
                                    |text| !text.trim().is_empty(),
                                    "text that is not blank",
                                ),
                            ),
                        ]),
                        0,
                        MANY,
                    ),
                ),
            ]),
            0,
            MANY,
        ),
    ),
]);

#[cfg(test)]
mod tests;
