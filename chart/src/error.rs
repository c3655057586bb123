//! Why an answer has no picture.

/// Why an answer cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("the answer has no rows, so there is nothing to draw")]
    NoRows,
    /// No column has numbers.
    #[error(
        "a chart needs a column of numbers, such as count(*); the answer has {}",
        listed(.columns)
    )]
    NoNumbers {
        /// The columns and their types.
        columns: Vec<String>,
    },
    /// There are too many rows.
    #[error(
        "{rows} rows are too many to draw (at most {most}); group them, by hour for instance, or add a limit"
    )]
    TooManyRows {
        /// Rows of the answer.
        rows: usize,
        /// Rows that can be drawn.
        most: usize,
    },
    /// A column cannot be read as what it was taken for.
    #[error("the answer cannot be drawn")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The picture could not be made.
    #[error("the picture cannot be made: {0}")]
    Picture(String),
}

fn listed(columns: &[String]) -> String {
    if columns.is_empty() {
        return "no columns".to_owned();
    }
    columns.join(", ")
}
