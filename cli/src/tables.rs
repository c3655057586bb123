//! Glue tables from the files that were named.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hydrant_delivery::GlueTables;
use serde_json::Value;

use crate::{args::TableArgs, output};

/// What a template calls one.
const TABLE: &str = "AWS::Glue::Table";

/// Reads all of them, after those that templates declare, each with the name of its template.
pub(crate) fn read(args: &TableArgs, declared: &[(String, Value)]) -> Result<GlueTables> {
    let mut tables = GlueTables::default();
    for (template, table) in declared {
        // A table of a template may be there for something else.
        if let Err(error) = tables.add(&table.to_string(), None) {
            output::say(&format!("note: {template}: not read as {TABLE}: {error}"));
        }
    }
    for file in &args.glue_tables {
        let called = file.called.as_ref();
        let called = called.map(|(database, table)| (database.as_str(), table.as_str()));
        if !file.path.is_dir() {
            add(&mut tables, &file.path, called)?;
            continue;
        }
        if called.is_some() {
            bail!(
                "{}: a folder has tables of its own; leave DATABASE.TABLE= out",
                file.path.display()
            );
        }
        let files = files(&file.path)?;
        if files.is_empty() {
            bail!("{}: no .json files in this folder", file.path.display());
        }
        for path in files {
            add(&mut tables, &path, None)?;
        }
    }
    Ok(tables)
}

fn add(tables: &mut GlueTables, path: &Path, called: Option<(&str, &str)>) -> Result<()> {
    let json =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    tables
        .add(&json, called)
        .with_context(|| path.display().to_string())
}

/// The `.json` files of a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
