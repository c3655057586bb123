//! The order of fields: that of a sample, and behind it by name.

use super::Shape;

impl Shape {
    /// Puts the fields, however deep, into the order that they have in `first`, and those that it does not have
    /// behind them by their names. So the order does not depend on what came to be known when.
    pub(crate) fn put_in_order(&mut self, first: &Self) {
        if let Some(members) = &mut self.members {
            let known = first.members.as_ref();
            let place = |name: &str| known.and_then(|it| it.index.get(name)).copied();
            members
                .fields
                .sort_by_cached_key(|(name, _)| match place(name) {
                    Some(at) => (at, String::new()),
                    None => (usize::MAX, name.clone()),
                });
            let names = members.fields.iter().enumerate();
            members.index = names.map(|(at, (name, _))| (name.clone(), at)).collect();
            members.order.clear();
            for (name, shape) in &mut members.fields {
                shape.put_in_order(first.field(name).unwrap_or(Self::nothing()));
            }
        }
        if let Some(elements) = &mut self.elements {
            elements.put_in_order(first.element().unwrap_or(Self::nothing()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(records: &[&str]) -> Shape {
        let mut shape = Shape::default();
        for record in records {
            shape.observe_record(record.as_bytes()).unwrap();
        }
        shape
    }

    #[test]
    fn known_fields_come_first_and_the_others_by_name_at_every_depth() {
        let first = shape(&[r#"{"z":1,"in":{"y":1,"b":1},"list":[{"q":1,"c":2}]}"#]);
        let records = [
            r#"{"new":1,"list":[{"d":1,"c":2}],"in":{"b":1}}"#,
            r#"{"fresh":true,"in":{"n":1,"a":1,"y":2},"z":2,"list":[{"q":3}]}"#,
        ];
        let [mut one, mut other] = [shape(&records), shape(&[records[1], records[0]])];
        one.put_in_order(&first);
        other.put_in_order(&first);
        assert_eq!(one.record_fields(), other.record_fields());
        let names: Vec<_> = one.fields().map(|(name, _)| name).collect();
        assert_eq!(names, ["z", "in", "list", "fresh", "new"]);
        let inner = |name: &str| {
            let field = one.field(name).unwrap();
            let fields = field.element().unwrap_or(field).fields();
            fields.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(inner("in"), ["y", "b", "a", "n"]);
        assert_eq!(inner("list"), ["q", "c", "d"]);
        // What is known of the fields went with them.
        one.observe_record(br#"{"z":"text"}"#).unwrap();
        assert_eq!(one.field("z").unwrap().values(), 2);
    }
}
