//! Columns whose value is the same for all rows of an object: partition columns and `_object`.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Builder, StringBuilder},
    datatypes::{DataType, Field, FieldRef},
};

use crate::object::{DataObject, Partition};

/// The column that holds an object's key.
pub(crate) const OBJECT: &str = "_object";

/// Hive's name for a null in a folder.
pub(crate) const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Where the value of such a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The n-th partition value.
    Partition(usize),
    /// The key.
    Key,
}

/// A column of this kind.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    field: FieldRef,
    origin: Origin,
}

impl Constant {
    /// The n-th partition column. Its type is Int64 when each value that was seen is digits that fit, else
    /// text.
    pub(crate) fn partition(partition: &Partition, n: usize) -> Self {
        let data_type = if partition.is_number && partition.is_seen {
            DataType::Int64
        } else {
            DataType::Utf8
        };
        Self {
            field: Arc::new(Field::new(&partition.name, data_type, true)),
            origin: Origin::Partition(n),
        }
    }

    /// A partition column of text.
    pub(crate) fn text_partition(name: &str, n: usize) -> Self {
        Self {
            field: Arc::new(Field::new(name, DataType::Utf8, true)),
            origin: Origin::Partition(n),
        }
    }

    /// The column `_object`.
    pub(crate) fn object() -> Self {
        Self {
            field: Arc::new(Field::new(OBJECT, DataType::Utf8, false)),
            origin: Origin::Key,
        }
    }

    pub(crate) fn field(&self) -> &FieldRef {
        &self.field
    }

    /// Which of the partition values it is, if it is one.
    pub(crate) fn place(&self) -> Option<usize> {
        match self.origin {
            Origin::Partition(n) => Some(n),
            Origin::Key => None,
        }
    }

    /// The value that all rows of an object have.
    pub(crate) fn value<'a>(&self, object: &'a DataObject) -> Option<&'a str> {
        match self.origin {
            Origin::Key => Some(&object.key),
            Origin::Partition(n) => object.partitions.get(n)?.as_deref(),
        }
    }
}

/// Such a column being filled.
pub(crate) enum ConstantColumn {
    /// Numbers.
    Integer(Int64Builder),
    /// Texts.
    Text(StringBuilder),
}

impl ConstantColumn {
    pub(crate) fn new(constant: &Constant) -> Self {
        match constant.field.data_type() {
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds `rows` rows of `object`.
    pub(crate) fn append(&mut self, constant: &Constant, object: &DataObject, rows: usize) {
        let value = constant.value(object);
        match self {
            Self::Integer(builder) => match value.and_then(|value| value.parse().ok()) {
                Some(number) => builder.append_value_n(number, rows),
                None => builder.append_nulls(rows),
            },
            Self::Text(builder) => (0..rows).for_each(|_| builder.append_option(value)),
        }
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
        }
    }
}
