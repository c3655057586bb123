//! The error output as a table: its fixed columns, and the decoder of its records.
//!
//! Which fields there are: AWS developer guide, "Handle data transformation failures" and "Data format
//! conversion error records". The spelling changed over the years (`lambdaArn`, `lambdaARN`), and so did the
//! type of the times (numbers, numbers as text); both are read.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
        TimestampMillisecondBuilder,
    },
    datatypes::{DataType, Field, FieldRef, TimeUnit},
    error::ArrowError,
};

use hydrant_partitioner::PARTITIONING_ERROR_OUTPUT_TYPE;

use crate::{
    column::Fault,
    constants::Constant,
    decode::{Constants, Decoder, Pushed, TableColumns},
    object::DataObject,
    skim::Marked,
    slots::Slots,
    text::text,
};

/// The column named after the folder that `!{firehose:error-output-type}` made.
const ERROR_OUTPUT_TYPE: &str = "errorOutputType";

/// What `rawData` begins with when the bytes are no text: the rest is their base64.
const NOT_TEXT: &str = "base64:";

/// The fields of an error record, and for each column of the table the slots to look in.
const FIELDS: [&str; 10] = [
    "rawData",
    "errorCode",
    "lastErrorCode",
    "errorMessage",
    "lastErrorMessage",
    "attemptsMade",
    "arrivalTimestamp",
    "attemptEndingTimestamp",
    "lambdaArn",
    "lambdaARN",
];
const RAW_DATA: &[usize] = &[0];
const ERROR_CODE: &[usize] = &[1, 2];
const ERROR_MESSAGE: &[usize] = &[3, 4];
const ATTEMPTS_MADE: &[usize] = &[5];
const ARRIVAL: &[usize] = &[6];
const ATTEMPT_ENDING: &[usize] = &[7];
const LAMBDA_ARN: &[usize] = &[8, 9];

/// The folders that `!{firehose:error-output-type}` makes (AWS developer guide, Custom prefixes for Amazon S3
/// objects), older spellings among them. Not any name that ends in `-failed`: clients have events like that.
const ERROR_OUTPUT_TYPES: [&str; 8] = [
    "processing-failed",
    "format-conversion-failed",
    "AmazonOpenSearchService-failed",
    "elasticsearch-failed",
    "splunk-failed",
    "http-endpoint-failed",
    "decompression-failed",
    PARTITIONING_ERROR_OUTPUT_TYPE,
];

/// The error output type in an object's key, if there is a folder of one.
pub(crate) fn error_output_type(key: &str) -> Option<&str> {
    let (folders, _) = key.rsplit_once('/')?;
    folders
        .split('/')
        .find(|folder| ERROR_OUTPUT_TYPES.contains(folder))
}

/// The columns of the table `errors`, the same for every lake.
pub(crate) fn columns() -> TableColumns {
    let column = |name: &str, data_type: DataType| -> FieldRef {
        Arc::new(Field::new(name, data_type, true))
    };
    let time = || DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    TableColumns::new(
        vec![
            column("rawData", DataType::Utf8),
            column("errorCode", DataType::Utf8),
            column("errorMessage", DataType::Utf8),
            column("attemptsMade", DataType::Int64),
            column("arrivalTimestamp", time()),
            column("attemptEndingTimestamp", time()),
            column("lambdaArn", DataType::Utf8),
        ],
        vec![
            Constant::text_partition(ERROR_OUTPUT_TYPE, 0),
            Constant::object(),
        ],
        None,
    )
}

/// Decodes error records. All columns are built, and the projection is taken of the batch: these are few.
pub(crate) struct ErrorDecoder {
    table: TableColumns,
    projection: Vec<usize>,
    slots: Slots,
    raw_data: StringBuilder,
    code: StringBuilder,
    message: StringBuilder,
    attempts: Int64Builder,
    arrival: TimestampMillisecondBuilder,
    attempt_ending: TimestampMillisecondBuilder,
    lambda_arn: StringBuilder,
    constants: Constants,
    rows: usize,
}

impl ErrorDecoder {
    /// A decoder of these columns of `table`, which is [`columns`].
    pub(crate) fn new(table: &TableColumns, projection: &[usize]) -> Self {
        let time = || TimestampMillisecondBuilder::new().with_timezone("UTC");
        Self {
            projection: projection.to_vec(),
            slots: Slots::new(FIELDS),
            raw_data: StringBuilder::new(),
            code: StringBuilder::new(),
            message: StringBuilder::new(),
            attempts: Int64Builder::new(),
            arrival: time(),
            attempt_ending: time(),
            lambda_arn: StringBuilder::new(),
            constants: Constants::new(table.constants.clone()),
            table: table.clone(),
            rows: 0,
        }
    }
}

