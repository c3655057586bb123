//! `hydrant check`: what AWS refuses about a delivery stream, what it takes and people regret, and what a
//! stream will make of a sample: partitions, objects, and the bill.
//!
//! [`Report`] checks a definition or a template, [`text`](Report::text) and [`json`](Report::json) show what
//! was found, and [`Survey`] with [`Forecast`] predict from a sample. The crate is pure: it reads no file and no clock,
//! and calls no function; whoever has a sample runs the stream's function over it and hands in what came out.

mod check;
mod code;
mod definition;
mod diagnostic;
mod forecast;
mod html;
pub mod prices;
mod render;
mod rules;
mod schema;
mod shape;
mod survey;
mod text;

pub use check::{CheckedStream, Dialect, FunctionFacts, Report};
pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Related};
pub use forecast::{Active, CostLine, Forecast, KeyBurden, Kind};
pub use html::page as html_page;
pub use shape::{FunctionShape, StreamShape};
pub use survey::{Landed, Survey};
