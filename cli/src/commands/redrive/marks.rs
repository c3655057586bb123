//! Which lines of an error object went, kept in the lake beside the objects.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use hydrant_lake::Lake;
use object_store::{ObjectStoreExt, path::Path};
use serde::{Deserialize, Serialize};

/// Where marks lie. Readers of a lake pass over folders that begin with an underscore.
const FOLDER: &str = "_redriven";

/// The lines of one error object that went.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marks {
    #[serde(skip)]
    key: Path,
    /// Numbers of lines, from 0.
    lines: BTreeSet<u64>,
}

impl Marks {
    /// Reads the marks of the error object at `key`.
    pub(super) async fn read(lake: &Lake, key: &Path) -> Result<Self> {
        let key = Path::parse(format!("{FOLDER}/{key}.json"))?;
        match lake.store().get(&key).await {
            Ok(object) => {
                let marks: Self = serde_json::from_slice(&object.bytes().await?)
                    .with_context(|| format!("{key} is damaged"))?;
                Ok(Self { key, ..marks })
            }
            Err(object_store::Error::NotFound { .. }) => Ok(Self {
                key,
                lines: BTreeSet::new(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn has(&self, line: u64) -> bool {
        self.lines.contains(&line)
    }

    pub(super) fn add(&mut self, line: u64) {
        self.lines.insert(line);
    }

    /// Writes the marks over those that were there.
    pub(super) async fn write(&self, lake: &Lake) -> Result<()> {
        let text = serde_json::to_vec(self)?;
        lake.store().put(&self.key, text.into()).await?;
        Ok(())
    }
}
