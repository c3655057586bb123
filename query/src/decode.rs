//! From the records of objects to record batches.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{FieldRef, Fields, Schema, SchemaRef},
    error::ArrowError,
};

use crate::{
    column::{Column, Fault, Reading},
    constants::{Constant, ConstantColumn},
    hours::{PARTS, interval},
    members::Members,
    object::DataObject,
    paths::{Projection, Wanted},
    shape::{Shape, TIME},
    skim::Marked,
};

/// Turns records into rows.
pub(crate) trait Decoder: Send {
    /// The rows that follow come from this object.
    fn begin(&mut self, object: &Arc<DataObject>);

    /// Adds the record that starts at `start` of a text as one row.
    ///
    /// # Errors
    ///
    /// [`Fault`]; no row was added.
    fn push(&mut self, text: Marked<'_>, start: usize) -> Result<Pushed, Fault>;

    /// Adds rows of which nothing is looked at; only a decoder that [`Decoder::counts_only`] can.
    fn push_unseen(&mut self, rows: usize);

    /// Whether no column comes from the records.
    fn counts_only(&self) -> bool;

    /// Whether a [`Fault::Misfit`] was that of a record in a folder that is not named after its time.
    fn found_stray(&self) -> bool {
        false
    }

    /// The rows so far, and none are left.
    ///
    /// # Errors
    ///
    /// [`ArrowError`] when the columns do not fit the schema, which would be a defect of the decoder.
    fn finish(&mut self) -> Result<RecordBatch, ArrowError>;
}

/// A row that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// The end of its record, or [`crate::column::ENOUGH`].
    pub(crate) end: usize,
    /// The path of the first value that is null because it does not fit its column.
    pub(crate) bad: Option<String>,
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
    /// What the fields were made from; `None` when they are pinned, or fixed.
    pub(crate) shape: Option<Arc<Shape>>,
}

