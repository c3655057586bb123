//! From the types of an answer to those of a Delta table.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, new_null_array},
    compute::cast,
    datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit},
};

use crate::{gathered::Gathered, output::INTERVAL_COLUMN};

/// Characters that Delta does not have in names of columns.
const NOT_IN_NAMES: [char; 11] = [' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '=', '\r'];

/// The columns in which a table keeps a result.
///
/// # Errors
///
/// Which column cannot be kept, and what to do.
pub(crate) fn kept(schema: &Schema) -> Result<Vec<Field>, String> {
    let mut kept: Vec<Field> = Vec::new();
    for field in schema.fields() {
        let name = field.name();
        if name.contains(NOT_IN_NAMES) || name.is_empty() {
            return Err(format!(
                "a table has no column `{name}`: give it a name with `as`"
            ));
        }
        if name.eq_ignore_ascii_case(INTERVAL_COLUMN) {
            return Err(format!(
                "`{name}` is the column that says which interval a row belongs to: use another name"
            ));
        }
        if kept.iter().any(|it| it.name().eq_ignore_ascii_case(name)) {
            return Err(format!(
                "the query has two columns `{name}`: give one another name with `as`"
            ));
        }
        let kind = kept_type(field.data_type()).map_err(|kind| {
            format!("a table has no column of the type {kind}: cast `{name}`, such as to text")
        })?;
        kept.push(Field::new(name, kind, true));
    }
    Ok(kept)
}

fn kept_type(kind: &DataType) -> Result<DataType, String> {
    let inner = |field: &FieldRef| {
        let kind = kept_type(field.data_type())?;
        Ok::<_, String>(Arc::new(Field::new(field.name(), kind, true)))
    };
    Ok(match kind {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Binary
        | DataType::Decimal128(..) => kind.clone(),
        DataType::UInt8 | DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            DataType::Utf8
        }
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date64 => DataType::Date32,
        // Delta's `timestamp` is an instant in microseconds.
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Dictionary(_, value) => kept_type(value)?,
        DataType::List(field) | DataType::LargeList(field) | DataType::ListView(field) => {
            let kind = kept_type(field.data_type())?;
            DataType::List(Arc::new(Field::new("element", kind, true)))
        }
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(inner).collect::<Result<Fields, _>>()?)
        }
        other => return Err(other.to_string()),
    })
}

/// How the columns of a table and those of a result come together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    /// The table's columns from now on, without that of the interval.
    pub(crate) fields: Vec<Field>,
    /// Whether the table has other columns than before.
    pub(crate) has_changed: bool,
    /// Whether what the table has must be written anew, because a column has become wider.
    pub(crate) is_wider: bool,
}

/// Brings the columns of a table and of a result together: new columns come in, integers become numbers with a
/// fraction. A column without a value fits any type.
///
/// # Errors
///
/// Which column has become another, and what to do.
pub(crate) fn join(table: &[Field], rows: &Gathered) -> Result<Joined, String> {
    let mut joined = Joined {
        fields: table.to_vec(),
        has_changed: false,
        is_wider: false,
    };
    for new in kept(&rows.schema)? {
        let known = joined
            .fields
            .iter_mut()
            .find(|field| field.name() == new.name());
        let Some(known) = known else {
            if let Some(field) = table
                .iter()
                .find(|it| it.name().eq_ignore_ascii_case(new.name()))
            {
                return Err(format!(
                    "the column `{}` was called `{}`: names of a table do not differ in case alone",
                    new.name(),
                    field.name()
                ));
            }
            joined.fields.push(new);
            joined.has_changed = true;
            continue;
        };
        let (before, now) = (known.data_type(), new.data_type());
        if before == now
            || is_number(before, now)
            || *before == DataType::Utf8
            || rows.is_empty(new.name())
        {
            continue;
        }
        if is_number(now, before) {
            *known = Field::new(new.name(), now.clone(), true);
            (joined.has_changed, joined.is_wider) = (true, true);
            continue;
        }
        return Err(format!(
            "the column `{}` was {before} and is now {now}: cast it to what it was, or write to another table",
            new.name()
        ));
    }
    Ok(joined)
}

