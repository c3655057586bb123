//! What a Lambda authorizer answered, and what it permits (API Gateway developer guide, "Output from an API
//! Gateway Lambda authorizer").

use serde_json::{Map, Value};

/// An answer that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub principal: String,
    statements: Vec<Statement>,
    pub context: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

/// What a policy says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Allowed,
    /// A statement denies it: that wins over any that allows.
    Denied,
    /// No statement allows it.
    NotAllowed,
}

impl Answer {
    /// Reads an answer; what is wrong with it otherwise.
    pub(super) fn read(answer: &Value) -> Result<Self, String> {
        // The simple answer of an HTTP API's authorizer.
        if let Some(allow) = answer.get("isAuthorized").and_then(Value::as_bool) {
            let everything = vec!["*".to_owned()];
            return Ok(Self {
                principal: String::new(),
                statements: vec![Statement {
                    allow,
                    actions: everything.clone(),
                    resources: everything,
                }],
                context: read_context(answer.get("context"))?,
            });
        }
        let principal = answer.get("principalId").and_then(Value::as_str);
        let principal = principal
            .filter(|id| !id.is_empty())
            .ok_or("it has no principalId")?;
        let statements = answer
            .pointer("/policyDocument/Statement")
            .ok_or("it has no policyDocument with a Statement")?;
        let statements: Result<Vec<_>, _> = match statements {
            Value::Array(list) => list.iter().map(Statement::read).collect(),
            one => Statement::read(one).map(|one| vec![one]),
        };
        Ok(Self {
            principal: principal.to_owned(),
            statements: statements?,
            context: read_context(answer.get("context"))?,
        })
    }

    /// What it says of a method.
    pub(super) fn permits(&self, method_arn: &str) -> Permission {
        let about = |statement: &&Statement| statement.is_about(method_arn);
        let mut found = self.statements.iter().filter(about).peekable();
        if found.peek().is_none() {
            return Permission::NotAllowed;
        }
        if found.all(|statement| statement.allow) {
            Permission::Allowed
        } else {
            Permission::Denied
        }
    }
}

/// Text, numbers and booleans, as text: nothing else can be in a context.
fn read_context(context: Option<&Value>) -> Result<Map<String, Value>, String> {
    let Some(context) = context.filter(|context| !context.is_null()) else {
        return Ok(Map::new());
    };
    let context = context.as_object().ok_or("its context is no object")?;
    let mut read = Map::new();
    for (name, value) in context {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "{name} in its context is neither text, number nor boolean"
                ));
            }
        };
        read.insert(name.clone(), Value::String(text));
    }
    Ok(read)
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, String> {
        let texts = |name: &str| match statement.get(name) {
            Some(Value::String(one)) => Ok(vec![one.clone()]),
            Some(Value::Array(list)) => list
                .iter()
                .map(|text| text.as_str().map(str::to_owned).ok_or(()))
                .collect::<Result<Vec<_>, ()>>()
                .map_err(|()| format!("a statement's {name} is no text")),
            _ => Err(format!("a statement has no {name}")),
        };
        let allow = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("a statement's Effect is neither Allow nor Deny".to_owned()),
        };
        Ok(Self {
            allow,
            actions: texts("Action")?,
            resources: texts("Resource")?,
        })
    }

    fn is_about(&self, method_arn: &str) -> bool {
        let action =
            |action: &String| matches_wildcards(&action.to_ascii_lowercase(), "execute-api:invoke");
        let resource = |pattern: &String| matches_wildcards(pattern, method_arn);
        self.actions.iter().any(action) && self.resources.iter().any(resource)
    }
}

/// Whether `*` (anything) and `?` (one character) make a pattern of the text. In time of the two lengths' product
/// at most.
fn matches_wildcards(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    // Where the last star was, and what it has taken until now.
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(character) if *character == '?' || Some(character) == text.get(place) => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    place = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const METHOD: &str = "arn:aws:execute-api:eu-west-1:123456789012:api/prod/POST/event";

    fn policy(statements: &Value) -> Answer {
        Answer::read(&json!({"principalId": "user", "policyDocument": {"Statement": statements}}))
            .unwrap()
    }

    fn statement(effect: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource})
    }

    #[test]
    fn a_denial_wins_and_silence_is_none_of_both() {
        let everything = statement("Allow", "*");
        let denied = statement("Deny", "arn:aws:execute-api:*:*:api/prod/POST/e?ent");
        let elsewhere = statement("Allow", "arn:aws:execute-api:*:*:api/prod/GET/*");
        assert_eq!(policy(&everything).permits(METHOD), Permission::Allowed);
        assert_eq!(
            policy(&json!([everything, denied])).permits(METHOD),
            Permission::Denied
        );
        assert_eq!(policy(&elsewhere).permits(METHOD), Permission::NotAllowed);
        let other_action = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        assert_eq!(
            policy(&other_action).permits(METHOD),
            Permission::NotAllowed
        );
    }

    #[test]
    fn a_context_is_flat_and_all_text() {
        let answer = |context: Value| {
            let policy = json!({"Statement": statement("Allow", "*")});
            Answer::read(&json!({"principalId": "u", "policyDocument": policy, "context": context}))
        };
        let read = answer(json!({"a": true, "b": 1, "c": "x", "d": null})).unwrap();
        assert_eq!(
            Value::Object(read.context),
            json!({"a": "true", "b": "1", "c": "x"})
        );
        assert!(answer(json!({"a": {"b": 1}})).is_err());
        assert!(Answer::read(&json!({"principalId": "u"})).is_err());
        assert!(Answer::read(&json!(null)).is_err());
    }
}
