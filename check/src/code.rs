//! The codes of diagnostics: one list, which `docs/check.md` repeats.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// AWS refuses the stream, or every record fails.
    Error,
    /// AWS takes it, and people regret it.
    Warning,
    /// Worth knowing; never a reason to fail.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! codes {
    ($($code:ident $name:literal $severity:ident $summary:literal)*) => {
        /// What a diagnostic is about. Names never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $summary] $code,)*
        }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name that people see, such as `prefix-without-keys`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How bad it is, unless what is known of a function makes it less.
            pub fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }

            /// What it means, in one line of Markdown.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$code => $summary,)* }
            }
        }
    };
}

codes! {
    Syntax "syntax" Error "The text is not JSON, not YAML, or beyond what a template may be"
    UnknownMember "unknown-member" Error "A member that the API does not have, often a misspelled one"
    MissingMember "missing-member" Error "A member that the API requires is not there"
    WrongType "wrong-type" Error "A value of another type than the API takes"
    NotInEnum "not-in-enum" Error "A value that is none of those the API lists; case matters"
    OutOfRange "out-of-range" Error "A number outside the range of its member"
    BadLength "bad-length" Error "A text or a list that is too short or too long"
    BadPattern "bad-pattern" Error "A text that does not match the pattern of its member"
    DuplicateMember "duplicate-member" Warning "A name stands twice in one map; readers disagree about which one counts"
    Destinations "destinations" Error "Not exactly one destination"
    SourceMissing "source-missing" Error "`KinesisStreamAsSource` without `KinesisStreamSourceConfiguration`"
    EncryptionChoice "encryption-choice" Error "Not exactly one of `NoEncryptionConfig` and `KMSEncryptionConfig`"
    LogGroupMissing "log-group-missing" Error "CloudWatch logging is on and no log group is named"
    BackupMissing "backup-missing" Error "The source backup is on and has no destination"
    ReservedTag "reserved-tag" Error "A tag key begins with `aws:`"
    StreamKey "stream-key" Error "Encryption with a key of yours, and no key"
    PrefixExpression "prefix-expression" Error "A `!{…}` that is not closed or lacks one of its sides"
    PrefixNamespace "prefix-namespace" Error "A namespace that prefixes do not have"
    PrefixDate "prefix-date" Error "A date pattern that Java refuses"
    PrefixDateHere "prefix-date-here" Note "A date pattern that AWS takes and Hydrant cannot render"
    PrefixTooLong "prefix-too-long" Error "A prefix of more than 1,024 characters as written"
    PrefixEvaluatesTooLong "prefix-evaluates-too-long" Error "A prefix of more than 512 characters once evaluated"
    PrefixWithoutKeys "prefix-without-keys" Error "Dynamic partitioning without a partition key in `Prefix`"
    KeysWithoutPartitioning "keys-without-partitioning" Error "A partition key in `Prefix` without dynamic partitioning"
    KeysInErrorPrefix "keys-in-error-prefix" Error "A partition key in `ErrorOutputPrefix`"
    ErrorTypeInPrefix "error-type-in-prefix" Error "`!{firehose:error-output-type}` in `Prefix`"
    ErrorPrefixMissing "error-prefix-missing" Error "`Prefix` has expressions and there is no `ErrorOutputPrefix`"
    ErrorTypeMissing "error-type-missing" Error "`ErrorOutputPrefix` has expressions and none is `!{firehose:error-output-type}`"
    KeyUnused "key-unused" Error "The query gives a key that `Prefix` does not use"
    KeyUnknown "key-unknown" Error "`Prefix` uses a key that the query does not give"
    KeyWithoutFunction "key-without-function" Error "`Prefix` takes a key from a Lambda function and the stream has none"
    TimeZone "time-zone" Error "A `CustomTimeZone` that is not on AWS's list"
    FileExtension "file-extension" Error "A `FileExtension` that AWS refuses"
    HintsPair "hints-pair" Error "Only one of `SizeInMBs` and `IntervalInSeconds`"
    HintsPartitioned "hints-partitioned" Error "Buffering hints below the floors of dynamic partitioning: 64 MiB, 60 s"
    HintsConverted "hints-converted" Error "A buffer below the floor of format conversion: 64 MiB"
    CompressionConverted "compression-converted" Error "Format conversion together with a `CompressionFormat`"
    ConversionIncomplete "conversion-incomplete" Error "Format conversion without a schema, an input or an output format"
    ConversionChoice "conversion-choice" Error "Not exactly one serializer, or not exactly one deserializer"
    ProcessorCount "processor-count" Error "Processing is on with no processor, or with more than five"
    ProcessorParameter "processor-parameter" Error "A parameter that the processor does not have, or needs and lacks"
    TwoFunctions "two-functions" Error "More than one Lambda processor"
    FunctionArn "function-arn" Error "A Lambda processor without `LambdaArn`"
    FunctionRetries "function-retries" Error "`NumberOfRetries` outside 0 to 300"
    FunctionBuffer "function-buffer" Error "`BufferSizeInMBs` or `BufferIntervalInSeconds` of a Lambda processor out of range, or only one of them"
    ExtractionEngine "extraction-engine" Error "`JsonParsingEngine` is not `JQ-1.6`"
    ExtractionQuery "extraction-query" Error "`MetadataExtractionQuery` is not one jq object, or has more than 50 keys"
    ProcessorWithoutPartitioning "processor-without-partitioning" Error "A processor that only dynamic partitioning has"
    SplitType "split-type" Error "`SubRecordType` is neither `JSON` nor `DELIMITED`"
    SplitDelimiter "split-delimiter" Error "`DELIMITED` without a delimiter, or with one that is not base64"
    LogProcessing "log-processing" Error "`CloudWatchLogProcessing` without `Decompression`"
    UnresolvedReference "unresolved-reference" Error "A reference to nothing in the template"
    MalformedFunction "malformed-function" Error "An intrinsic function with arguments that it does not take"
    TooManyResources "too-many-resources" Error "A template of more than 500 resources; those beyond are not checked"
    ParameterValue "parameter-value" Error "A value that the template's parameter does not allow, or a parameter that there is not"
    NoNewline "no-newline" Warning "Nothing in the chain ends a record with a newline: objects hold records run together"
    NewlineStripped "newline-stripped" Warning "De-aggregation strips newlines and nothing puts them back"
    NewlineByFunction "newline-by-function" Note "Only the function can end records with a newline"
    BlankLines "blank-lines" Warning "Two places end a record with a newline: every other line is blank"
    EventWithoutDetail "event-without-detail" Warning "A rule hands the stream `<aws.events.event>`, which has no `detail` today"
    FunctionBatch "function-batch" Warning "Batches so large that the function's answer may outgrow 6 MB"
    FunctionTimeout "function-timeout" Warning "A function that may run longer than Firehose waits"
    FunctionRuntime "function-runtime" Warning "A Lambda runtime that AWS has deprecated"
    ErrorKindsMixed "error-kinds-mixed" Warning "An `ErrorOutputPrefix` that does not tell kinds of errors apart"
    ErrorsAmongData "errors-among-data" Warning "Error objects lie below the prefix of the data"
    PrefixSlash "prefix-slash" Warning "A prefix that does not end in a slash, or makes an empty folder"
    PrefixDateLetters "prefix-date-letters" Warning "A date letter that is seldom the one that is meant, such as `YYYY` or `DD`"
    ProcessingOff "processing-off" Warning "Processors are configured and processing is off"
    SourceIgnored "source-ignored" Warning "A Kinesis source that a `DirectPut` stream ignores"
    DestinationNotChecked "destination-not-checked" Warning "A destination other than S3, which Hydrant does not check"
    BucketKey "bucket-key" Warning "A bucket's `KMSMasterKeyID` that is neither a key id, an alias nor an ARN"
    Apostrophe "apostrophe" Warning "A mapping template that makes an apostrophe `\\'`, which is no JSON"
    ZeroBufferingBackup "zero-buffering-backup" Warning "Zero buffering for the source backup, which has none"
    NoStream "no-stream" Note "The template has no delivery stream"
    UnsupportedFunction "unsupported-function" Note "An intrinsic function or a macro that Hydrant does not resolve"
    NotChecked "not-checked" Note "A value that only a deployment knows"
    ItemsNotCounted "items-not-counted" Note "A model with `minItems` or `maxItems`, which API Gateway does not check"
    HintsUnset "hints-unset" Note "Dynamic partitioning without buffering hints: what AWS then stores is not published"
    NoErrorLog "no-error-log" Note "Delivery errors are logged nowhere"
    Uncompressed "uncompressed" Note "Objects are stored uncompressed"
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_plain() {
        let names: HashSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(name.chars().all(plain), "{name}");
        }
    }

    /// The table of docs/check.md is this list.
    #[test]
    fn the_documentation_lists_every_code_as_it_is() {
        let page = include_str!("../../docs/check.md");
        let row = |code: &Code| {
            let severity = code.severity().as_str();
            format!("| `{}` | {severity} | {} |", code.name(), code.summary())
        };
        let rows: Vec<String> = Code::ALL.iter().map(row).collect();
        let table = rows.join("\n");
        assert!(
            page.contains(&table),
            "docs/check.md needs this table:\n{table}"
        );
        let listed = page
            .lines()
            .filter(|line| line.starts_with("| `") && line.contains("` | "));
        let listed = listed.filter(|line| {
            ["| error |", "| warning |", "| note |"]
                .iter()
                .any(|it| line.contains(it))
        });
        assert_eq!(listed.count(), Code::ALL.len());
    }
}
