//! Intrinsic functions.

use super::{ProblemKind, Resolver};
use crate::{
    limits::MAX_RESOLVED_BYTES,
    node::{Content, Node, Unknown},
    source::Span,
};

impl Resolver<'_> {
    /// The value of `{ name: argument }`; `None` for `AWS::NoValue`.
    pub(super) fn call(&mut self, name: &str, argument: &Node, span: Span) -> Option<Node> {
        match name {
            "Ref" => match argument.as_text() {
                Some(id) => return self.reference(id, span),
                None => return Some(self.malformed("Ref", span, "a logical id or a parameter")),
            },
            "Fn::If" => return self.choose(argument, span),
            _ => {}
        }
        Some(match name {
            "Fn::Sub" => self.substitute(argument, span),
            "Fn::GetAtt" => self.attribute(argument, span),
            "Fn::Join" => self.join(argument, span),
            "Fn::Select" => self.select(argument, span)?,
            "Fn::Split" => self.split(argument, span),
            "Fn::FindInMap" => self.find_in_map(argument, span),
            "Fn::Base64" => self.base64(argument, span)?,
            "Fn::ImportValue" => {
                let export = self.node(argument)?;
                let what = export
                    .scalar()
                    .map_or_else(|| "an export".to_owned(), Into::into);
                Self::unknown(span, &what, format!("another stack exports {what}"))
            }
            "Fn::GetAZs" | "Fn::Cidr" => {
                Self::unknown(span, name, format!("{name} is known at deployment"))
            }
            _ => {
                self.problem(
                    ProblemKind::UnsupportedFunction,
                    span,
                    format!("{name} is not resolved here"),
                );
                Self::unknown(span, name, format!("{name} is not resolved here"))
            }
        })
    }

    fn choose(&mut self, argument: &Node, span: Span) -> Option<Node> {
        let [condition, yes, no] = argument.elements() else {
            return Some(self.malformed("Fn::If", span, "a condition and two values"));
        };
        let Some(name) = condition.as_text() else {
            return Some(self.malformed("Fn::If", span, "the name of a condition first"));
        };
        match self.condition(name, condition.span) {
            Some(true) => self.node(yes),
            Some(false) => self.node(no),
            None => Some(Self::unknown(
                span,
                name,
                format!("whether the condition {name} holds is known at deployment"),
            )),
        }
    }

    fn attribute(&mut self, argument: &Node, span: Span) -> Node {
        let (id, attribute) = match (&argument.content, argument.elements()) {
            (Content::Text(text), _) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => (text.clone(), String::new()),
            },
            (_, [id, attribute]) => {
                let attribute = self.node(attribute);
                let attribute = attribute.as_ref().and_then(Node::scalar);
                (
                    id.as_text().unwrap_or_default().to_owned(),
                    attribute.unwrap_or_default().into_owned(),
                )
            }
            _ => (String::new(), String::new()),
        };
        if id.is_empty() || attribute.is_empty() {
            return self.malformed("Fn::GetAtt", span, "a resource and an attribute of it");
        }
        self.of_resource(&id, &format!("{id}.{attribute}"), span)
    }

    fn join(&mut self, argument: &Node, span: Span) -> Node {
        let [delimiter, list] = argument.elements() else {
            return self.malformed("Fn::Join", span, "a delimiter and a list");
        };
        let Some(delimiter) = delimiter.scalar() else {
            return self.malformed("Fn::Join", span, "text as its delimiter");
        };
        let Some(list) = self.node(list) else {
            return self.malformed("Fn::Join", span, "a delimiter and a list");
        };
        if let Some(unknown) = list.unknown() {
            return Node::new(span, Content::Unknown(unknown.clone()));
        }
        let mut pieces = Pieces::default();
        for (index, element) in list.elements().iter().enumerate() {
            if index > 0 {
                pieces.text(&delimiter);
            }
            if self.bytes.saturating_add(pieces.len()) > MAX_RESOLVED_BYTES {
                break;
            }
            if !pieces.node(element) {
                return self.malformed("Fn::Join", element.span, "text in its list");
            }
        }
        self.pieces(pieces, span)
    }

    /// What pieces of text make together.
    pub(super) fn pieces(&mut self, pieces: Pieces, span: Span) -> Node {
        if pieces.is_known() {
            return self.made(span, pieces.unknown.shown);
        }
        // Made text counts, known or not.
        match self.made(span, pieces.unknown.shown.clone()).content {
            Content::Unknown(too_much) => Node::new(span, Content::Unknown(too_much)),
            _ => Node::new(span, Content::Unknown(pieces.unknown)),
        }
    }

    fn select(&mut self, argument: &Node, span: Span) -> Option<Node> {
        let wants = "the place of an element, from 0, and a list";
        let [index, list] = argument.elements() else {
            return Some(self.malformed("Fn::Select", span, wants));
        };
        let (index, list) = (self.node(index)?, self.node(list)?);
        for node in [&index, &list] {
            if let Some(unknown) = node.unknown() {
                return Some(Node::new(span, Content::Unknown(unknown.clone())));
            }
        }
        let place: Option<usize> = index.scalar().and_then(|text| text.parse().ok());
        match place.and_then(|place| list.elements().get(place)) {
            // The list was made for this call.
            Some(element) => Some(Node::new(span, element.content.clone())),
            None => Some(self.malformed("Fn::Select", span, wants)),
        }
    }

    fn split(&mut self, argument: &Node, span: Span) -> Node {
        let wants = "a delimiter and a text";
        let [delimiter, text] = argument.elements() else {
            return self.malformed("Fn::Split", span, wants);
        };
        let text = self.node(text);
        if let Some(unknown) = text.as_ref().and_then(Node::unknown) {
            return Node::new(span, Content::Unknown(unknown.clone()));
        }
        match (delimiter.as_text(), text.as_ref().and_then(Node::scalar)) {
            (Some(delimiter), Some(text)) if !delimiter.is_empty() => {
                let parts = text.split(delimiter).map(|part| Node::text_at(span, part));
                Node::new(span, Content::List(parts.collect()))
            }
            _ => self.malformed("Fn::Split", span, wants),
        }
    }

    fn find_in_map(&mut self, argument: &Node, span: Span) -> Node {
        let [map, first, second, ..] = argument.elements() else {
            return self.malformed("Fn::FindInMap", span, "a mapping and two keys");
        };
        let mut keys = Vec::new();
        for key in [map, first, second] {
            let Some(key) = self.node(key) else {
                return self.malformed("Fn::FindInMap", span, "a mapping and two keys");
            };
            if let Some(unknown) = key.unknown() {
                return Node::new(span, Content::Unknown(unknown.clone()));
            }
            keys.push(key.scalar().unwrap_or_default().into_owned());
        }
        let path: Vec<&str> = std::iter::once("Mappings")
            .chain(keys.iter().map(String::as_str))
            .collect();
        match self.template.root.at(&path) {
            // A mapping holds plain values; a list of them is the most that there may be.
            Some(value) if value.members().is_empty() => {
                self.work += value.elements().len();
                Node::new(span, value.content.clone())
            }
            Some(_) => self.malformed("Fn::FindInMap", span, "keys that lead to a value"),
            None => {
                self.problem(
                    ProblemKind::UnresolvedReference,
                    span,
                    format!("no mapping has {}", keys.join(".")),
                );
                Self::unknown(span, &keys.join("."), "there is no such mapping")
            }
        }
    }

    fn base64(&mut self, argument: &Node, span: Span) -> Option<Node> {
        let value = self.node(argument)?;
        if let Some(unknown) = value.unknown() {
            return Some(Node::new(span, Content::Unknown(unknown.clone())));
        }
        match value.scalar() {
            Some(text) => {
                let text = base64_simd::STANDARD.encode_to_string(text.as_bytes());
                Some(self.made(span, text))
            }
            None => Some(self.malformed("Fn::Base64", span, "text")),
        }
    }
}

/// Text in the making, with holes for what is not known.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    unknown: Unknown,
}

impl Pieces {
    pub(super) fn text(&mut self, text: &str) {
        self.unknown.shown.push_str(text);
    }

    /// Adds a value; false for what is no text.
    pub(super) fn node(&mut self, node: &Node) -> bool {
        match (node.unknown(), node.scalar()) {
            (Some(unknown), _) => self.unknown.absorb(unknown),
            (None, Some(text)) => self.text(&text),
            (None, None) => return false,
        }
        true
    }

    fn is_known(&self) -> bool {
        self.unknown.reasons.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.unknown.shown.len()
    }
}
