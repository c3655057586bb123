//! What `hydrant check` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Form, TransformerArgs};

/// Say before deployment what AWS would refuse, and what people regret
///
/// Reads a stream's definition or a template and answers like a compiler: where, what, AWS's own text, why, and
/// how to mend it. Every finding has a code; docs/check.md lists them. Errors are what AWS refuses; warnings
/// what it takes and people regret; notes are worth knowing.
///
/// With --sample it also runs records through the stream, Hydrant's transformer in place of the function, and
/// says which keys they get and which of them fail. With --rate it predicts: active partitions against the quota,
/// objects a day and their sizes, and the bill of a month with its arithmetic.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 no errors, 1 errors (with --strict, warnings too), 2 wrong usage.

Examples:
  hydrant check --stream examples/stream.json
  hydrant check -t template.yaml --parameter Stage=prod --format json
  hydrant check --stream examples/stream.json --sample events.ndjson --rate 500 --html forecast.html"
)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct CheckArgs {
    /// A stream: what `aws firehose create-delivery-stream --cli-input-json` takes; - is standard input
    #[arg(long, value_name = "S.json", group = "what")]
    pub(crate) stream: Vec<PathBuf>,

    /// A SAM or CloudFormation template, YAML or JSON; every delivery stream in it is checked
    #[arg(short, long, value_name = "FILE", group = "what")]
    pub(crate) template: Vec<PathBuf>,

    /// A parameter of the template, or a pseudo parameter such as AWS::Region
    #[arg(long, value_name = "NAME=VALUE", requires = "template", value_parser = pair)]
    pub(crate) parameter: Vec<(String, String)>,

    /// Exit with status 1 for warnings too
    #[arg(long)]
    pub(crate) strict: bool,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,

    #[command(flatten)]
    pub(crate) forecast: ForecastArgs,

    #[command(flatten)]
    pub(crate) transformer: TransformerArgs,
}

/// What to predict from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Forecast")]
pub(crate) struct ForecastArgs {
    /// Files of records to predict from, as `deliver` reads them; - is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) sample: Vec<PathBuf>,

    /// Records that producers put a second, such as 500 or 0.5
    #[arg(long, value_name = "N", requires = "sample", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// Milliseconds that your function takes for a full batch, instead of Hydrant's transformer
    #[arg(long, value_name = "MS", requires = "rate", value_parser = rate)]
    pub(crate) function_ms: Option<f64>,

    /// Write the forecast as one page for a browser, without anything from the network
    #[arg(long, value_name = "FILE", requires = "rate")]
    pub(crate) html: Option<PathBuf>,

    /// What the sample holds: events, or request bodies for the front door
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Events)]
    pub(crate) form: Form,
}

/// A number above zero.
fn rate(text: &str) -> Result<f64, String> {
    match text.replace(['_', ','], "").parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("write a number above 0, such as 500 or 0.5".to_owned()),
    }
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Text,
    /// One object, for CI
    Json,
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    match name.trim() {
        "" => Err("write NAME=VALUE".to_owned()),
        name => Ok((name.to_owned(), value.to_owned())),
    }
}
