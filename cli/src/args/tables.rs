//! Which Glue tables are known: the schemas that records are converted to.

use std::{path::PathBuf, str::FromStr};

use clap::Args;

/// The Glue tables that are known.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TableArgs {
    /// A Glue table that streams convert their records to: what `aws glue get-table` answers, or `aws glue
    /// create-table --cli-input-json` takes; or a folder of such files. May be repeated
    #[arg(long = "glue-table", value_name = "[DATABASE.TABLE=]FILE")]
    pub(crate) glue_tables: Vec<TableFile>,
}

/// A file, and the table that it describes where that is not as the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFile {
    pub(crate) called: Option<(String, String)>,
    pub(crate) path: PathBuf,
}

impl FromStr for TableFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (Some(name), path),
            None => (None, text),
        };
        if path.is_empty() {
            return Err("write FILE or DATABASE.TABLE=FILE".to_owned());
        }
        let called = name
            .map(|name| match name.split_once('.') {
                Some((database, table)) if !database.is_empty() && !table.is_empty() => {
                    Ok((database.to_owned(), table.to_owned()))
                }
                _ => Err(format!("`{name}` is no DATABASE.TABLE")),
            })
            .transpose()?;
        Ok(Self {
            called,
            path: path.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_file_that_may_be_given_a_name() {
        let file: TableFile = "tables/events.json".parse().unwrap();
        assert_eq!(file.called, None);
        let named: TableFile = "db.events=t.json".parse().unwrap();
        assert_eq!(named.called, Some(("db".to_owned(), "events".to_owned())));
        assert_eq!(named.path, PathBuf::from("t.json"));
        for wrong in ["", "db.events=", "events=t.json", ".events=t.json"] {
            assert!(wrong.parse::<TableFile>().is_err(), "{wrong}");
        }
    }
}
