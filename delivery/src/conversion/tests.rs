use std::collections::HashMap;

use arrow::{array::Array as _, util::display::array_value_to_string};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::*;

const SCHEMA: &str = r#"{"Name":"events","DatabaseName":"db","StorageDescriptor":{"Columns":[
    {"Name":"id","Type":"string"},
    {"Name":"n","Type":"int"},
    {"Name":"price","Type":"decimal(6,2)"},
    {"Name":"at","Type":"timestamp"},
    {"Name":"day","Type":"date"},
    {"Name":"ok","Type":"boolean"},
    {"Name":"tags","Type":"array<string>"},
    {"Name":"who","Type":"struct<name:string,age:int>"},
    {"Name":"attrs","Type":"map<string,double>"}]}}"#;

fn conversion(deserializer: Deserializer) -> Conversion {
    let mut tables = GlueTables::default();
    tables.add(SCHEMA, None).unwrap();
    let table = CatalogTable {
        catalog_id: String::new(),
        database_name: "db".to_owned(),
        table_name: "events".to_owned(),
        region: String::new(),
        version_id: "LATEST".to_owned(),
    };
    let options = ParquetOptions {
        compression: Compression::SNAPPY,
        block_bytes: 64 << 20,
        page_bytes: 1 << 20,
        dictionary: false,
        version: WriterVersion::PARQUET_1_0,
    };
    let columns = tables.columns("db", "events").unwrap().to_vec();
    Conversion::new(table, columns, deserializer, options)
}

fn openx() -> OpenXJson {
    OpenXJson {
        case_insensitive: true,
        dots_to_underscores: false,
        mappings: HashMap::new(),
    }
}

fn hive(formats: &[&str]) -> Deserializer {
    let formats: Vec<String> = formats.iter().map(|it| (*it).to_owned()).collect();
    Deserializer::Hive(HiveJson::new(&formats).unwrap())
}

/// The rows of a Parquet file, as text: what is null is left out.
fn rows(file: Vec<u8>) -> Vec<String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let mut cells = Vec::new();
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                if column.is_valid(row) {
                    let text = array_value_to_string(column, row).unwrap();
                    cells.push(format!("{}={text}", field.name()));
                }
            }
            rows.push(cells.join(" "));
        }
    }
    rows
}

/// What becomes of one record.
fn converted(conversion: &Conversion, record: &str) -> String {
    match conversion.check(record.as_bytes()) {
        Ok(()) => rows(conversion.to_parquet(record.as_bytes()).unwrap()).join(" | "),
        Err(refusal) => format!("{}: {}", refusal.code, refusal.message),
    }
}

fn all(conversion: &Conversion, records: &[&str]) -> String {
    let converted = records
        .iter()
        .map(|it| format!("{it}\n  {}", converted(conversion, it)));
    converted.collect::<Vec<_>>().join("\n")
}

#[test]
fn openx_coerces_what_aws_was_seen_to_coerce() {
    let conversion = conversion(Deserializer::OpenX(openx()));
    insta::assert_snapshot!(all(
        &conversion,
        &[
            r#"{"id":"a","n":1,"price":12.345,"at":"2026-11-22T10:20:30.5Z","day":"2026-11-22","ok":true,
            "tags":["x",null,"y"],"who":{"name":"Z","age":9},"attrs":{"k":1.5,"l":null}}"#,
            r#"{"ID":"a","Who":{"NAME":"Z","Age":"9"},"ATTRS":{"MixedKey":1}}"#,
            r#"{"id":7,"n":"12","price":"3","at":1518033528,"ok":"TRUE"}"#,
            r#"{"id":{"Nested":[1,{"Key":null}]},"tags":"solo","who":["Z",9,"ignored"]}"#,
            r#"{"id":null,"unknown":1,"who":{},"tags":[],"attrs":{}}"#,
            r#"{"n":1}{"n":2}
           {"n":3}"#,
            r#"{"n":1,"N":2}"#,
            r#"{"n":1.0,"at":"2026-9-7 1:2:3"}"#,
            r#"{"id":"\u00e9\ud83d\ude00\n"}"#,
        ]
    ));
}