impl Decoder for ErrorDecoder {
    fn begin(&mut self, object: &Arc<DataObject>) {
        self.constants.begin(object);
    }

    fn push(&mut self, text: Marked<'_>, start: usize) -> Result<Pushed, Fault> {
        let bytes = text.bytes();
        let end = self
            .slots
            .read_record(bytes, start)
            .map_err(|_| Fault::Broken)?;
        let slots = &self.slots;
        let value = |among: &[usize]| {
            among
                .iter()
                .find_map(|&slot| slots.value(slot, bytes).filter(|value| *value != b"null"))
        };
        let fits = [
            append_raw_data(&mut self.raw_data, value(RAW_DATA)),
            append_optional_text(&mut self.code, value(ERROR_CODE)),
            append_optional_text(&mut self.message, value(ERROR_MESSAGE)),
            append_integer(value(ATTEMPTS_MADE), |number| {
                self.attempts.append_option(number);
            }),
            append_integer(value(ARRIVAL), |number| self.arrival.append_option(number)),
            append_integer(value(ATTEMPT_ENDING), |number| {
                self.attempt_ending.append_option(number);
            }),
            append_optional_text(&mut self.lambda_arn, value(LAMBDA_ARN)),
        ];
        self.constants.count_rows(1);
        self.rows += 1;
        let bad = fits.iter().position(|fits| !fits);
        let bad = bad.filter(|column| self.projection.contains(column));
        let name = |column: usize| self.table.schema.field(column).name().clone();
        Ok(Pushed {
            end,
            bad: bad.map(name),
        })
    }

    fn push_unseen(&mut self, rows: usize) {
        self.constants.count_rows(rows);
        self.rows += rows;
    }

    fn counts_only(&self) -> bool {
        false
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.raw_data.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.attempts.finish()),
            Arc::new(self.arrival.finish()),
            Arc::new(self.attempt_ending.finish()),
            Arc::new(self.lambda_arn.finish()),
        ];
        arrays.extend(self.constants.finish());
        let rows = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(&self.table.schema), arrays, &rows)?
            .project(&self.projection)
    }
}

/// Adds a text as itself, or any other value as its JSON text.
fn append_text(builder: &mut StringBuilder, value: &[u8]) -> bool {
    let unquoted = value
        .strip_prefix(b"\"")
        .and_then(|it| it.strip_suffix(b"\""));
    let said = match unquoted {
        Some(spelled) => text(spelled),
        None => simdutf8::basic::from_utf8(value).ok().map(Into::into),
    };
    builder.append_option(said.as_deref());
    said.is_some()
}

fn append_optional_text(builder: &mut StringBuilder, value: Option<&[u8]>) -> bool {
    if let Some(value) = value {
        return append_text(builder, value);
    }
    builder.append_null();
    true
}

fn append_integer(value: Option<&[u8]>, append: impl FnOnce(Option<i64>)) -> bool {
    let unquoted = |value: &'_ [u8]| -> Option<i64> {
        let digits = value
            .strip_prefix(b"\"")
            .map_or(value, |v| v.strip_suffix(b"\"").unwrap_or(v));
        crate::shape::integer(digits)
    };
    let number = value.and_then(unquoted);
    append(number);
    number.is_some() == value.is_some()
}

/// `rawData` as the text that was sent. Bytes that are no text stay base64, behind [`NOT_TEXT`], so that
/// nothing is lost; what is not base64 at all is kept as it is, and said not to fit.
fn append_raw_data(builder: &mut StringBuilder, value: Option<&[u8]>) -> bool {
    let Some(value) = value else {
        builder.append_null();
        return true;
    };
    let base64 = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .and_then(text);
    let Some(base64) = base64 else {
        builder.append_null();
        return false;
    };
    match base64_simd::STANDARD
        .decode_to_vec(base64.as_bytes())
        .map(String::from_utf8)
    {
        Ok(Ok(text)) => builder.append_value(text),
        Ok(Err(_)) => builder.append_value(format!("{NOT_TEXT}{base64}")),
        Err(_) => {
            builder.append_value(&base64);
            return false;
        }
    }
    true
}
