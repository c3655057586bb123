//! SAM and CloudFormation templates, read for what they say about a pipeline: resources with their values,
//! each at its place in the text.
//!
//! [`Source`] is a text that knows its lines, [`Document`] its tree ([JSON or YAML](Document::parse), short
//! forms such as `!Sub` included), and [`Template::resolve`] puts in parameters, conditions and intrinsic
//! functions. What only a deployment knows stays an explicit [`Unknown`], never a guess;
//! [`Stack::streams`] gives delivery streams in the members of `CreateDeliveryStream`.
//!
//! The crate does no I/O, calls nothing, and is bounded in time and memory for any text. It does not
//! validate templates: `cfn-lint` does that. It expands no macro but SAM's globals.

mod document;
mod function;
pub mod limits;
mod node;
mod parameters;
mod parse;
mod resolve;
mod source;
mod stream;
mod template;

pub use document::{Document, Duplicate, SyntaxError};
pub use function::Function;
pub use node::{Content, Member, Node, Unknown};
pub use parameters::{Overrides, Parameter};
pub use resolve::{Problem, ProblemKind};
pub use source::{Position, Source, Span};
pub use stream::{StandIn, StreamInput};
pub use template::{Presence, Resource, Stack, Template};
