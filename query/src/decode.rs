//! From the records of objects to record batches.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{Field, FieldRef, Schema, SchemaRef},
    error::ArrowError,
};
use hydrant_records::json::JsonError;

use crate::{
    column::Column,
    constants::{Constant, ConstantColumn},
    object::DataObject,
    paths::{Paths, Wanted},
    scan::Projection,
    slots::Slots,
};

/// Turns records into rows. What is a record, and so a row, is the same for every decoder and projection.
pub(crate) trait Decoder: Send {
    /// The rows that follow come from this object.
    fn begin(&mut self, object: &Arc<DataObject>);

    /// Adds the record that starts at `start` of the text of an object as one row.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when no record starts there; no row was added.
    fn push(&mut self, text: &[u8], start: usize) -> Result<Pushed, JsonError>;

    /// The rows so far, and none are left.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when the columns do not fit the schema, which would be a defect of the decoder.
    fn finish(&mut self) -> Result<RecordBatch, ArrowError>;
}

/// A row that was added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pushed {
    /// The end of its record.
    pub(crate) end: usize,
    /// The first column whose value did not fit it and is null.
    pub(crate) misfit: Option<usize>,
}

/// The columns of a table: first the records' fields, then those that an object has in common.
#[derive(Debug, Clone)]
pub(crate) struct TableColumns {
    /// All columns.
    pub(crate) schema: SchemaRef,
    /// How many of them come from the records.
    pub(crate) fields: usize,
    /// The rest.
    pub(crate) constants: Vec<Constant>,
}

impl TableColumns {
    /// Puts `constants` behind `fields`. A field that the records have wins over a constant of that name.
    pub(crate) fn new(fields: Vec<FieldRef>, mut constants: Vec<Constant>) -> Self {
        constants.retain(|constant| {
            fields
                .iter()
                .all(|field| field.name() != constant.field().name())
        });
        let count = fields.len();
        let mut all = fields;
        all.extend(
            constants
                .iter()
                .map(|constant| Arc::clone(constant.field())),
        );
        Self {
            schema: Arc::new(Schema::new(all)),
            fields: count,
            constants,
        }
    }

    /// Whether a column's value is the same for all rows of an object.
    pub(crate) fn is_constant(&self, name: &str) -> bool {
        self.constants
            .iter()
            .any(|constant| constant.field().name() == name)
    }
}

/// The constant columns of a batch being filled. Rows are counted, and written when the object changes.
pub(crate) struct Constants {
    columns: Vec<(Constant, ConstantColumn)>,
    object: Option<Arc<DataObject>>,
    rows: usize,
}

impl Constants {
    pub(crate) fn new(constants: Vec<Constant>) -> Self {
        let column = |constant: Constant| {
            let column = ConstantColumn::new(&constant);
            (constant, column)
        };
        Self {
            columns: constants.into_iter().map(column).collect(),
            object: None,
            rows: 0,
        }
    }

    pub(crate) fn begin(&mut self, object: &Arc<DataObject>) {
        self.write();
        self.object = Some(Arc::clone(object));
    }

    #[inline]
    pub(crate) fn count_row(&mut self) {
        self.rows += 1;
    }

    fn write(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if let Some(object) = self.object.as_deref().filter(|_| rows > 0) {
            for (constant, column) in &mut self.columns {
                column.append(constant, object, rows);
            }
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<ArrayRef> {
        self.write();
        self.columns
            .iter_mut()
            .map(|(_, column)| column.finish())
            .collect()
    }
}

/// Where an output column comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Field(usize),
    Constant(usize),
}

/// Decodes delivered records, building only the columns that are asked for.
pub(crate) struct EventDecoder {
    schema: SchemaRef,
    sources: Vec<Source>,
    slots: Slots,
    columns: Vec<Column>,
    constants: Constants,
    rows: usize,
}

impl EventDecoder {
    /// A decoder of these columns of `table`, in this order; each may be named once.
    pub(crate) fn new(table: &TableColumns, projection: &Projection) -> Self {
        let Projection {
            columns: projection,
            paths,
        } = projection;
        let (mut fields, mut constants, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        for &at in projection {
            if at < table.fields {
                sources.push(Source::Field(fields.len()));
                fields.push(table.schema.field(at));
            } else if let Some(constant) = table.constants.get(at - table.fields) {
                sources.push(Source::Constant(constants.len()));
                constants.push(constant.clone());
            }
        }
        let projected = projection
            .iter()
            .map(|&at| Arc::clone(&table.schema.fields()[at]));
        Self {
            schema: Arc::new(Schema::new(projected.collect::<Vec<_>>())),
            sources,
            slots: Slots::new(fields.iter().map(|field| field.name().as_str())),
            columns: fields
                .iter()
                .map(|field| column(field, paths.as_deref()))
                .collect(),
            constants: Constants::new(constants),
            rows: 0,
        }
    }
}

fn column(field: &Field, paths: Option<&Paths>) -> Column {
    let wanted = paths.map_or(&Wanted::Whole, |paths| paths.of(field.name()));
    Column::new(field.data_type(), wanted)
}

impl Decoder for EventDecoder {
    fn begin(&mut self, object: &Arc<DataObject>) {
        self.constants.begin(object);
    }

