//! From a template's text to its pieces, with the blanks that Velocity 1.x swallows: those before `#set`, and
//! after a directive those up to and with the end of its line.

mod expression;

use super::{
    ast::{Expression, Node, Reference, Step},
    error::{Place, TemplateError},
};

/// How deep directives, expressions and strings may lie in each other.
const MOST_DEPTH: usize = 48;

/// Directives of Velocity that read files or define text; API Gateway's templates have no use for them.
const UNSUPPORTED: [&str; 6] = ["macro", "include", "parse", "define", "evaluate", "return"];

/// Reads a template.
pub(super) fn parse(template: &str) -> Result<Vec<Node>, TemplateError> {
    let text: Vec<char> = template.chars().collect();
    Parser::new(&text, 0).template()
}

/// A reader of a template, or of a string in it.
pub(super) struct Parser<'t> {
    text: &'t [char],
    at: usize,
    depth: usize,
}

/// What ended a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Block,
    Else,
    ElseIf,
}

/// What the pieces of a block become while they are read.
#[derive(Default)]
struct Block {
    nodes: Vec<Node>,
    text: String,
}

impl Block {
    fn node(&mut self, node: Node) {
        self.flush();
        self.nodes.push(node);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.nodes.push(Node::Text(std::mem::take(&mut self.text)));
        }
    }

    fn done(mut self) -> Vec<Node> {
        self.flush();
        self.nodes
    }
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t [char], depth: usize) -> Self {
        Self { text, at: 0, depth }
    }

    /// All of the text.
    pub(super) fn template(mut self) -> Result<Vec<Node>, TemplateError> {
        let (nodes, end) = self.block()?;
        match end {
            End::Text => Ok(nodes),
            End::Block | End::Else | End::ElseIf => {
                Err(self.error("there is no #if or #foreach that this belongs to"))
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next_is(&self, what: &str) -> bool {
        let mut rest = self.text.iter().skip(self.at);
        what.chars().all(|wanted| rest.next() == Some(&wanted))
    }

    /// Takes `what`, where it is next.
    fn take(&mut self, what: &str) -> bool {
        let there = self.next_is(what);
        if there {
            self.at += what.chars().count();
        }
        there
    }

    fn error(&self, reason: impl Into<String>) -> TemplateError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before
            .iter()
            .filter(|&&character| character == '\n')
            .count()
            + 1;
        let column = before
            .iter()
            .rev()
            .take_while(|&&character| character != '\n')
            .count()
            + 1;
        TemplateError {
            place: Place { line, column },
            reason: reason.into(),
        }
    }

    /// Reads what lies a level deeper.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth >= MOST_DEPTH {
            return Err(self.error(format!("nested more than {MOST_DEPTH} deep")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Reads up to the end, or to a directive that ends a block; that one is taken.
    fn block(&mut self) -> Result<(Vec<Node>, End), TemplateError> {
        let mut block = Block::default();
        while let Some(character) = self.peek() {
            let end = match character {
                '\\' => self.escape(&mut block)?,
                '$' => {
                    if let Some(reference) = self.reference()? {
                        block.node(Node::Reference(reference));
                    } else {
                        self.at += 1;
                        block.text.push('$');
                    }
                    None
                }
                '#' => self.directive(&mut block)?,
                other => {
                    self.at += 1;
                    block.text.push(other);
                    None
                }
            };
            if let Some(end) = end {
                return Ok((block.done(), end));
            }
        }
        Ok((block.done(), End::Text))
    }

    /// Backslashes: before a reference or a directive, two stand for one, and a single one makes it text.
    fn escape(&mut self, block: &mut Block) -> Result<Option<End>, TemplateError> {
        let from = self.at;
        while self.peek() == Some('\\') {
            self.at += 1;
        }
        let count = self.at - from;
        let start = self.at;
        let special = match self.peek() {
            Some('$') => self.reference()?.is_some(),
            Some('#') => self.directive_name().is_some(),
            _ => false,
        };
        if !special {
            self.at = start;
            block.text.extend(std::iter::repeat_n('\\', count));
            return Ok(None);
        }
        block.text.extend(std::iter::repeat_n('\\', count / 2));
        if count.is_multiple_of(2) {
            self.at = start;
            return Ok(None);
        }
        // The reference's text, or the sign of the directive and its name.
        let text = self.text.get(start..self.at).unwrap_or_default();
        block.text.extend(text);
        Ok(None)
    }

    /// The name of the directive that is next, taken with its sign; nothing is taken where there is none.
    fn directive_name(&mut self) -> Option<String> {
        let from = self.at;
        let read = |parser: &mut Self| {
            if !parser.take("#") {
                return None;
            }
            let curly = parser.take("{");
            let mut name = String::new();
            while let Some(letter) = parser.peek().filter(char::is_ascii_alphabetic) {
                name.push(letter);
                parser.at += 1;
            }
            // `#elsewhere` is text, and so is `#end1`.
            let goes_on = |next: char| next.is_ascii_alphanumeric() || next == '_';
            let known = match name.as_str() {
                "set" | "if" | "elseif" | "foreach" => {
                    let mut next = parser.text.iter().skip(parser.at + usize::from(curly));
                    next.find(|next| !next.is_whitespace()) == Some(&'(')
                }
                "else" | "end" | "break" | "stop" => curly || !parser.peek().is_some_and(goes_on),
                other => {
                    UNSUPPORTED.contains(&other)
                        && (curly || parser.peek().is_some_and(|next| next == '('))
                }
            };
            (known && (!curly || parser.take("}"))).then_some(name)
        };
        let name = read(self);
        if name.is_none() {
            self.at = from;
        }
        name
    }

    /// What begins with `#`: a comment, a directive, or text.
    fn directive(&mut self, block: &mut Block) -> Result<Option<End>, TemplateError> {
        if self.take("##") {
            while let Some(character) = self.peek() {
                self.at += 1;
                if character == '\n' {
                    break;
                }
            }
            return Ok(None);
        }
        for (open, close) in [("#*", "*#"), ("#[[", "]]#")] {
            if self.next_is(open) {
                self.at += open.len();
                let from = self.at;
                while self.at < self.text.len() && !self.next_is(close) {
                    self.at += 1;
                }
                if open == "#[[" {
                    block
                        .text
                        .extend(self.text.get(from..self.at).unwrap_or_default());
                }
                if !self.take(close) {
                    return Err(self.error(format!("{open} has no {close}")));
                }
                return Ok(None);
            }
        }
        let Some(name) = self.directive_name() else {
            self.at += 1;
            block.text.push('#');
            return Ok(None);
        };
        match name.as_str() {
            "set" => {
                let kept = block.text.trim_end_matches([' ', '\t']).len();
                block.text.truncate(kept);
                let set = self.set()?;
                block.node(set);
            }
            "if" => {
                let node = self.deeper(Self::condition)?;
                block.node(node);
            }
            "foreach" => {
                let node = self.deeper(Self::foreach)?;
                block.node(node);
            }
            "break" => block.node(Node::Break),
            "stop" => block.node(Node::Stop),
            "end" => {
                self.rest_of_line();
                return Ok(Some(End::Block));
            }
            "else" => {
                self.rest_of_line();
                return Ok(Some(End::Else));
            }
            "elseif" => return Ok(Some(End::ElseIf)),
            other => {
                return Err(self.error(format!(
                    "#{other} is not supported; mapping templates have #set, #if, #elseif, #else, #foreach, \
                     #break, #stop and #end"
                )));
            }
        }
        Ok(None)
    }

    /// Swallows blanks, where nothing else is on the line.
    fn rest_of_line(&mut self) {
        let mut at = self.at;
        while matches!(self.text.get(at), Some(' ' | '\t')) {
            at += 1;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        match rest {
            ['\r', '\n', ..] => self.at = at + 2,
            ['\n' | '\r', ..] => self.at = at + 1,
            _ => {}
        }
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes `what`, with the blanks before it.
    fn expect(&mut self, what: &str) -> Result<(), TemplateError> {
        self.blanks();
        if self.take(what) {
            Ok(())
        } else {
            let found = match self.peek() {
                Some(character) => format!("`{character}`"),
                None => "the end".to_owned(),
            };
            Err(self.error(format!("expected `{what}`, found {found}")))
        }
    }

    fn set(&mut self) -> Result<Node, TemplateError> {
        self.expect("(")?;
        self.blanks();
        let target = self
            .reference()?
            .ok_or_else(|| self.error("#set sets a reference, as in #set($name = \"value\")"))?;
        if matches!(target.steps.last(), Some(Step::Method(..))) {
            return Err(self.error("what a method gives cannot be set"));
        }
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(")")?;
        self.rest_of_line();
        Ok(Node::Set { target, value })
    }

    /// A condition in parentheses, and the block behind it.
    fn arm(&mut self) -> Result<((Expression, Vec<Node>), End), TemplateError> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        self.rest_of_line();
        let (body, end) = self.block()?;
        Ok(((condition, body), end))
    }

    fn condition(&mut self) -> Result<Node, TemplateError> {
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        let mut end = End::ElseIf;
        while end == End::ElseIf {
            let (arm, next) = self.arm()?;
            arms.push(arm);
            end = next;
        }
        if end == End::Else {
            (otherwise, end) = self.block()?;
        }
        self.ended("#if", end)?;
        Ok(Node::If { arms, otherwise })
    }

    fn foreach(&mut self) -> Result<Node, TemplateError> {
        self.expect("(")?;
        self.blanks();
        let variable = self
            .reference()?
            .filter(|variable| variable.steps.is_empty());
        self.blanks();
        let Some(Reference { name, .. }) = variable.filter(|_| self.take("in")) else {
            return Err(self.error("#foreach goes as #foreach($name in $list)"));
        };
        let items = self.expression()?;
        self.expect(")")?;
        self.rest_of_line();
        let (body, end) = self.block()?;
        self.ended("#foreach", end)?;
        Ok(Node::Foreach { name, items, body })
    }

    fn ended(&self, what: &str, end: End) -> Result<(), TemplateError> {
        match end {
            End::Block => Ok(()),
            End::Text => Err(self.error(format!("{what} has no #end"))),
            End::Else | End::ElseIf => Err(self.error(format!("{what} goes on behind its end"))),
        }
    }

    /// A reference, where one is next; where none is, nothing is taken. `$` alone, and before what is no
    /// name, is text.
    fn reference(&mut self) -> Result<Option<Reference>, TemplateError> {
        let from = self.at;
        if !self.take("$") {
            return Ok(None);
        }
        self.take("!");
        let curly = self.take("{");
        if !curly {
            // `$!` and `!` the other way round are both found in the wild.
            self.take("!");
        }
        let Some(name) = self.identifier() else {
            self.at = from;
            return Ok(None);
        };
        let steps = self.deeper(Self::steps)?;
        if curly && !self.take("}") {
            // `${a b}` is text.
            self.at = from;
            return Ok(None);
        }
        Ok(Some(Reference { name, steps }))
    }

    /// Letters, digits, `-` and `_`, beginning with a letter or `_`.
    fn identifier(&mut self) -> Option<String> {
        let first = self.peek()?;
        if !(first.is_ascii_alphabetic() || first == '_') {
            return None;
        }
        let mut name = String::new();
        while let Some(character) = self
            .peek()
            .filter(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '_'))
        {
            name.push(character);
            self.at += 1;
        }
        Some(name)
    }

    fn steps(&mut self) -> Result<Vec<Step>, TemplateError> {
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    let dot = self.at;
                    self.at += 1;
                    let Some(name) = self.identifier() else {
                        // The end of a sentence.
                        self.at = dot;
                        return Ok(steps);
                    };
                    if self.take("(") {
                        let arguments = self.list(")")?;
                        steps.push(Step::Method(name, arguments));
                    } else {
                        steps.push(Step::Property(name));
                    }
                }
                Some('[') => {
                    let bracket = self.at;
                    self.at += 1;
                    // In text, `$name[` may be followed by anything.
                    match self.expression() {
                        Ok(index) if self.expect("]").is_ok() => {
                            steps.push(Step::Index(Box::new(index)));
                        }
                        _ => {
                            self.at = bracket;
                            return Ok(steps);
                        }
                    }
                }
                _ => return Ok(steps),
            }
        }
    }
}
