//! The rules, a file a subject. Each finds what it is about; none depends on another.

mod api;
mod buffering;
mod destination;
mod function;
mod newline;
mod prefix;
mod processors;
mod stack;

pub(crate) use stack::{feeds, rules as of_stack};

use hydrant_template::{Function, Node, Source};

use crate::{code::Code, definition::Definition, diagnostic::Diagnostic};

/// What a rule may ask for, and where it says what it found.
pub(crate) struct Rules<'c> {
    pub(crate) source: &'c Source,
    /// The function of the stream's Lambda processor, where the template has it.
    pub(crate) function: Option<Function<'c>>,
    /// The rules of a bus that put into the stream.
    pub(crate) feeds: Vec<Feed<'c>>,
    pub(crate) found: Vec<Diagnostic>,
}

/// A rule of an event bus, one of whose targets is the stream.
pub(crate) struct Feed<'c> {
    /// The rule's logical id.
    pub(crate) id: &'c str,
    /// The target.
    pub(crate) target: &'c Node,
    /// `InputTransformer.InputTemplate`.
    pub(crate) template: Option<&'c Node>,
}

/// What is known of the function behind a Lambda processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transformer {
    /// Hydrant's, by what the template builds.
    Ours,
    /// Somebody else's, by what the template says.
    Foreign,
    /// A definition names it, and no more. `hydrant deliver` puts Hydrant's there.
    Assumed,
}

impl Rules<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    pub(crate) fn transformer(&self) -> Transformer {
        match self.function {
            None => Transformer::Assumed,
            Some(function) => match function.cargo_binary() {
                Some("transformer") => Transformer::Ours,
                _ => Transformer::Foreign,
            },
        }
    }

    /// Says that a value could not be checked.
    fn not_checked(&mut self, node: &Node, member: &str) {
        let Some(unknown) = node.unknown() else {
            return;
        };
        self.report(
            Diagnostic::new(
                Code::NotChecked,
                node.span,
                format!("{member} is {}", unknown.shown),
            )
            .member(member)
            .why(unknown.reasons.join("; "))
            .help("give --parameter NAME=VALUE where a parameter decides, and it is checked"),
        );
    }
}

/// All rules of one stream.
pub(crate) fn of_stream(rules: &mut Rules<'_>, root: &Node) {
    destination::sources(rules, root);
    let Some(definition) = Definition::new(root) else {
        return;
    };
    prefix::rules(rules, &definition);
    buffering::rules(rules, &definition);
    processors::rules(rules, &definition);
    destination::rules(rules, &definition);
    newline::rules(rules, &definition);
    function::rules(rules, &definition);
}
