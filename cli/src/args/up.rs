//! What `hydrant up` takes.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use hydrant_lake::Location;

use super::{BusArgs, IdentityArgs, TableArgs, TransformerArgs, check::pair, span::span};

/// Run delivery streams as a local service that unmodified AWS clients talk to
///
/// Speaks the Firehose API: the AWS CLI, any AWS SDK and Terraform reach it with one endpoint. A record is on
/// disk before its put is answered, and stays there until the lake has taken the object that holds it; what was
/// not delivered when the service ended is delivered when it starts again.
///
/// Streams come from --stream, from a template and over the API, and are kept. The function that a stream's Lambda
/// processor names is Hydrant's transformer, in this process, unless --function or the template says otherwise. Of
/// a template it runs what is built: .aws-sam/build, target/lambda, a handler's file. A stream's bucket is the root
/// of the lake, whatever it is called.
///
/// Beside the API: GET /metrics (Prometheus, CloudWatch's names), GET /health, POST /_hydrant/flush.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hydrant up --stream examples/stream.json --lake lake --flush 1s
  hydrant up -t deploy/sam/template.yaml --parameter StreamName=mine
  AWS_ENDPOINT_URL_FIREHOSE=http://127.0.0.1:4566 aws firehose list-delivery-streams
  hydrant up --lake s3://bucket/lake --function enrich=enrich.py")]
pub(crate) struct UpArgs {
    /// A stream to make, or to update if it is there: what `aws firehose create-delivery-stream
    /// --cli-input-json` takes. May be repeated
    #[arg(long, value_name = "S.json")]
    pub(crate) stream: Vec<PathBuf>,

    /// A SAM or CloudFormation template whose delivery streams are made, with the functions that they name. May
    /// be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) template: Vec<PathBuf>,

    /// A parameter of the template
    #[arg(long, value_name = "NAME=VALUE", requires = "template", value_parser = pair)]
    pub(crate) parameter: Vec<(String, String)>,

    /// The lake: a directory, file://… or s3://bucket/prefix
    #[arg(long, value_name = "URL", default_value = "lake")]
    pub(crate) lake: String,

    /// Where to listen; port 0 is any that is free. Beyond loopback --access-keys is needed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub(crate) listen: SocketAddr,

    /// Run COMMAND for the function called NAME: a Python or Node handler (transform.py, transform.py:my_handler,
    /// index.mjs), or a command that speaks the Lambda Runtime API. lambda:FUNCTION calls a function that runs
    /// elsewhere, by its name or ARN, through the Lambda API (AWS_ENDPOINT_URL_LAMBDA). May be repeated
    #[arg(long, value_name = "NAME=COMMAND")]
    pub(crate) function: Vec<NamedCommand>,

    /// The longest that such a function may take for one batch, where no template says so
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "60s")]
    pub(crate) function_timeout: std::time::Duration,

    /// How many processes of such a function may run at once
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) function_concurrency: std::num::NonZeroUsize,

    /// Let buffering intervals pass this many times faster; what a stream's definition says stays as it is
    #[arg(long, value_name = "N", value_parser = scale, default_value = "1")]
    pub(crate) time_scale: f64,

    /// Buffer nothing longer than this, whatever a stream's definition says: 1s, 500ms
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub(crate) flush: Option<std::time::Duration>,

    /// Where the log and the definitions are kept [default: beside the lake's directory, else
    /// $XDG_STATE_HOME/hydrant]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Room for records that wait for delivery, in MiB on the disk, where they are compressed; what is put beyond is
    /// answered `Slow down.`
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) log_size: u64,

    /// Memory of each stream's buffers, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) buffer_memory: usize,

    /// Partitions that may be active at once in a stream; AWS's quota is 500
    #[arg(long, value_name = "N", default_value_t = hydrant_records::limits::MAX_ACTIVE_PARTITIONS)]
    pub(crate) active_partitions: usize,

    /// Hold direct puts to AWS's quotas of the Region, which each stream has: what is put beyond is answered
    /// `Slow down.`
    #[arg(long)]
    pub(crate) quotas: bool,

    /// How long an object is offered to a lake that does not take it. AWS then loses it; here it is set aside, in
    /// the directory of --state
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "24h")]
    pub(crate) retry_for: std::time::Duration,

    /// How long to write what is buffered when told to stop
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "30s")]
    pub(crate) drain: std::time::Duration,

    /// Keys that requests must be signed with, one `ID SECRET` a line
    #[arg(long, value_name = "FILE")]
    pub(crate) access_keys: Option<PathBuf>,

    /// The form of what is said on standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// The Region in ARNs
    #[arg(
        long,
        value_name = "REGION",
        env = "AWS_REGION",
        default_value = "us-east-1"
    )]
    pub(crate) region: String,

    /// The account in ARNs
    #[arg(long, value_name = "ID", value_parser = account, default_value = "000000000000")]
    pub(crate) account: String,

    #[command(flatten)]
    pub(crate) tables: TableArgs,

    #[command(flatten)]
    pub(crate) bus: BusArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) transformer: TransformerArgs,
}

/// The form of what is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// An object a line, for what collects logs
    Json,
}

/// `NAME=COMMAND`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedCommand {
    pub(crate) name: String,
    pub(crate) command: String,
}

impl FromStr for NamedCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => Ok(Self {
                name: name.to_owned(),
                command: command.trim().to_owned(),
            }),
            _ => Err("write NAME=COMMAND, such as enrich='python3 enrich.py'".to_owned()),
        }
    }
}

impl UpArgs {
    /// Where the log is: beside a directory, so that both go together; elsewhere below the home.
    pub(crate) fn state(
        &self,
        lake: &Location,
        variable: impl Fn(&str) -> Option<String>,
    ) -> PathBuf {
        state_directory(self.state.as_deref(), lake, variable)
    }
}

/// Where what is kept of a lake is: where it was said, beside a directory, or below the home.
pub(crate) fn state_directory(
    given: Option<&std::path::Path>,
    lake: &Location,
    variable: impl Fn(&str) -> Option<String>,
) -> PathBuf {
    if let Some(state) = given {
        return state.to_owned();
    }
    match lake {
        Location::Directory(directory) => {
            let mut name = directory.clone().into_os_string();
            name.push(".hydrant");
            name.into()
        }
        Location::S3 { bucket, prefix } => {
            let home = variable("XDG_STATE_HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))
                .unwrap_or_default();
            let lake = format!("{bucket}/{prefix}");
            home.join("hydrant")
                .join(lake.trim_end_matches('/').replace('/', "_"))
        }
    }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if scale > 0.0 && f64::is_finite(scale) => Ok(scale),
        _ => Err("a number above 0, such as 60: a minute then takes a second".to_owned()),
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has 12 digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_a_name_and_a_command() {
        let parsed: NamedCommand = "f=python3 f.py --x=1".parse().unwrap();
        assert_eq!(
            (parsed.name.as_str(), parsed.command.as_str()),
            ("f", "python3 f.py --x=1")
        );
        for wrong in ["f", "=x", "f=", "f= "] {
            assert!(wrong.parse::<NamedCommand>().is_err(), "{wrong}");
        }
    }
}
