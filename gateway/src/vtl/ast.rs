//! What a template is made of.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Text as it stands.
    Text(String),
    /// A reference in the text, such as `$input.body` or `$!{name}`.
    Reference(Reference),
    /// `#set($target = value)`.
    Set {
        target: Reference,
        value: Expression,
    },
    /// `#if … #elseif … #else … #end`: the first arm whose condition holds.
    If {
        arms: Vec<(Expression, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    /// `#foreach($name in items) … #end`.
    Foreach {
        name: String,
        items: Expression,
        body: Vec<Node>,
    },
    /// `#break`: leaves the innermost loop.
    Break,
    /// `#stop`: ends the template.
    Stop,
}

/// A variable and what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    pub name: String,
    pub steps: Vec<Step>,
}

/// One step of a reference.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// `.name`
    Property(String),
    /// `.name(arguments)`
    Method(String, Vec<Expression>),
    /// `[index]`
    Index(Box<Expression>),
}

/// What has a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Reference(Reference),
    /// A string in which nothing is replaced.
    Text(String),
    /// A string in double quotes, whose references are replaced.
    Interpolated(Vec<Node>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Null,
    List(Vec<Expression>),
    /// `[first..last]`, both included, downwards where last is smaller.
    Range(Box<Expression>, Box<Expression>),
    Map(Vec<(Expression, Expression)>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How tightly it binds.
    pub(super) fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}
