//! The shape of a record format conversion.

use super::{MANY, Shape, optional, text};

const MIB: i64 = 1 << 20;

pub(super) const CONVERSION: Shape = Shape::Struct(&[
    optional("Enabled", Shape::Boolean),
    optional(
        "SchemaConfiguration",
        Shape::Struct(&[
            optional("RoleARN", text(1, MANY)),
            optional("CatalogId", text(1, MANY)),
            optional("DatabaseName", text(1, MANY)),
            optional("TableName", text(1, MANY)),
            optional("Region", text(1, MANY)),
            optional("VersionId", text(1, MANY)),
        ]),
    ),
    optional(
        "InputFormatConfiguration",
        Shape::Struct(&[optional(
            "Deserializer",
            Shape::Struct(&[
                optional(
                    "OpenXJsonSerDe",
                    Shape::Struct(&[
                        optional("ConvertDotsInJsonKeysToUnderscores", Shape::Boolean),
                        optional("CaseInsensitive", Shape::Boolean),
                        optional("ColumnToJsonKeyMappings", Shape::Any),
                    ]),
                ),
                optional(
                    "HiveJsonSerDe",
                    Shape::Struct(&[optional(
                        "TimestampFormats",
                        Shape::List(&text(1, MANY), 0, MANY),
                    )]),
                ),
            ]),
        )]),
    ),
    optional(
        "OutputFormatConfiguration",
        Shape::Struct(&[optional(
            "Serializer",
            Shape::Struct(&[optional("ParquetSerDe", PARQUET), optional("OrcSerDe", ORC)]),
        )]),
    ),
]);

const PARQUET: Shape = Shape::Struct(&[
    optional("BlockSizeBytes", Shape::Integer(64 * MIB, i64::MAX)),
    optional("PageSizeBytes", Shape::Integer(64 << 10, i64::MAX)),
    optional(
        "Compression",
        Shape::Enum(&["UNCOMPRESSED", "GZIP", "SNAPPY"]),
    ),
    optional("EnableDictionaryCompression", Shape::Boolean),
    optional("MaxPaddingBytes", Shape::Integer(0, i64::MAX)),
    optional("WriterVersion", Shape::Enum(&["V1", "V2"])),
]);

const ORC: Shape = Shape::Struct(&[
    optional("StripeSizeBytes", Shape::Integer(8 * MIB, i64::MAX)),
    optional("BlockSizeBytes", Shape::Integer(64 * MIB, i64::MAX)),
    optional("RowIndexStride", Shape::Integer(1000, i64::MAX)),
    optional("EnablePadding", Shape::Boolean),
    optional("PaddingTolerance", Shape::Number(0.0, 1.0)),
    optional("Compression", Shape::Enum(&["NONE", "ZLIB", "SNAPPY"])),
    optional("BloomFilterColumns", Shape::List(&text(1, MANY), 0, MANY)),
    optional(
        "BloomFilterFalsePositiveProbability",
        Shape::Number(0.0, 1.0),
    ),
    optional("DictionaryKeyThreshold", Shape::Number(0.0, 1.0)),
    optional("FormatVersion", Shape::Enum(&["V0_11", "V0_12"])),
]);
