//! What fields the records of a lake have, and how many of them have each.

use arrow::datatypes::DataType;

use crate::{constants::Constant, learn::ByType, object::Partition, pinned, shape::Shape};

/// The fields of `events`, counted over every record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// The event types, the most frequent first.
    pub event_types: Vec<EventType>,
    /// The fields in the order in which a query shows them, nested ones behind what they are nested in, and the columns that
    /// the keys give behind all of them.
    pub fields: Vec<DescribedField>,
}

/// An event type and how many records it has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventType {
    /// `detail.eventType`, or else `eventType`, or else `detail-type`; `None` for records without any of them.
    pub name: Option<String>,
    /// Records of this type.
    pub records: u64,
}

/// A field, and in how many records it has a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DescribedField {
    /// The path, with a dot between names and `[]` behind the name of a list.
    pub path: String,
    /// The type of its column; of the elements' field inside a list.
    pub data_type: DataType,
    /// The type as [`crate::Options::schema`] takes it; `None` for structs and for columns that the keys give.
    pub pinned: Option<String>,
    /// Records in which it is there and not null, for each of [`Description::event_types`]. Inside a list:
    /// elements.
    pub values: Vec<u64>,
}

/// Puts together what was learned of each object, with the fields in the order that they have in `first`.
pub(crate) fn describe(objects: &[ByType], partitions: &[Partition], first: &Shape) -> Description {
    let (mut all, mut types) = (Shape::default(), ByType::new());
    for (name, shape) in objects.iter().flatten() {
        all.merge(shape);
        types.entry(name.clone()).or_default().merge(shape);
    }
    all.put_in_order(first);
    let mut types: Vec<_> = types.into_iter().collect();
    types.sort_by_key(|(_, shape)| std::cmp::Reverse(shape.values()));
    let event_type = |(name, shape): &(Option<String>, Shape)| EventType {
        name: name.clone(),
        records: shape.values(),
    };
    let event_types: Vec<_> = types.iter().map(event_type).collect();
    let mut fields = Vec::new();
    for column in all.record_fields() {
        let name = column.name();
        let of_types: Vec<_> = types.iter().map(|(_, shape)| shape.field(name)).collect();
        collect(quoted(name), column.data_type(), &of_types, &mut fields);
    }
    for (n, partition) in partitions.iter().enumerate() {
        let constant = Constant::partition(partition, n);
        if fields.iter().any(|field| field.path == partition.name) {
            continue;
        }
        fields.push(DescribedField {
            path: quoted(&partition.name),
            data_type: constant.field().data_type().clone(),
            pinned: None,
            values: event_types.iter().map(|it| it.records).collect(),
        });
    }
    Description {
        event_types,
        fields,
    }
}

fn collect(
    path: String,
    data_type: &DataType,
    types: &[Option<&Shape>],
    fields: &mut Vec<DescribedField>,
) {
    let values = types.iter().map(|shape| shape.map_or(0, Shape::values));
    fields.push(DescribedField {
        path: path.clone(),
        data_type: data_type.clone(),
        pinned: pinned::name_of(data_type),
        values: values.collect(),
    });
    let (mut inner, mut types, mut path) = (data_type, types.to_vec(), path);
    while let DataType::List(element) = inner {
        inner = element.data_type();
        types = types
            .iter()
            .map(|it| it.and_then(|it| it.element()))
            .collect();
        path += "[]";
    }
    if let DataType::Struct(children) = inner {
        for child in children {
            let of_types: Vec<_> = types
                .iter()
                .map(|shape| shape.and_then(|shape| shape.field(child.name())))
                .collect();
            let path = format!("{path}.{}", quoted(child.name()));
            collect(path, child.data_type(), &of_types, fields);
        }
    }
}

/// A name as a pinned schema takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}
