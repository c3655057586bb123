//! `DataFormatConversionConfiguration`, with AWS's texts in AWS's order (observed on AWS).

use std::{collections::HashMap, sync::Arc};

use hydrant_records::{CompressionFormat, ExtendedS3Destination, limits::MIB};
use parquet::{
    basic::{Compression, GzipLevel},
    file::properties::WriterVersion,
};
use serde::Deserialize;
use serde_json::Value;

use super::{DefinitionError, Refusals};
use crate::conversion::{
    CatalogTable, Conversion, Deserializer, GlueTables, HiveJson, OpenXJson, ParquetOptions,
};

const MEMBER: &str = "DataFormatConversionConfiguration";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// AWS takes it for true where the block is there and does not say.
    #[serde(rename = "Enabled")]
    enabled: Option<bool>,
    #[serde(rename = "SchemaConfiguration")]
    schema: Option<SchemaConfiguration>,
    #[serde(rename = "InputFormatConfiguration")]
    input: Option<InputFormat>,
    #[serde(rename = "OutputFormatConfiguration")]
    output: Option<OutputFormat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SchemaConfiguration {
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    catalog_id: Option<String>,
    database_name: Option<String>,
    table_name: Option<String>,
    region: Option<String>,
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InputFormat {
    deserializer: Option<DeserializerConfiguration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeserializerConfiguration {
    #[serde(rename = "OpenXJsonSerDe")]
    openx: Option<OpenXJsonSerDe>,
    #[serde(rename = "HiveJsonSerDe")]
    hive: Option<HiveJsonSerDe>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OpenXJsonSerDe {
    case_insensitive: Option<bool>,
    convert_dots_in_json_keys_to_underscores: Option<bool>,
    #[serde(default)]
    column_to_json_key_mappings: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HiveJsonSerDe {
    #[serde(default)]
    timestamp_formats: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OutputFormat {
    serializer: Option<SerializerConfiguration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SerializerConfiguration {
    #[serde(rename = "ParquetSerDe")]
    parquet: Option<ParquetSerDe>,
    #[serde(rename = "OrcSerDe")]
    orc: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ParquetSerDe {
    block_size_bytes: Option<usize>,
    page_size_bytes: Option<usize>,
    compression: Option<String>,
    enable_dictionary_compression: Option<bool>,
    /// Of blocks in HDFS: an object has none.
    #[serde(rename = "MaxPaddingBytes")]
    _max_padding_bytes: Option<usize>,
    writer_version: Option<String>,
}

/// Whether the records of a destination are converted.
pub(crate) fn is_on(destination: &ExtendedS3Destination) -> bool {
    destination
        .data_format_conversion_configuration
        .as_ref()
        .is_some_and(|block| block["Enabled"].as_bool().unwrap_or(true))
}

/// Database and name of the table that the records become rows of, where they do.
pub(crate) fn table_named(destination: &ExtendedS3Destination) -> Option<(&str, &str)> {
    let block = destination.data_format_conversion_configuration.as_ref();
    let schema = &block.filter(|_| is_on(destination))?["SchemaConfiguration"];
    schema["DatabaseName"]
        .as_str()
        .zip(schema["TableName"].as_str())
}

/// What is compressed inside is not compressed once more. AWS says this before everything else.
pub(super) fn check_compression(destination: &ExtendedS3Destination, refused: &mut Refusals) {
    if !is_on(destination) {
        return;
    }
    refused.check(
        destination.compression_format == CompressionFormat::Uncompressed,
        "CompressionFormat",
        "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is \
         enabled. To enable compression within the converted output format, set the appropriate \
         serialization option in the output format configuration.",
        "set CompressionFormat to UNCOMPRESSED, and Compression in the serializer",
    );
}

/// The conversion; `None` where it is off, or refused.
///
/// # Errors
///
/// [`DefinitionError::Unsupported`] for what AWS takes and is not done here.
pub(super) fn check(
    destination: &ExtendedS3Destination,
    tables: &GlueTables,
    refused: &mut Refusals,
) -> Result<Option<Arc<Conversion>>, DefinitionError> {
    let Some(block) = destination
        .data_format_conversion_configuration
        .as_ref()
        .filter(|_| is_on(destination))
    else {
        return Ok(None);
    };
    let configuration: Configuration = match serde_json::from_value(block.clone()) {
        Ok(configuration) => configuration,
        Err(error) => {
            refused.add(
                MEMBER,
                error.to_string(),
                "names are those of the API reference",
            );
            return Ok(None);
        }
    };
    debug_assert_ne!(configuration.enabled, Some(false), "it is on");
    let deserializer = input(configuration.input, refused);
    let options = output(configuration.output, refused)?;
    let schema = schema(configuration.schema, refused);
    let (Some(deserializer), Some(options), Some(table)) = (deserializer, options, schema) else {
        return Ok(None);
    };
    let (database, name) = (&table.database_name, &table.table_name);
    let Some(columns) = tables.columns(database, name) else {
        let known: Vec<String> = tables.names().collect();
        let known = match known.as_slice() {
            [] => String::new(),
            names => format!("; there are {}", names.join(", ")),
        };
        refused.add(
            &format!("{MEMBER}.SchemaConfiguration"),
            format!(
                "The specified table/database could not be found. Please ensure that the table/database \
                 exists and that the values provided in the schema configuration are correct, especially \
                 with regards to casing: {database}.{name}. Here tables come from files: --glue-table FILE"
            ),
            format!("save `aws glue get-table --database-name {database} --name {name}`, or write such a file{known}"),
        );
        return Ok(None);
    };
    let conversion = Conversion::new(table, columns.to_vec(), deserializer, options);
    Ok(Some(Arc::new(conversion)))
}

fn missing(refused: &mut Refusals, place: &str, what: &str, help: &str) {
    refused.add(
        &format!("{MEMBER}{place}"),
        format!("{what} must not be null"),
        help,
    );
}

fn input(given: Option<InputFormat>, refused: &mut Refusals) -> Option<Deserializer> {
    const CHOICE: &str = "give OpenXJsonSerDe or HiveJsonSerDe, {} for its defaults";
    let Some(given) = given else {
        missing(
            refused,
            "",
            "InputFormatConfiguration",
            "or set Enabled to false",
        );
        return None;
    };
    let place = ".InputFormatConfiguration";
    match given.deserializer.map(|it| (it.openx, it.hive)) {
        None | Some((None, None)) => {
            missing(refused, place, "Deserializer", CHOICE);
            None
        }
        Some((Some(_), Some(_))) => {
            refused.add(
                &format!("{MEMBER}{place}"),
                "More than one deserializer specified. Only one may be chosen.",
                CHOICE,
            );
            None
        }
        Some((Some(openx), None)) => Some(Deserializer::OpenX(OpenXJson {
            case_insensitive: openx.case_insensitive.unwrap_or(true),
            dots_to_underscores: openx
                .convert_dots_in_json_keys_to_underscores
                .unwrap_or(false),
            mappings: openx.column_to_json_key_mappings,
        })),
        Some((None, Some(hive))) => match HiveJson::new(&hive.timestamp_formats) {
            Ok(hive) => Some(Deserializer::Hive(hive)),
            Err(error) => {
                refused.add(
                    &format!("{MEMBER}{place}.Deserializer.HiveJsonSerDe.TimestampFormats"),
                    format!("Invalid deserializer option(s): {error}"),
                    "patterns are Joda-Time's, or the word millis",
                );
                None
            }
        },
    }
}

fn output(
    given: Option<OutputFormat>,
    refused: &mut Refusals,
) -> Result<Option<ParquetOptions>, DefinitionError> {
    const CHOICE: &str = "give ParquetSerDe, {} for its defaults";
    let Some(given) = given else {
        missing(
            refused,
            "",
            "OutputFormatConfiguration",
            "or set Enabled to false",
        );
        return Ok(None);
    };
    let place = ".OutputFormatConfiguration";
    match given.serializer.map(|it| (it.parquet, it.orc)) {
        None | Some((None, None)) => {
            missing(refused, place, "Serializer", CHOICE);
            Ok(None)
        }
        Some((Some(_), Some(_))) => {
            refused.add(
                &format!("{MEMBER}{place}"),
                "More than one serializer specified. Only one may be chosen.",
                CHOICE,
            );
            Ok(None)
        }
        Some((None, Some(_))) => Err(DefinitionError::Unsupported(
            "OrcSerDe: AWS writes ORC, and here only Parquet is written; give ParquetSerDe to try the \
             stream, the records and the table are the same"
                .to_owned(),
        )),
        Some((Some(parquet), None)) => Ok(parquet_options(&parquet, refused)),
    }
}

fn parquet_options(parquet: &ParquetSerDe, refused: &mut Refusals) -> Option<ParquetOptions> {
    let member = format!("{MEMBER}.OutputFormatConfiguration.Serializer.ParquetSerDe");
    let constraint = |name: &str, rule: &str| {
        format!(
            "1 validation error detected: Value at 'extendedS3DestinationConfiguration.\
             dataFormatConversionConfiguration.outputFormatConfiguration.serializer.parquetSerDe.{name}' \
             failed to satisfy constraint: Member must {rule}"
        )
    };
    let mut least = |name: &str, value: usize, least: usize| {
        if value < least {
            let rule = format!("have value greater than or equal to {least}");
            refused.add(
                &member,
                constraint(name, &rule),
                "leave it out for the default",
            );
        }
        value
    };
    let block_bytes = parquet.block_size_bytes.unwrap_or(256 * MIB);
    let block_bytes = least("blockSizeBytes", block_bytes, 64 * MIB);
    let page_bytes = parquet.page_size_bytes.unwrap_or(MIB);
    let page_bytes = least("pageSizeBytes", page_bytes, 64 << 10);
    let compression = match parquet.compression.as_deref() {
        None | Some("SNAPPY") => Some(Compression::SNAPPY),
        Some("GZIP") => Some(Compression::GZIP(GzipLevel::default())),
        Some("UNCOMPRESSED") => Some(Compression::UNCOMPRESSED),
        Some(_) => {
            let rule = "satisfy enum value set: [UNCOMPRESSED, GZIP, SNAPPY]";
            refused.add(&member, constraint("compression", rule), "");
            None
        }
    };
    let version = match parquet.writer_version.as_deref() {
        None | Some("V1") => Some(WriterVersion::PARQUET_1_0),
        Some("V2") => Some(WriterVersion::PARQUET_2_0),
        Some(_) => {
            let rule = "satisfy enum value set: [V1, V2]";
            refused.add(&member, constraint("writerVersion", rule), "");
            None
        }
    };
    Some(ParquetOptions {
        compression: compression?,
        block_bytes,
        page_bytes,
        dictionary: parquet.enable_dictionary_compression.unwrap_or(false),
        version: version?,
    })
}

fn schema(given: Option<SchemaConfiguration>, refused: &mut Refusals) -> Option<CatalogTable> {
    let Some(given) = given else {
        missing(
            refused,
            "",
            "SchemaConfiguration",
            "or set Enabled to false",
        );
        return None;
    };
    let needed = [
        ("RoleArn", &given.role_arn),
        ("DatabaseName", &given.database_name),
        ("TableName", &given.table_name),
    ];
    let mut complete = true;
    for (name, value) in needed {
        if value.as_deref().is_none_or(str::is_empty) {
            complete = false;
            refused.add(
                &format!("{MEMBER}.SchemaConfiguration"),
                format!("SchemaConfiguration.{name} must not be null or empty"),
                "it names the Glue table whose columns the records have",
            );
        }
    }
    complete.then(|| CatalogTable {
        catalog_id: given.catalog_id.unwrap_or_default(),
        database_name: given.database_name.unwrap_or_default(),
        table_name: given.table_name.unwrap_or_default(),
        region: given.region.unwrap_or_default(),
        version_id: given.version_id.unwrap_or_else(|| "LATEST".to_owned()),
    })
}
