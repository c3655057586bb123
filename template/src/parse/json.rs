//! JSON with places, over the scanner that records are read with.

use hydrant_records::json::{JsonError, JsonErrorKind, Scanner, unescape};

use super::duplicates;
use crate::{
    document::{Document, Duplicate, SyntaxError},
    node::{Content, Member, Node},
    source::Span,
};

pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let mut reader = Reader {
        text,
        scanner: Scanner::new(text.as_bytes(), 0),
        duplicates: Vec::new(),
    };
    reader.scanner.skip_whitespace();
    let root = reader.value().map_err(syntax)?;
    reader.scanner.skip_whitespace();
    if reader.scanner.peek().is_some() {
        return Err(syntax(JsonError {
            kind: JsonErrorKind::AfterValue,
            offset: reader.scanner.offset(),
        }));
    }
    Ok(Document {
        root,
        duplicates: reader.duplicates,
    })
}

fn syntax(error: JsonError) -> SyntaxError {
    match error.kind {
        JsonErrorKind::TooDeep => SyntaxError::TooDeep {
            offset: error.offset,
        },
        kind => SyntaxError::Json {
            reason: kind.to_string(),
            offset: error.offset,
        },
    }
}

struct Reader<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    duplicates: Vec<Duplicate>,
}

impl Reader<'_> {
    /// The value where the scanner stands. Recursion is bounded: the scanner enters so many levels and no more.
    fn value(&mut self) -> Result<Node, JsonError> {
        let start = self.scanner.offset();
        let content = match self.scanner.peek() {
            Some(b'{') => {
                self.scanner.enter_object()?;
                let mut members = Vec::new();
                while let Some(name) = self.scanner.next_member()? {
                    members.push(Member {
                        name: self.string(name.clone()),
                        name_span: Span::new(name.start - 1, name.end + 1),
                        value: self.value()?,
                    });
                }
                duplicates(&members, &mut self.duplicates);
                Content::Map(members)
            }
            Some(b'[') => {
                self.scanner.enter_array()?;
                let mut elements = Vec::new();
                while self.scanner.next_element()? {
                    elements.push(self.value()?);
                }
                Content::List(elements)
            }
            first => {
                let span = self.scanner.skip_value()?;
                match first {
                    Some(b'"') => Content::Text(self.string(span.start + 1..span.end - 1)),
                    Some(b't') => Content::Boolean(true),
                    Some(b'f') => Content::Boolean(false),
                    Some(b'n') => Content::Null,
                    _ => Content::Number(self.text.get(span).unwrap_or_default().to_owned()),
                }
            }
        };
        Ok(Node::new(Span::new(start, self.scanner.offset()), content))
    }

    fn string(&self, spelled: std::ops::Range<usize>) -> String {
        let mut text = String::new();
        unescape(self.text.get(spelled).unwrap_or_default(), &mut text);
        text
    }
}