#[test]
fn what_does_not_fit_is_refused_in_awss_words() {
    let conversion = conversion(Deserializer::OpenX(openx()));
    insta::assert_snapshot!(all(
        &conversion,
        &[
            "",
            " \n",
            "text",
            r#"{"n":1"#,
            r#"{"n":1} and more"#,
            "42",
            r#"[{"n":1}]"#,
            r#"{"n":"oops"}"#,
            r#"{"n":1.5}"#,
            r#"{"n":3000000000}"#,
            r#"{"price":12345.67}"#,
            r#"{"at":"soon"}"#,
            r#"{"day":"2026-02-30"}"#,
            r#"{"ok":"yes"}"#,
            r#"{"who":42}"#,
            r#"{"attrs":[["k",1]]}"#,
            r#"{"who":{"age":"oops"}}"#,
            r#"{"n":1}{"n":"oops"}"#,
        ]
    ));
}

#[test]
fn hives_serde_is_stricter_and_keeps_the_keys_of_maps() {
    let conversion = conversion(hive(&[]));
    insta::assert_snapshot!(all(
        &conversion,
        &[
            r#"{"ID":7,"WHO":{"NAME":"Bob","AGE":2},"attrs":{"MixedKey":1}}"#,
            r#"{"at":"2026-11-22 10:20:30.5"}"#,
            r#"{"at":"2026-11-22T10:20:30Z"}"#,
            r#"{"n":"12"}"#,
            r#"{"tags":"solo"}"#,
            r#"{"who":["Bob",41]}"#,
            r#"{"who":42}"#,
            r#"{"id":{"nested":1}}"#,
        ]
    ));
}

#[test]
fn timestamp_formats_are_tried_in_order() {
    let conversion = conversion(hive(&["yyyy-MM-dd'T'HH:mm:ssZ", "millis"]));
    insta::assert_snapshot!(all(
        &conversion,
        &[
            r#"{"at":"2026-11-22T10:20:30+01:00"}"#,
            r#"{"at":1518033528123}"#,
            r#"{"at":"2026-11-22 10:20:30"}"#,
        ]
    ));
}

#[test]
fn openx_options_decide_how_keys_are_found() {
    let record = r#"{"id":"id","Id":"Id","user.id":"user.id","n":1,"who":{"NAME":"Bob"}}"#;
    let with = |openx: OpenXJson| converted(&conversion(Deserializer::OpenX(openx)), record);
    let said = [
        with(openx()),
        with(OpenXJson {
            case_insensitive: false,
            ..openx()
        }),
        with(OpenXJson {
            mappings: HashMap::from([("id".to_owned(), "user.id".to_owned())]),
            ..openx()
        }),
        with(OpenXJson {
            dots_to_underscores: true,
            mappings: HashMap::from([("id".to_owned(), "User_Id".to_owned())]),
            ..openx()
        }),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_file_has_the_compression_and_the_version_that_were_asked_for() {
    let record = br#"{"id":"a"}"#;
    for (compression, version, encoding) in [
        (
            Compression::SNAPPY,
            WriterVersion::PARQUET_1_0,
            Some("hadoop-snappy"),
        ),
        (Compression::UNCOMPRESSED, WriterVersion::PARQUET_2_0, None),
        (
            Compression::GZIP(parquet::basic::GzipLevel::default()),
            WriterVersion::PARQUET_1_0,
            None,
        ),
    ] {
        let mut conversion = conversion(Deserializer::OpenX(openx()));
        conversion.options.compression = compression;
        conversion.options.version = version;
        assert_eq!(conversion.content_encoding(), encoding);
        let file = Bytes::from(conversion.to_parquet(record).unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let group = reader.metadata().row_group(0);
        let column = group.column(0);
        assert_eq!(
            std::mem::discriminant(&column.compression()),
            std::mem::discriminant(&compression)
        );
        assert!(
            column.dictionary_page_offset().is_none(),
            "no dictionary by default"
        );
        assert_eq!(
            reader.metadata().file_metadata().version(),
            version.as_num()
        );
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9:. -]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[nN]ame|age|[a-c]", inner), 0..3)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever a record holds: it is refused, or it becomes as many rows as it has objects.
    #[test]
    fn a_record_that_is_checked_becomes_a_row(
        members in prop::collection::vec(("id|n|price|at|day|ok|tags|who|attrs", json()), 0..6),
        strict: bool,
    ) {
        let record = serde_json::Value::Object(members.into_iter().collect()).to_string();
        let deserializer = if strict { hive(&[]) } else { Deserializer::OpenX(openx()) };
        let conversion = conversion(deserializer);
        if conversion.check(record.as_bytes()).is_ok() {
            let twice = format!("{record}{record}\n");
            prop_assert_eq!(rows(conversion.to_parquet(twice.as_bytes()).unwrap()).len(), 2);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(record: Vec<u8>) {
        let conversion = conversion(Deserializer::OpenX(openx()));
        conversion.check(&record).ok();
        conversion.to_parquet(&record).ok();
    }
}
