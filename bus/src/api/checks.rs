//! The constraints of the API's model, in the words in which AWS refuses what breaks them.

use hydrant_endpoint::ApiError;
use serde_json::Value;

use super::invalid;

/// What breaks a constraint, as it is found.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

/// A pattern, and which letters it lets through.
type Letters = (&'static str, fn(u8) -> bool);

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) least: usize,
    pub(super) most: usize,
    pattern: Option<Letters>,
}

const fn name_of(most: usize) -> Shape {
    Shape {
        least: 1,
        most,
        pattern: Some(("[\\.\\-_A-Za-z0-9]+", |it| {
            it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_')
        })),
    }
}

/// Names of rules, ids of targets, names of replays, connections and API destinations.
pub(super) const NAME: Shape = name_of(64);
/// Names of archives.
pub(super) const ARCHIVE_NAME: Shape = name_of(48);
/// Names of buses.
pub(super) const BUS_NAME: Shape = Shape {
    least: 1,
    most: 256,
    pattern: Some(("[/\\.\\-_A-Za-z0-9]+", |it| {
        it.is_ascii_alphanumeric() || matches!(it, b'/' | b'.' | b'-' | b'_')
    })),
};
/// ARNs.
pub(super) const ARN: Shape = text(1, 1600);

/// A text of so many characters.
pub(super) const fn text(least: usize, most: usize) -> Shape {
    Shape {
        least,
        most,
        pattern: None,
    }
}

impl Checks {
    fn refuse(&mut self, value: &str, member: &str, constraint: &str) {
        self.0.push(format!(
            "Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
        ));
    }

    pub(super) fn null(&mut self, member: &str) {
        self.0.push(format!(
            "Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// A text that is needed.
    pub(super) fn required<'a>(&mut self, input: &'a Value, name: &str, shape: Shape) -> &'a str {
        let member = member(name);
        self.required_at(&input[name], &member, shape)
    }

    pub(super) fn required_at<'a>(
        &mut self,
        value: &'a Value,
        member: &str,
        shape: Shape,
    ) -> &'a str {
        if let Some(text) = value.as_str() {
            self.shape(text, member, shape);
            text
        } else {
            self.null(member);
            ""
        }
    }

    /// A text that may be left out.
    pub(super) fn optional(&mut self, input: &Value, name: &str, shape: Shape) {
        self.optional_at(&input[name], &member(name), shape);
    }

    pub(super) fn optional_at(&mut self, value: &Value, member: &str, shape: Shape) {
        if let Some(text) = value.as_str() {
            self.shape(text, member, shape);
        }
    }

    fn shape(&mut self, text: &str, member: &str, shape: Shape) {
        let length = text.chars().count();
        if length < shape.least {
            let constraint = format!("have length greater than or equal to {}", shape.least);
            self.refuse(text, member, &constraint);
        }
        if length > shape.most {
            let constraint = format!("have length less than or equal to {}", shape.most);
            self.refuse(text, member, &constraint);
        }
        if let Some((pattern, fits)) = shape.pattern
            && (text.is_empty() || !text.bytes().all(fits))
        {
            let constraint = format!("satisfy regular expression pattern: {pattern}");
            self.refuse(text, member, &constraint);
        }
    }

    pub(super) fn one_of(&mut self, value: &Value, member: &str, values: &[&str]) {
        if let Some(text) = value.as_str()
            && !values.contains(&text)
        {
            let constraint = format!("satisfy enum value set: [{}]", values.join(", "));
            self.refuse(text, member, &constraint);
        }
    }

    pub(super) fn range(&mut self, value: &Value, member: &str, least: i64, most: i64) {
        let Some(number) = value.as_i64() else {
            if !value.is_null() {
                self.refuse(&value.to_string(), member, "be an integer");
            }
            return;
        };
        if number < least {
            let constraint = format!("have value greater than or equal to {least}");
            self.refuse(&number.to_string(), member, &constraint);
        } else if number > most {
            let constraint = format!("have value less than or equal to {most}");
            self.refuse(&number.to_string(), member, &constraint);
        }
    }

    /// A list that is needed.
    pub(super) fn list<'a>(&mut self, input: &'a Value, name: &str, most: usize) -> &'a [Value] {
        let member = member(name);
        let Some(list) = input[name].as_array() else {
            self.null(&member);
            return &[];
        };
        if list.is_empty() {
            self.refuse("[]", &member, "have length greater than or equal to 1");
        } else if list.len() > most {
            let constraint = format!("have length less than or equal to {most}");
            self.refuse(&Value::from(list.clone()).to_string(), &member, &constraint);
        }
        list
    }

    pub(super) fn done(self) -> Result<(), ApiError> {
        let (count, plural) = match self.0.len() {
            0 => return Ok(()),
            1 => (1, ""),
            count => (count, "s"),
        };
        Err(invalid(format!(
            "{count} validation error{plural} detected: {}",
            self.0.join("; ")
        )))
    }
}

/// A member's name in a message: its first letter is small.
fn member(name: &str) -> String {
    let mut member = name.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    member
}
