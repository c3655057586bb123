//! What is known of single objects from before, kept as long as the engine and, if the operator gives a
//! directory, in a file for the next one.
//!
//! It holds what a sample of an object showed, and nothing else: a query plans with the same sample whether it
//! was read now or is remembered, so it never changes an answer. Files of a directory are not remembered:
//! they are read as fast, and people write them anew.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use crate::{object::DataObject, shape::Shape};

/// The first line of a file. Whatever changes what a sample shows changes the number.
const HEADER: &str = "hydrant shapes 1";

/// A file with more objects than this begins anew.
const MAX_OBJECTS: usize = 20_000;

/// An object at one time: a store that is asked to list says when each was written.
type Identity = (String, u64, i64);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    known: Mutex<Known>,
    file: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Known {
    shapes: HashMap<Identity, Arc<Shape>>,
    is_loaded: bool,
    is_saved: bool,
}

fn identity(object: &DataObject) -> Identity {
    (object.key.clone(), object.size, object.written)
}

impl Memory {
    /// A memory that is kept in `directory`, in a file of its own for each lake.
    pub(crate) fn in_directory(directory: &Path, lake: &str) -> Self {
        // FNV-1a: the name has to be the same for the next version of us.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = lake.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        Self {
            file: Some(directory.join(format!("shapes-{hash:016x}.ndjson"))),
            ..Self::default()
        }
    }

    /// What a sample of an object showed.
    pub(crate) fn get(&self, object: &DataObject) -> Option<Arc<Shape>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_loaded {
            known.is_loaded = true;
            known.is_saved = true;
            let read = self.file.as_deref().and_then(load);
            known.shapes.extend(read.unwrap_or_default());
        }
        known.shapes.get(&identity(object)).cloned()
    }

    /// Remembers what a sample of an object showed.
    pub(crate) fn put(&self, object: &DataObject, shape: Arc<Shape>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.shapes.len() >= MAX_OBJECTS {
            known.shapes.clear();
        }
        known.shapes.insert(identity(object), shape);
        known.is_saved = false;
    }

    /// Writes the file, if there is something new for it. That it cannot be written costs time only.
    pub(crate) fn save(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = self.file.as_deref().filter(|_| !known.is_saved) else {
            return;
        };
        known.is_saved = true;
        if let Err(error) = save(file, &known.shapes) {
            tracing::debug!(file = %file.display(), %error, "what was learned is not kept");
        }
    }
}

fn load(file: &Path) -> Option<HashMap<Identity, Arc<Shape>>> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return None;
    }
    let entry = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        let identity = (
            value.get("key")?.as_str()?.to_owned(),
            value.get("size")?.as_u64()?,
            value.get("written")?.as_i64()?,
        );
        let shape = Shape::from_json(value.get("shape")?)?;
        Some((identity, Arc::new(shape)))
    };
    Some(lines.filter_map(entry).collect())
}

fn save(file: &Path, shapes: &HashMap<Identity, Arc<Shape>>) -> std::io::Result<()> {
    let mut text = format!("{HEADER}\n");
    for ((key, size, written), shape) in shapes {
        let entry = json!({"key": key, "size": size, "written": written, "shape": shape.to_json()});
        text.push_str(&entry.to_string());
        text.push('\n');
    }
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    // Whole or not at all, whoever else is writing.
    let beside = file.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_learned() {
        let directory = tempfile::tempdir().unwrap();
        let object = |key: &str| DataObject {
            key: key.to_owned(),
            size: 7,
            written: -1,
            partitions: [].into(),
            compacted: None,
        };
        let mut shape = Shape::default();
        for record in [
            r#"{"time":"2026-11-02T08:15:30Z","a":{"b":[1,{"c":0.5}]},"n":null}"#,
            r#"{"a":{"\"é":true},"e":{}}"#,
        ] {
            shape.observe_record(record.as_bytes()).unwrap();
        }
        let memory = Memory::in_directory(directory.path(), "s3://lake/");
        assert!(memory.get(&object("a")).is_none());
        memory.put(&object("a"), Arc::new(shape.clone()));
        memory.save();
        let next = Memory::in_directory(directory.path(), "s3://lake/");
        let known = next.get(&object("a")).unwrap();
        assert_eq!(known.record_fields(), shape.record_fields());
        assert_eq!(known.to_json(), shape.to_json());
        assert!(next.get(&object("b")).is_none());
        let other = Memory::in_directory(directory.path(), "s3://other/");
        assert!(other.get(&object("a")).is_none());
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::in_directory(directory.path(), "lake");
        let file = memory.file.clone().unwrap();
        for text in [
            "",
            "other\n",
            "hydrant shapes 1\n{}\n{\"key\":1}\nnonsense\n",
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(load(&file).unwrap_or_default().len(), 0);
        }
    }
}
