//! YAML with places, from the events of `saphyr-parser`.
//!
//! The tree is built without recursion, and aliases are written out within a budget.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, Tag};

use super::duplicates;
use crate::{
    document::{Document, Duplicate, SyntaxError},
    limits::{MAX_DEPTH, MAX_NODES},
    node::{Content, Member, Node},
    source::Span,
};

pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let mut builder = Builder::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, marks) = event.map_err(|error| builder.syntax(&error))?;
        builder.event(event, marks)?;
    }
    let root = builder.root.ok_or(SyntaxError::Empty)?;
    Ok(Document {
        root: root.node,
        duplicates: builder.duplicates,
    })
}

/// A value, and what it costs to copy.
#[derive(Debug, Clone)]
struct Built {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A list or a map that has begun.
struct Open {
    start: usize,
    anchor: usize,
    function: Option<String>,
    kind: OpenKind,
    nodes: usize,
    depth: usize,
}

enum OpenKind {
    List(Vec<Node>),
    Map(Vec<Member>, Option<(String, Span)>),
}

struct Builder<'t> {
    text: &'t str,
    /// Byte offset of each character; empty where they are the same.
    bytes: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    root: Option<Built>,
    nodes: usize,
    duplicates: Vec<Duplicate>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).collect()
        };
        Self {
            text,
            bytes,
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            duplicates: Vec::new(),
        }
    }

    /// The byte offset of a mark, which counts characters.
    fn offset(&self, character: usize) -> usize {
        let at = if self.bytes.is_empty() {
            character
        } else {
            self.bytes
                .get(character)
                .copied()
                .unwrap_or(self.text.len())
        };
        at.min(self.text.len())
    }

    /// The bytes between two marks, without the blanks that a block scalar ends with.
    fn span(&self, marks: Marks) -> Span {
        let (start, end) = (
            self.offset(marks.start.index()),
            self.offset(marks.end.index()),
        );
        let text = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + text.trim_end().len())
    }

    fn syntax(&self, error: &ScanError) -> SyntaxError {
        SyntaxError::Yaml {
            reason: error.info().to_owned(),
            offset: self.offset(error.marker().index()),
        }
    }

    fn event(&mut self, event: Event<'_>, marks: Marks) -> Result<(), SyntaxError> {
        let span = self.span(marks);
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                return Err(SyntaxError::SecondDocument { offset: span.start });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let content = scalar(text.into_owned(), style, tag);
                let node = call(function(tag), Node::new(span, content));
                let built = Built {
                    node,
                    nodes: 1,
                    depth: 0,
                };
                self.add(built, anchor, 1)?;
            }
            Event::Alias(anchor) => {
                let offset = span.start;
                let built = self.anchors.get(&anchor);
                let built = built.ok_or(SyntaxError::Alias { offset })?;
                if self.nodes + built.nodes > MAX_NODES {
                    return Err(SyntaxError::TooManyValues { offset });
                }
                if self.open.len() + built.depth > MAX_DEPTH {
                    return Err(SyntaxError::TooDeep { offset });
                }
                let (built, cost) = (built.clone(), built.nodes);
                self.add(built, 0, cost)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(span, anchor, tag.as_deref(), OpenKind::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                let kind = OpenKind::Map(Vec::new(), None);
                self.begin(span, anchor, tag.as_deref(), kind)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            _ => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        span: Span,
        anchor: usize,
        tag: Option<&Tag>,
        kind: OpenKind,
    ) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError::TooDeep { offset: span.start });
        }
        self.open.push(Open {
            start: span.start,
            anchor,
            function: function(tag),
            kind,
            nodes: 1,
            depth: 1,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let content = match open.kind {
            OpenKind::List(elements) => Content::List(elements),
            OpenKind::Map(members, _) => {
                duplicates(&members, &mut self.duplicates);
                Content::Map(members)
            }
        };
        // A block ends where the next begins: keep to what stands in it.
        let last = match &content {
            Content::List(elements) => elements.last().map(|node| node.span.end),
            Content::Map(members) => members.last().map(|member| member.value.span.end),
            _ => None,
        };
        let is_flow = self
            .text
            .get(open.start..)
            .is_some_and(|text| text.starts_with(['[', '{']));
        let end = match last {
            Some(last) if !is_flow => last,
            _ => span.end,
        };
        let node = Node::new(Span::new(open.start, end.max(open.start)), content);
        let built = Built {
            node: call(open.function, node),
            nodes: open.nodes,
            depth: open.depth,
        };
        self.add(built, open.anchor, 1)
    }

    /// Puts a value where the text has it; `cost` is what it adds to those counted before.
    fn add(&mut self, built: Built, anchor: usize, cost: usize) -> Result<(), SyntaxError> {
        let offset = built.node.span.start;
        self.nodes += cost;
        if anchor > 0 {
            self.nodes += built.nodes;
            self.anchors.insert(anchor, built.clone());
        }
        if self.nodes > MAX_NODES {
            return Err(SyntaxError::TooManyValues { offset });
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built);
            return Ok(());
        };
        open.nodes += built.nodes;
        open.depth = open.depth.max(built.depth + 1);
        match &mut open.kind {
            OpenKind::List(elements) => elements.push(built.node),
            OpenKind::Map(members, name) => match name.take() {
                None => {
                    let text = built.node.scalar();
                    let text = text.ok_or(SyntaxError::KeyNotText { offset })?;
                    *name = Some((text.into_owned(), built.node.span));
                }
                Some((name, name_span)) => members.push(Member {
                    name,
                    name_span,
                    value: built.node,
                }),
            },
        }
        Ok(())
    }
}

/// The long name of a short form: `!Sub` is `Fn::Sub`.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())?;
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn call(function: Option<String>, argument: Node) -> Node {
    let Some(name) = function else {
        return argument;
    };
    let span = argument.span;
    let member = Member {
        name,
        name_span: span,
        value: argument,
    };
    Node::new(span, Content::Map(vec![member]))
}

/// What a scalar means: YAML's core schema, where CloudFormation follows it.
fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Content {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text {
        return Content::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Boolean(true),
        "false" | "False" | "FALSE" => Content::Boolean(false),
        _ if is_number(&text) => Content::Number(text),
        _ => Content::Text(text),
    }
}

/// `-1`, `0.2`, `1e3`: what is a number in JSON too, leading zeros aside.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}
