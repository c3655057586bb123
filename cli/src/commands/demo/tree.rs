//! The folders of a lake, as a tree.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::TryStreamExt;
use hydrant_lake::Lake;

use crate::text::{bytes, plural};

/// Folders below the root that are shown; what is deeper is counted and one example given.
const DEPTH: usize = 3;

#[derive(Debug, Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    objects: u64,
    bytes: u64,
    /// Path, below this folder, of the first object's folder.
    example: String,
}

impl Folder {
    fn add(&mut self, key: &str, size: u64) {
        let (folders, _) = key.rsplit_once('/').unwrap_or(("", key));
        self.objects += 1;
        self.bytes += size;
        if self.objects == 1 {
            folders.clone_into(&mut self.example);
        }
        if let Some((first, rest)) = key.split_once('/') {
            self.folders
                .entry(first.to_owned())
                .or_default()
                .add(rest, size);
        }
    }

    fn draw(&self, indent: &str, depth: usize, tree: &mut String) {
        let last = self.folders.len().saturating_sub(1);
        for (index, (name, folder)) in self.folders.iter().enumerate() {
            let (branch, below) = if index == last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            let name = format!("{indent}{branch}{name}/");
            let size = format!(
                "{}, {}",
                plural(folder.objects, "object"),
                bytes(folder.bytes)
            );
            tree.push_str(&format!("{name:<48} {size}\n"));
            let indent = format!("{indent}{below}");
            if depth > 1 {
                folder.draw(&indent, depth - 1, tree);
            } else if !folder.folders.is_empty() {
                tree.push_str(&format!("{indent}└── {}/ …\n", folder.example));
            }
        }
    }
}

/// The tree of the lake's prefixes, called `name`.
pub(crate) async fn of(lake: &Lake, name: &str) -> Result<String> {
    let mut root = Folder::default();
    let mut objects = lake.store().list(None);
    let mut keys = BTreeMap::new();
    while let Some(object) = objects.try_next().await? {
        keys.insert(object.location.to_string(), object.size);
    }
    for (key, size) in keys.iter().filter(|(key, _)| !key.starts_with('.')) {
        root.add(key, *size);
    }
    let mut tree = format!("{name}/\n");
    root.draw("", DEPTH, &mut tree);
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_counted_and_deep_ones_shown_by_an_example() {
        let mut root = Folder::default();
        for key in [
            "errors/processing-failed/2026/11/22/00/s-1",
            "events/eventType=paging/schemaVersion=2/year=2026/hour=00/s-1",
            "events/eventType=paging/schemaVersion=2/year=2026/hour=01/s-1",
            "events/eventType=shopping/schemaVersion=1/year=2026/hour=00/s-1",
        ] {
            root.add(key, 1500);
        }
        let mut tree = String::new();
        root.draw("", DEPTH, &mut tree);
        insta::assert_snapshot!(tree, @r"
        ├── errors/                                      1 object, 1.5 kB
        │   └── processing-failed/                       1 object, 1.5 kB
        │       └── 2026/                                1 object, 1.5 kB
        │           └── 11/22/00/ …
        └── events/                                      3 objects, 4.5 kB
            ├── eventType=paging/                        2 objects, 3.0 kB
            │   └── schemaVersion=2/                     2 objects, 3.0 kB
            │       └── year=2026/hour=00/ …
            └── eventType=shopping/                      1 object, 1.5 kB
                └── schemaVersion=1/                     1 object, 1.5 kB
                    └── year=2026/hour=00/ …
        ");
    }
}