    fn push(&mut self, text: &[u8], start: usize) -> Result<Pushed, JsonError> {
        let end = self.slots.read_record(text, start)?;
        let mut misfit = None;
        for (slot, column) in self.columns.iter_mut().enumerate() {
            if !column.append(self.slots.value(slot, text)) && misfit.is_none() {
                misfit = Some(slot);
            }
        }
        self.constants.count_row();
        self.rows += 1;
        Ok(Pushed {
            end,
            misfit: misfit.and_then(|slot| self.output_of(slot)),
        })
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let fields = self
            .columns
            .iter_mut()
            .map(Column::finish)
            .collect::<Result<Vec<_>, _>>()?;
        let constants = self.constants.finish();
        let array = |source: &Source| match *source {
            Source::Field(at) => Arc::clone(&fields[at]),
            Source::Constant(at) => Arc::clone(&constants[at]),
        };
        // Without columns, as for count(*), the number of rows is all there is.
        let rows = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        let arrays = self.sources.iter().map(array).collect();
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &rows)
    }
}

impl EventDecoder {
    fn output_of(&self, slot: usize) -> Option<usize> {
        self.sources
            .iter()
            .position(|source| matches!(source, Source::Field(at) if *at == slot))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shape::Shape;

    fn decode(records: &[&str]) -> RecordBatch {
        let mut shape = Shape::default();
        for record in records {
            shape.observe_record(record.as_bytes()).unwrap();
        }
        let table = TableColumns::new(shape.record_fields(), vec![Constant::object()]);
        let columns = (0..table.schema.fields().len()).collect();
        let all = Projection {
            columns,
            paths: None,
        };
        let mut decoder = EventDecoder::new(&table, &all);
        decoder.begin(&Arc::new(DataObject {
            key: "k".into(),
            size: 0,
            partitions: vec![],
        }));
        for record in records {
            let pushed = decoder.push(record.as_bytes(), 0).unwrap();
            assert_eq!(
                (pushed.end, pushed.misfit),
                (record.len(), None),
                "{record}"
            );
        }
        decoder.finish().unwrap()
    }

    fn lines(batch: &RecordBatch) -> String {
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        writer.write(batch).unwrap();
        String::from_utf8(writer.into_inner()).unwrap()
    }

    #[test]
    fn what_was_learned_is_what_is_read() {
        let batch = decode(&[
            r#"{"a":1,"b":{"c":"x\n\"y\"","d":[1,null,{"e":2}]},"f":"text","g":null}"#,
            r#"{ "b" : { "d" : [ ] } , "a" : 0.5 , "f" : { "k" : [1.50, true] } }"#,
            r#"{"a":1,"a":2,"\u0066":18446744073709551616,"h":[[1],[],null],"i":{}}"#,
            "{}",
        ]);
        insta::assert_snapshot!(lines(&batch), @r#"
        {"a":1.0,"b":{"c":"x\n\"y\"","d":["1",null,"{\"e\":2}"]},"f":"text","_object":"k"}
        {"a":0.5,"b":{"d":[]},"f":"{ \"k\" : [1.50, true] }","_object":"k"}
        {"a":2.0,"f":"18446744073709551616","h":[[1],[],null],"i":"{}","_object":"k"}
        {"_object":"k"}
        "#);
    }

    #[test]
    fn a_record_that_is_refused_adds_no_row() {
        let table = TableColumns::new(Vec::new(), vec![Constant::object()]);
        let mut decoder = EventDecoder::new(
            &table,
            &Projection {
                columns: vec![],
                paths: None,
            },
        );
        for bad in ["{\"a\":tru}", "[{}]", "1", "{\"a\":\"\u{0}\"}"] {
            assert!(decoder.push(bad.as_bytes(), 0).is_err(), "{bad}");
        }
        assert!(decoder.push(b"{\"a\":\"\xff\"}", 0).is_err());
        assert!(decoder.push("{\"a\":\"ÿ\"}\u{ff}".as_bytes(), 0).is_ok());
        assert_eq!(decoder.finish().unwrap().num_rows(), 1);
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map("[a-d\"\u{e9}]", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_fits_the_column_that_was_learned_from_it(
            values in prop::collection::vec(any_json(), 0..6),
            pretty: bool,
        ) {
            let record = |value| {
                let record = serde_json::json!({ "a": value });
                if pretty { serde_json::to_string_pretty(&record) } else { serde_json::to_string(&record) }.unwrap()
            };
            let records: Vec<String> = values.iter().map(record).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            prop_assert_eq!(decode(&records).num_rows(), records.len());
        }
    }
}
