//! Values with their places.

use std::borrow::Cow;

use crate::source::Span;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// As it is spelled.
    Number(String),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Names and values in order.
    Map(Vec<Member>),
    /// What only a deployment knows. A parser makes none.
    Unknown(Unknown),
}

/// A member of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Its value.
    pub value: Node,
}

/// A value that is not known before deployment, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unknown {
    /// The value with `${…}` for what is not known.
    pub shown: String,
    /// Why, one reason for each `${…}`.
    pub reasons: Vec<String>,
    /// Resources of the template whose names or attributes it is made of, by logical id.
    pub resources: Vec<String>,
}

impl Node {
    /// A value at a place.
    pub fn new(span: Span, content: Content) -> Self {
        Self { span, content }
    }

    /// Text at a place.
    pub fn text_at(span: Span, text: impl Into<String>) -> Self {
        Self::new(span, Content::Text(text.into()))
    }

    /// The members of a map; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements of a list; none for anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.content {
            Content::List(elements) => elements,
            _ => &[],
        }
    }

    /// The member called `name`. Where a name stands twice, the last counts.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().rfind(|member| member.name == name)
    }

    /// The value of the member called `name`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.member(name).map(|member| &member.value)
    }

    /// The value at a path of members.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// Text, and nothing else.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text, or a number or a boolean as text: CloudFormation takes one for the other.
    pub fn scalar(&self) -> Option<Cow<'_, str>> {
        match &self.content {
            Content::Text(text) | Content::Number(text) => Some(text.into()),
            Content::Boolean(value) => Some(if *value { "true" } else { "false" }.into()),
            _ => None,
        }
    }

    /// A boolean, or its text.
    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar()?.as_ref() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Why it is not known, where it is not.
    pub fn unknown(&self) -> Option<&Unknown> {
        match &self.content {
            Content::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// What a person calls its kind.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Boolean(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
            Content::Unknown(_) => "not known before deployment",
        }
    }
}

impl Unknown {
    /// A value of which nothing is known.
    pub fn new(what: &str, reason: impl Into<String>) -> Self {
        Self {
            shown: format!("${{{what}}}"),
            reasons: vec![reason.into()],
            resources: Vec::new(),
        }
    }

    /// Takes in the reasons of another.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.shown.push_str(&other.shown);
        for reason in &other.reasons {
            if !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        for resource in &other.resources {
            if !self.resources.contains(resource) {
                self.resources.push(resource.clone());
            }
        }
    }
}
