//! `--describe`: what fields events have, and how many of them.

use std::path::Path;

use anyhow::{Context, Result};
use hydrant_query::{Description, Engine, Format, Style, write};

use super::{
    answers::{format, width},
    say_problems,
};
use crate::{args::SqlArgs, output};

/// Reads the lake once and shows the fields of `events`, or writes them as `--schema` takes them.
pub(super) async fn run(engine: &Engine, args: &SqlArgs, quiet: bool) -> Result<()> {
    let description = engine.describe().await?;
    let path = args.output.as_deref();
    match path {
        Some(path) if path.extension().is_some_and(|it| it == "schema") => {
            std::fs::write(path, pinned(&description))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        _ => {
            let style = style(args, path);
            let for_people = matches!(
                style.format,
                Format::Table | Format::Vertical | Format::Markdown
            );
            let mut out = output::open(path)?;
            write(description.rows(for_people)?, style, &mut *out).await?;
        }
    }
    if !quiet {
        say_problems(&engine.problems());
    }
    Ok(())
}

fn style(args: &SqlArgs, path: Option<&Path>) -> Style {
    let of_file = path.and_then(Format::of_file);
    let format = args.format.map(format).or(of_file).unwrap_or_default();
    Style {
        width: path.is_none().then(width),
        ..format.into()
    }
}

/// The fields as `--schema` takes them.
fn pinned(description: &Description) -> String {
    let mut text = String::from("# The fields of events, for hydrant sql --schema.\n");
    for field in &description.fields {
        if let Some(pinned) = &field.pinned {
            text += &format!("{} {pinned}\n", field.path);
        }
    }
    text
}
