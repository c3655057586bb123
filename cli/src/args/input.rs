//! What to read: records in files, of either form.

use std::path::PathBuf;

use clap::Args;

use super::Form;

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files of records, one JSON record a line or pretty-printed, plain or gzip; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// What the files hold: the events that reach Firehose, or request bodies for the front door, whose
    /// entries then become the events that the gateway and the bus of the AWS sample would make of them
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Events)]
    pub(crate) form: Form,

    /// The client whose entries they are, as an authorizer would know it
    #[arg(long, value_name = "ID", default_value = "local-client")]
    pub(crate) client_id: String,
}
