//! Glue tables from the files that were named.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hydrant_delivery::GlueTables;

use crate::args::TableArgs;

/// Reads all of them.
pub(crate) fn read(args: &TableArgs) -> Result<GlueTables> {
    let mut tables = GlueTables::default();
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
