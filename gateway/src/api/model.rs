//! Request models: JSON Schema, draft 4 (API Gateway developer guide, "Data models for REST APIs").

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// A model that bodies are checked against.
#[derive(Debug)]
pub(super) struct Model(Validator);

/// What models refer to each other by, beside `#/definitions/NAME`.
const MODELS: &str = "https://apigateway.amazonaws.com/restapis/";

impl Model {
    /// Compiles a schema, which may refer to those in `definitions`. Unless `counts` says so, `minItems` and
    /// `maxItems` are left out: AWS's guide lists them among what request validation does not know.
    pub(super) fn compile(
        schema: &Value,
        definitions: &Map<String, Value>,
        counts: bool,
    ) -> Result<Self, String> {
        let prepared = |schema: &Value| prepare(schema, counts, 0);
        let definitions: Map<String, Value> = definitions
            .iter()
            .map(|(name, schema)| (name.clone(), prepared(schema)))
            .collect();
        // Beside a `$ref` nothing counts, so the schema is one of all.
        let whole = json!({
            "definitions": definitions,
            "components": {"schemas": definitions},
            "allOf": [prepared(schema)],
        });
        jsonschema::options()
            .with_draft(Draft::Draft4)
            .build(&whole)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// What is wrong with a body: every fault at its place, and nothing of the body's content.
    pub(super) fn faults(&self, body: &Value) -> Vec<String> {
        let faults = self.0.iter_errors(body).take(10);
        faults
            .map(|fault| {
                let place = match fault.instance_path().to_string() {
                    place if place.is_empty() => "the body".to_owned(),
                    place => place,
                };
                format!("{place} does not satisfy {}", fault.schema_path())
            })
            .collect()
    }
}

/// A schema as it is compiled: references to other models as local ones.
fn prepare(schema: &Value, counts: bool, depth: usize) -> Value {
    // A template is nested less deeply, or was refused before.
    if depth > 128 {
        return schema.clone();
    }
    match schema {
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter(|(name, value)| {
                    let counted = matches!(name.as_str(), "minItems" | "maxItems");
                    let draft = name.as_str() == "$schema";
                    !(draft || counted && !counts && value.is_number())
                })
                .map(|(name, value)| {
                    let value = match value.as_str().and_then(|text| text.strip_prefix(MODELS)) {
                        Some(rest) if name == "$ref" => {
                            let model = rest.rsplit('/').next().unwrap_or(rest);
                            json!(format!("#/definitions/{model}"))
                        }
                        _ => prepare(value, counts, depth + 1),
                    };
                    (name.clone(), value)
                });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items
            .iter()
            .map(|item| prepare(item, counts, depth + 1))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_between_models_are_followed_and_counts_are_a_setting() {
        let definitions = json!({"Entry": {"type": "object", "required": ["entry"]}});
        let definitions = definitions.as_object().unwrap();
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "properties": {"entries": {
                "type": "array",
                "maxItems": 1,
                "items": {"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Entry"},
            }},
        });
        let two = json!({"entries": [{"entry": "a"}, {"entry": "b"}]});
        let model = |counts| Model::compile(&schema, definitions, counts).unwrap();
        assert!(model(false).faults(&two).is_empty());
        assert_eq!(model(true).faults(&two).len(), 1);
        let faults = model(false).faults(&json!({"entries": [{}]}));
        assert_eq!(
            faults,
            ["/entries/0 does not satisfy /definitions/Entry/required"]
        );
        assert!(Model::compile(&json!({"$ref": "#/definitions/None"}), definitions, true).is_err());
    }
}
