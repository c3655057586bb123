//! An answer as a picture: what its columns say about themselves decides which is the axis, which are the values
//! and which tells series apart; the picture is drawn for a terminal, or as SVG, PNG or one HTML file.
//!
//! It draws Arrow batches and knows neither SQL nor lakes. It reads no clock, no file and no font of the machine: the
//! same answer is the same picture, byte for byte.
//!
//! Start at [`Chart::of`].

mod axis;
mod chart;
mod data;
mod error;
mod font;
mod html;
mod number;
mod picture;
mod png;
mod scene;
mod svg;
mod terminal;
mod theme;
mod ticks;

pub use chart::{Chart, Kind};
pub use error::ChartError;
pub use terminal::Terminal;
