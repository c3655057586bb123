//! The shape of rows that are in Arrow's arrays already.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Fields},
};

use super::{Shape, TIME, seen};

impl Shape {
    /// The shape of records that have these columns, each with `values` values.
    pub(crate) fn of_fields(fields: &Fields, values: u64) -> Self {
        let mut shape = Self {
            kinds: seen::OBJECT,
            values,
            ..Self::default()
        };
        for field in fields {
            let mut of_field = Self::of_type(field.data_type(), values);
            if field.name() == TIME && of_field.kinds == seen::TEXT {
                of_field.timestamps.0 = 1;
            }
            let members = shape.members.get_or_insert_default();
            if let Some(at) = members.add(field.name())
                && let Some((_, known)) = members.fields.get_mut(at)
            {
                *known = of_field;
            }
        }
        shape
    }

    fn of_type(data_type: &DataType, values: u64) -> Self {
        let kinds = match data_type {
            DataType::Null => 0,
            DataType::Boolean => seen::BOOLEAN,
            DataType::UInt64 => seen::INTEGER | seen::BIG_NUMBER,
            other if other.is_integer() => seen::INTEGER,
            other if other.is_numeric() => seen::FLOAT,
            DataType::Struct(fields) => return Self::of_fields(fields, values),
            DataType::List(element) => {
                return Self {
                    kinds: seen::ARRAY,
                    values,
                    elements: Some(Box::new(Self::of_type(element.data_type(), values))),
                    ..Self::default()
                };
            }
            _ => seen::TEXT,
        };
        Self {
            kinds,
            values,
            ..Self::default()
        }
    }

    /// Counts the values of an array that is of this shape.
    pub(crate) fn count(&mut self, array: &dyn Array) {
        self.values += (array.len() - array.null_count()) as u64;
        match array.data_type() {
            DataType::Struct(fields) => {
                for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                    self.count_field(field.name(), column);
                }
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let offsets = list.value_offsets();
                let from = offsets.first().and_then(|it| usize::try_from(*it).ok());
                let to = offsets.last().and_then(|it| usize::try_from(*it).ok());
                if let (Some(from), Some(to), Some(elements)) = (from, to, &mut self.elements) {
                    elements.count(&*list.values().slice(from, to - from));
                }
            }
            _ => {}
        }
    }

    /// Counts rows whose fields are of this shape's fields.
    pub(crate) fn count_rows(&mut self, rows: &RecordBatch) {
        self.values += rows.num_rows() as u64;
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            self.count_field(field.name(), column);
        }
    }

    fn count_field(&mut self, name: &str, column: &dyn Array) {
        let Some(members) = &mut self.members else {
            return;
        };
        let at = members.index.get(name).copied();
        if let Some((_, shape)) = at.and_then(|at| members.fields.get_mut(at)) {
            shape.count(column);
        }
    }
}
