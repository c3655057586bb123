//! Shapes as JSON, for files that keep them.

use super::{Shape, members::Members};

impl Shape {
    /// As JSON; [`Shape::from_json`] reads it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({"k": self.kinds, "v": self.values});
        let mut put = |name: &str, value: serde_json::Value| {
            if let Some(json) = json.as_object_mut() {
                json.insert(name.to_owned(), value);
            }
        };
        if let Some(members) = &self.members {
            let field = |(name, shape): &(String, Self)| serde_json::json!([name, shape.to_json()]);
            put("m", members.fields.iter().map(field).collect());
            put("o", members.overflow.into());
        }
        if let Some(elements) = &self.elements {
            put("e", elements.to_json());
        }
        if self.timestamps != (0, 0) {
            put(
                "t",
                serde_json::json!([self.timestamps.0, self.timestamps.1]),
            );
        }
        json
    }

    /// The shape that [`Shape::to_json`] wrote.
    pub(crate) fn from_json(json: &serde_json::Value) -> Option<Self> {
        let mut shape = Self {
            kinds: u8::try_from(json.get("k")?.as_u64()?).ok()?,
            values: json.get("v")?.as_u64()?,
            ..Self::default()
        };
        if let Some(fields) = json.get("m") {
            let mut members = Members::default();
            for field in fields.as_array()? {
                let at = members.add(field.get(0)?.as_str()?)?;
                members.fields.get_mut(at)?.1 = Self::from_json(field.get(1)?)?;
            }
            members.overflow = json.get("o")?.as_bool()?;
            shape.members = Some(Box::new(members));
        }
        if let Some(elements) = json.get("e") {
            shape.elements = Some(Box::new(Self::from_json(elements)?));
        }
        if let Some(counts) = json.get("t") {
            shape.timestamps = (counts.get(0)?.as_u64()?, counts.get(1)?.as_u64()?);
        }
        Some(shape)
    }
}
