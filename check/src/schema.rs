//! A definition against the shape of the API.

use hydrant_template::{Content, Node, Span};

use crate::{Dialect, code::Code, diagnostic::Diagnostic};
use hydrant_records::schema::{Field, Shape, TextShape};

/// Everything about `root` that the shape alone refuses.
pub(crate) fn walk(root: &Node, fields: &[Field], dialect: Dialect) -> Vec<Diagnostic> {
    let mut walker = Walker {
        dialect,
        found: Vec::new(),
    };
    walker.members(root, fields, "");
    walker.found
}

struct Walker {
    dialect: Dialect,
    found: Vec<Diagnostic>,
}

/// AWS's text about a value that a model refuses. It spells members with a small first letter.
fn constraint(path: &str, wants: &str) -> String {
    let member = |name: &str| {
        let mut chars = name.chars();
        let first = chars.next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    let path: Vec<String> = path.split('.').map(member).collect();
    format!(
        "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must {wants}",
        path.join(".")
    )
}

impl Walker {
    fn members(&mut self, node: &Node, fields: &[Field], path: &str) {
        let of = |name: &str| match path {
            "" => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        for member in node.members() {
            match fields.iter().find(|field| field.name == member.name) {
                Some(field) => self.value(&member.value, &field.shape, &of(field.name)),
                None => {
                    self.unknown_member(&member.name, member.name_span, fields, &of(&member.name));
                }
            }
        }
        for field in fields {
            let is_name = path.is_empty() && self.dialect == Dialect::CloudFormation;
            if field.required && !is_name && node.get(field.name).is_none() {
                let name = field.name;
                self.found.push(
                    Diagnostic::new(
                        Code::MissingMember,
                        Span::new(node.span.start, node.span.start + 1),
                        format!("{} is missing", of(name)),
                    )
                    .member(of(name))
                    .aws(constraint(&of(name), "not be null"))
                    .why("the API requires it".to_owned())
                    .help(match &field.shape {
                        Shape::Text(TextShape {
                            pattern: Some(pattern),
                            ..
                        }) => format!("give it, such as {}", pattern.example),
                        Shape::Enum(values) => format!("give one of {}", values.join(", ")),
                        _ => "give it".to_owned(),
                    }),
                );
            }
        }
    }

    fn unknown_member(&mut self, name: &str, span: Span, fields: &[Field], path: &str) {
        let near = fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name));
        let near = near.or_else(|| fields.iter().find(|field| similar(field.name, name)));
        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
        self.found.push(
            Diagnostic::new(
                Code::UnknownMember,
                span,
                format!("{path}: there is no such member"),
            )
            .member(path)
            .why("names are spelled as in the API reference, case included")
            .help(match near {
                Some(field) => format!("write {}", field.name),
                None => format!("use one of {}", known.join(", ")),
            }),
        );
    }

    fn value(&mut self, node: &Node, shape: &Shape, path: &str) {
        if node.unknown().is_some() {
            return;
        }
        match shape {
            Shape::Any => {}
            Shape::Text(text) => match self.text(node) {
                Some(value) => self.text_value(node, &value, text, path),
                None => self.wrong_type(node, "text", path),
            },
            Shape::Enum(values) => match self.text(node) {
                Some(value) if values.contains(&value.as_str()) => {}
                Some(value) => self.not_in_enum(node, &value, values, path),
                None => self.wrong_type(node, "text", path),
            },
            Shape::Integer(least, most) => match self.number(node) {
                #[expect(clippy::cast_precision_loss, reason = "bounds far below 2^53, or none")]
                Some(value) if value.fract() == 0.0 => {
                    self.range(node, value, (*least as f64, *most as f64), path);
                }
                _ => self.wrong_type(node, "a whole number", path),
            },
            Shape::Number(least, most) => match self.number(node) {
                Some(value) => self.range(node, value, (*least, *most), path),
                None => self.wrong_type(node, "a number", path),
            },
            Shape::Boolean => {
                let is_boolean = match self.dialect {
                    Dialect::CliInput => matches!(node.content, Content::Boolean(_)),
                    Dialect::CloudFormation => node.as_bool().is_some(),
                };
                if !is_boolean {
                    self.wrong_type(node, "true or false", path);
                }
            }
            Shape::List(element, fewest, most) => {
                if !matches!(node.content, Content::List(_)) {
                    return self.wrong_type(node, "a list", path);
                }
                let elements = node.elements();
                self.length(node, elements.len(), (*fewest, *most), "elements", path);
                for (place, it) in elements.iter().enumerate() {
                    self.value(it, element, &format!("{path}.{}.member", place + 1));
                }
            }
            Shape::Struct(fields) => {
                if matches!(node.content, Content::Map(_)) {
                    self.members(node, fields, path);
                } else {
                    self.wrong_type(node, "a map", path);
                }
            }
        }
    }

    /// CloudFormation makes text of numbers and the other way around; the API does not.
    fn text(&self, node: &Node) -> Option<String> {
        match self.dialect {
            Dialect::CliInput => node.as_text().map(str::to_owned),
            Dialect::CloudFormation => node.scalar().map(std::borrow::Cow::into_owned),
        }
    }

    fn number(&self, node: &Node) -> Option<f64> {
        match (&node.content, self.dialect) {
            (Content::Number(text), _) | (Content::Text(text), Dialect::CloudFormation) => {
                text.parse().ok()
            }
            _ => None,
        }
    }

    fn text_value(&mut self, node: &Node, value: &str, shape: &TextShape, path: &str) {
        let length = value.chars().count();
        self.length(node, length, (shape.fewest, shape.most), "characters", path);
        if let Some(pattern) = &shape.pattern
            && length > 0
            && !(pattern.matches)(value)
        {
            self.found.push(
                Diagnostic::new(
                    Code::BadPattern,
                    node.span,
                    format!("{path} cannot be {value:?}"),
                )
                .member(path)
                .aws(constraint(
                    path,
                    &format!("satisfy regular expression pattern: {}", pattern.text),
                ))
                .why("the value does not have the form that the API takes")
                .help(format!("write it as {}", pattern.example)),
            );
        }
    }

    fn length(
        &mut self,
        node: &Node,
        length: usize,
        (fewest, most): (usize, usize),
        of: &str,
        path: &str,
    ) {
        let wants = if length < fewest {
            format!("have length greater than or equal to {fewest}")
        } else if length > most {
            format!("have length less than or equal to {most}")
        } else {
            return;
        };
        let bounds = match most {
            usize::MAX => format!("at least {fewest}"),
            _ => format!("{fewest} to {most}"),
        };
        self.found.push(
            Diagnostic::new(
                Code::BadLength,
                node.span,
                format!("{path} has {length} {of}; it may have {bounds}"),
            )
            .member(path)
            .aws(constraint(path, &wants))
            .help(if length < fewest {
                "give more"
            } else {
                "shorten it"
            }),
        );
    }

    fn range(&mut self, node: &Node, value: f64, (least, most): (f64, f64), path: &str) {
        let wants = if value < least {
            format!("have value greater than or equal to {least}")
        } else if value > most {
            format!("have value less than or equal to {most}")
        } else {
            return;
        };
        let bounds = if most > 1e15 {
            format!("at least {least}")
        } else {
            format!("{least} to {most}")
        };
        self.found.push(
            Diagnostic::new(
                Code::OutOfRange,
                node.span,
                format!("{path} is {value}; it may be {bounds}"),
            )
            .member(path)
            .aws(constraint(path, &wants))
            .help(format!("give {bounds}")),
        );
    }

    fn not_in_enum(&mut self, node: &Node, value: &str, values: &[&str], path: &str) {
        let near = values
            .iter()
            .find(|known| known.eq_ignore_ascii_case(value));
        self.found.push(
            Diagnostic::new(
                Code::NotInEnum,
                node.span,
                format!("{path} cannot be {value:?}"),
            )
            .member(path)
            .aws(constraint(
                path,
                &format!("satisfy enum value set: [{}]", values.join(", ")),
            ))
            .why("the API lists what it takes, and case matters")
            .help(match near {
                Some(near) => format!("write {near}"),
                None => format!("use one of {}", values.join(", ")),
            }),
        );
    }

    fn wrong_type(&mut self, node: &Node, wants: &str, path: &str) {
        self.found.push(
            Diagnostic::new(
                Code::WrongType,
                node.span,
                format!("{path} is {}; it takes {wants}", node.kind()),
            )
            .member(path)
            .help(format!("give {wants}")),
        );
    }
}

/// One slip of the finger apart: a letter more, less or other, or two swapped.
fn similar(known: &str, written: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (known.chars().collect(), written.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tails = a.iter().rev().zip(b.iter().rev());
    let tail = tails.take_while(|(a, b)| a == b).count();
    let (left_a, left_b) = (
        a.len().saturating_sub(head + tail),
        b.len().saturating_sub(head + tail),
    );
    left_a.max(left_b) <= 1
        || (left_a == 2
            && left_b == 2
            && a.get(head) == b.get(head + 1)
            && a.get(head + 1) == b.get(head))
}