/// Whether every number of the narrow type is one of the wide.
fn is_number(wide: &DataType, narrow: &DataType) -> bool {
    let integers = [
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
    ];
    let size = |kind: &DataType| integers.iter().position(|it| it == kind);
    match (size(wide), size(narrow)) {
        (Some(wide), Some(narrow)) => wide > narrow,
        (None, Some(_)) => *wide == DataType::Float64,
        (None, None) => *wide == DataType::Float64 && *narrow == DataType::Float32,
        (Some(_), None) => false,
    }
}

/// Rows in the columns of a table.
///
/// # Errors
///
/// A value that does not fit.
pub(crate) fn conform(batch: &RecordBatch, fields: &[Field]) -> Result<RecordBatch, String> {
    let schema: SchemaRef = Arc::new(Schema::new(fields.to_vec()));
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields.len());
    for field in fields {
        let nothing = || Ok(new_null_array(field.data_type(), batch.num_rows()));
        let column = batch.column_by_name(field.name());
        let column = column.filter(|it| it.logical_null_count() < it.len());
        let column = column.map_or_else(nothing, |column| cast(column, field.data_type()));
        columns.push(column.map_err(|error| format!("column `{}`: {error}", field.name()))?);
    }
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array, NullArray, StringArray, UInt64Array};

    use super::*;
    use crate::rows::Rows;

    fn rows(columns: &[(&str, ArrayRef)]) -> Gathered {
        let batch =
            RecordBatch::try_from_iter(columns.iter().map(|(name, it)| (*name, Arc::clone(it))))
                .unwrap();
        Gathered::of(Rows {
            schema: batch.schema(),
            batches: vec![batch],
        })
    }

    fn one(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    #[test]
    fn columns_without_a_name_are_refused() {
        let mut seen = String::new();
        for name in ["count(*)", "interval_start", "a b"] {
            seen += &format!(
                "{}\n",
                kept(&rows(&[(name, one(&[1]))]).schema).unwrap_err()
            );
        }
        seen += &kept(&rows(&[("a", one(&[1])), ("A", one(&[1]))]).schema).unwrap_err();
        insta::assert_snapshot!(seen, @r"
        a table has no column `count(*)`: give it a name with `as`
        `interval_start` is the column that says which interval a row belongs to: use another name
        a table has no column `a b`: give it a name with `as`
        the query has two columns `A`: give one another name with `as`
        ");
    }

    #[test]
    fn a_table_grows_and_widens_and_keeps_its_kinds() {
        let counts = rows(&[("n", Arc::new(UInt64Array::from(vec![1])))]);
        let table = join(&[], &counts).unwrap().fields;
        assert_eq!(table, [Field::new("n", DataType::Int64, true)]);
        let money = rows(&[
            ("n", Arc::new(Float64Array::from(vec![0.5]))),
            ("m", one(&[1])),
        ]);
        let joined = join(&table, &money).unwrap();
        assert!(joined.has_changed && joined.is_wider);
        assert_eq!(joined.fields[0].data_type(), &DataType::Float64);
        // What is narrower, or has no value, fits.
        for narrow in [
            rows(&[("n", one(&[7]))]),
            rows(&[("n", Arc::new(NullArray::new(1)))]),
        ] {
            let again = join(&joined.fields, &narrow).unwrap();
            assert!(!again.has_changed);
            let batch = &narrow.in_memory().unwrap()[0];
            assert_eq!(conform(batch, &again.fields).unwrap().num_columns(), 2);
        }
        let text = rows(&[("n", Arc::new(StringArray::from(vec!["x"])))]);
        insta::assert_snapshot!(join(&joined.fields, &text).unwrap_err(), @"the column `n` was Float64 and is now Utf8: cast it to what it was, or write to another table");
    }
}