impl TableColumns {
    /// Puts `constants` behind `fields`. A field that the records have wins over a constant of that name.
    pub(crate) fn new(
        fields: Vec<FieldRef>,
        mut constants: Vec<Constant>,
        shape: Option<Arc<Shape>>,
    ) -> Self {
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
            shape,
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
    pub(crate) fn count_rows(&mut self, rows: usize) {
        self.rows += rows;
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
    members: Members,
    constants: Constants,
    pinned: bool,
    rows: usize,
    times: Option<Times>,
    found_stray: bool,
    all_constants: Vec<Constant>,
}

/// What is needed to see whether records lie in the folders of their times.
struct Times {
    /// The column `time`, among those that are read.
    column: usize,
    /// The columns that make up a folder's time.
    parts: Vec<Constant>,
    /// From when to when the folder reaches of the object that is read.
    interval: Option<(i64, i64)>,
}

impl EventDecoder {
    /// A decoder of these columns of `table`, in this order; each may be named once.
    pub(crate) fn new(table: &TableColumns, projection: &Projection) -> Self {
        let Projection {
            columns: projection,
            paths,
        } = projection;
        let shape = table.shape.as_deref();
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        let (mut constants, mut sources) = (Vec::new(), Vec::new());
        for &at in projection {
            if at < table.fields {
                let field = &table.schema.fields()[at];
                let wanted = paths
                    .as_deref()
                    .map_or(&Wanted::Whole, |paths| paths.of(field.name()));
                let shape = shape.map(|it| it.field(field.name()).unwrap_or(Shape::nothing()));
                sources.push(Source::Field(fields.len()));
                columns.push(Column::new(field.data_type(), wanted, shape, 1));
                fields.push(Arc::clone(field));
            } else if let Some(constant) = table.constants.get(at - table.fields) {
                sources.push(Source::Constant(constants.len()));
                constants.push(constant.clone());
            }
        }
        let projected = projection
            .iter()
            .map(|&at| Arc::clone(&table.schema.fields()[at]));
        // Whoever asks for every field asks for those too that nobody knew of. (With nothing asked for at
        // all, records are only counted.)
        let whole = fields.len() == table.fields && shape.is_some() && !projection.is_empty();
        Self {
            schema: Arc::new(Schema::new(projected.collect::<Vec<_>>())),
            sources,
            members: Members::with_columns(Fields::from(fields), columns, whole),
            constants: Constants::new(constants),
            pinned: shape.is_none(),
            rows: 0,
            times: None,
            found_stray: false,
            all_constants: table.constants.clone(),
        }
    }

    /// The same, which takes it for a misfit when a record does not lie in the folder of its time.
    pub(crate) fn trusting_time(mut self, trusts: bool) -> Self {
        let column = self.members.position(TIME).filter(|_| trusts);
        self.times = column.map(|column| {
            let constants = std::mem::take(&mut self.all_constants).into_iter();
            Times {
                column,
                parts: constants
                    .filter(|it| PARTS.contains(&it.field().name().as_str()))
                    .collect(),
                interval: None,
            }
        });
        self
    }

    /// Whether the record that was read last lies in the folder of its time.
    fn is_at_home(&self) -> bool {
        let Some(Times {
            column,
            interval: Some((from, to)),
            ..
        }) = &self.times
        else {
            return true;
        };
        let time = self.members.last_time(*column);
        time.is_none_or(|time| (*from..*to).contains(&time))
    }
}

impl Decoder for EventDecoder {
    fn begin(&mut self, object: &Arc<DataObject>) {
        self.constants.begin(object);
        if let Some(times) = &mut self.times {
            times.interval = interval(|part| {
                let mut parts = times.parts.iter();
                parts.find(|it| it.field().name() == part)?.value(object)
            });
        }
    }

    fn found_stray(&self) -> bool {
        self.found_stray
    }

    #[inline]
    fn push(&mut self, text: Marked<'_>, start: usize) -> Result<Pushed, Fault> {
        let mut reading = Reading {
            text,
            pinned: self.pinned,
            bad: None,
        };
        match self.members.read(&mut reading, start, true) {
            Ok(_) if !self.is_at_home() => {
                self.found_stray = true;
                self.members.pad(self.rows);
                Err(Fault::Misfit)
            }
            Ok(end) => {
                self.constants.count_rows(1);
                self.rows += 1;
                Ok(Pushed {
                    end,
                    bad: reading.bad,
                })
            }
            Err(fault) => {
                self.members.pad(self.rows);
                Err(fault)
            }
        }
    }

    fn push_unseen(&mut self, rows: usize) {
        self.constants.count_rows(rows);
        self.rows += rows;
    }

    fn counts_only(&self) -> bool {
        self.members.reads_nothing()
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let (_, fields) = self.members.finish()?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{column::ENOUGH, survey::Survey};

    fn decode(records: &[&str]) -> RecordBatch {
        let mut shape = Shape::default();
        for record in records {
            shape.observe_record(record.as_bytes()).unwrap();
        }
        let fields = shape.record_fields();
        let table = TableColumns::new(fields, vec![Constant::object()], Some(Arc::new(shape)));
        let columns = (0..table.schema.fields().len()).collect();
        let all = Projection {
            columns,
            paths: None,
        };
        let mut decoder = EventDecoder::new(&table, &all);
        decoder.begin(&Arc::new(DataObject {
            key: "k".into(),
            size: 0,
            written: 0,
            partitions: [].into(),
            compacted: None,
        }));
        for record in records {
            let pushed = decoder
                .push(Survey::default().mark(record.as_bytes()), 0)
                .unwrap();
            assert!(
                pushed.end == record.len() || pushed.end == ENOUGH,
                "{record}"
            );
            assert_eq!(pushed.bad, None, "{record}");
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
        {"a":1.0,"f":"18446744073709551616","h":[[1],[],null],"i":"{}","_object":"k"}
        {"_object":"k"}
        "#);
    }

    #[test]
    fn a_record_that_is_refused_adds_no_row_and_nothing_of_it_stays() {
        let mut shape = Shape::default();
        shape
            .observe_record(br#"{"a":1,"b":{"c":["x"],"d":true},"e":0.5}"#)
            .unwrap();
        let fields = shape.record_fields();
        let table = TableColumns::new(fields, Vec::new(), Some(Arc::new(shape)));
        let all = Projection {
            columns: vec![0, 1, 2],
            paths: None,
        };
        let mut decoder = EventDecoder::new(&table, &all);
        let faults = [
            (r#"{"a":2,"b":{"c":["y","z"],"d":tru}}"#, Fault::Broken),
            (r#"{"a":2,"b":{"c":["y",1.5,}"#, Fault::Broken),
            (r#"{"a":2,"b":{"c":["y"],"d":false}"#, Fault::Broken),
            (r#"{"a":01}"#, Fault::Broken),
            (r#"{"a":2,"b":{"c":["\x"]}}"#, Fault::Broken),
            (r#"{"a":2,"b":{"c":[],"d":1}}"#, Fault::Misfit),
            (r#"{"a":2,"b":7}"#, Fault::Misfit),
            (r#"{"a":2,"new":7}"#, Fault::Misfit),
            (r#"{"e":9007199254740993}"#, Fault::Misfit),
        ];
        let mut survey = Survey::default();
        for (record, fault) in faults {
            let pushed = decoder.push(survey.mark(record.as_bytes()), 0);
            assert_eq!(pushed, Err(fault), "{record}");
            let good = survey.mark(br#"{"b":{"c":["ok"]}}"#);
            decoder.push(good, 0).unwrap();
        }
        assert_eq!(
            lines(&decoder.finish().unwrap()),
            "{\"b\":{\"c\":[\"ok\"]}}\n".repeat(faults.len())
        );
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
