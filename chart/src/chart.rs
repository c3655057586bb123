//! A chart: what is drawn, and as what.

use std::{fmt, str::FromStr};

use arrow::{array::RecordBatch, datatypes::SchemaRef};

use crate::{
    data::Data,
    error::ChartError,
    html, picture, png, svg,
    terminal::{self, Terminal},
};

#[cfg(test)]
mod tests;

/// The kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bar for each value.
    Bar,
    /// A line through the values of each series.
    Line,
    /// The area below the values; series that are parts of a whole lie on top of each other.
    Area,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Area => "area",
        })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "bar" => Ok(Self::Bar),
            "line" => Ok(Self::Line),
            "area" => Ok(Self::Area),
            _ => Err(format!(
                "there is no chart `{text}`; there are bar, line and area"
            )),
        }
    }
}

/// An answer, read and ready to be drawn.
#[derive(Debug, Clone)]
pub struct Chart {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) data: Data,
}

impl Chart {
    /// Reads an answer of at most 100,000 rows.
    ///
    /// A column of times is the axis; without one the first column of texts is, and without that the first of several
    /// columns of numbers. Texts that are not the axis name the series. Without them each column of numbers is a series.
    ///
    /// # Errors
    ///
    /// [`ChartError`] when there are no rows, too many, or no numbers.
    pub fn of(kind: Kind, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, ChartError> {
        let data = Data::of(schema, batches)?;
        let by = data.by.as_ref().map(|by| format!(" and {by}"));
        let title = format!(
            "{} by {}{}",
            data.y_name,
            data.x_name,
            by.unwrap_or_default()
        );
        Ok(Self { kind, title, data })
    }

    /// The same chart under another title.
    #[must_use]
    pub fn with_title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// What of the answer is not drawn, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.data.notes
    }

    /// The chart as lines of text.
    pub fn text(&self, terminal: &Terminal) -> String {
        terminal::draw(self, terminal)
    }

    /// The chart as an SVG file, which is light or dark as its reader's screen is.
    pub fn svg(&self) -> String {
        svg::svg(&picture::scene(self), &self.title)
    }

    /// The chart as a PNG file, two pixels for one.
    ///
    /// # Errors
    ///
    /// [`ChartError::Picture`] when it would be too large.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        png::png(&picture::scene(self))
    }

    /// The chart and its values as one HTML file without references to others.
    pub fn html(&self) -> String {
        html::html(self)
    }
}
