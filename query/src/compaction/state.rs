//! What the compacted table has taken, and what its files are: one small object for each commit, written
//! before it and named by it.
//!
//! The commit notes a number under [`APPLICATION`] (Delta transaction log protocol, Transaction Identifiers),
//! which lasts however often the log is shortened, and the number names the object. So the table and what it
//! took change in the same instant. An object that no commit names is of a run that was killed, or that was
//! second, and means nothing.

use std::{collections::BTreeMap, sync::Arc};

use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use serde::{Deserialize, Serialize};

use super::error::CompactionError;
use crate::shape::Shape;

/// The table's folder in the lake.
pub(crate) const TABLE: &str = "_tables/events";

/// Where what we know of it is, beside its log. Delta's tools leave such names alone.
pub(crate) const FOLDER: &str = "_tables/events/_hydrant";

/// The name under which a commit notes its number.
pub(crate) const APPLICATION: &str = "hydrant.compaction";

/// A property of tables that were made here.
pub(crate) const PROPERTY: &str = "hydrant.events";

/// The format of what is written.
const FORMAT: u32 = 1;

/// A key as it is spelled, which [`Path::from`] would encode once more.
pub(crate) fn exact(key: &str) -> Path {
    Path::parse(key).unwrap_or_else(|_| Path::from(key))
}

/// See the module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    /// The number that names it.
    pub(crate) number: i64,
    /// Where the keys are that were taken.
    pub(crate) taken: Vec<Chunk>,
    /// Shapes of files, as [`Shape::to_json`] has them.
    pub(crate) shapes: Vec<serde_json::Value>,
    /// Folders that raw objects were taken from.
    pub(crate) folders: Vec<String>,
    /// The partition columns that those folders gave, and whether each is a number.
    pub(crate) partitions: Vec<(String, bool)>,
    /// The order of the records' fields, as a shape: that in which queries showed them when the table was made.
    #[serde(default)]
    pub(crate) order: Option<serde_json::Value>,
    /// The files of the table, by their paths in it.
    pub(crate) files: BTreeMap<String, FileNote>,
    /// Raw objects taken, their bytes, and rows that came of them.
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

/// Keys that were taken, in their order, in an object of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    /// The object's name in [`FOLDER`].
    pub(crate) name: String,
    /// The first and the last of the keys.
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) keys: u64,
}

/// What we know of a file of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileNote {
    /// Its place in [`State::shapes`].
    pub(crate) shape: usize,
    /// The places in [`State::folders`] of the folders its rows came from.
    pub(crate) folders: Vec<usize>,
    pub(crate) rows: u64,
    /// The first and the last event time, in microseconds since the epoch; `None` when a row has none.
    pub(crate) times: Option<(i64, i64)>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            format: FORMAT,
            ..Self::default()
        }
    }

    /// The key of the state of this number.
    pub(crate) fn key(number: i64) -> String {
        format!("{FOLDER}/state-{number:019}.json")
    }

    /// The next number: greater than any before it, and other than that of whoever tries the same, whose
    /// `chance` is another.
    pub(crate) fn next_number(&self, chance: u32) -> i64 {
        ((self.number >> 32) + 1) << 32 | i64::from(chance)
    }

    /// # Errors
    ///
    /// [`CompactionError::State`] when it is not there or is none.
    pub(crate) async fn read(
        store: &Arc<dyn ObjectStore>,
        number: i64,
    ) -> Result<Self, CompactionError> {
        let key = Self::key(number);
        let damaged = |reason: String| CompactionError::State {
            file: key.clone(),
            reason,
        };
        let bytes = match store.get(&Path::from(key.as_str())).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|error| match error {
            object_store::Error::NotFound { .. } => damaged("is missing".to_owned()),
            error => CompactionError::store(&key, "read", error),
        })?;
        let state: Self = serde_json::from_slice(&bytes)
            .map_err(|error| damaged(format!("is damaged ({error})")))?;
        if state.format != FORMAT || state.number != number {
            return Err(damaged(format!(
                "has format {}, and this program knows {FORMAT}",
                state.format
            )));
        }
        Ok(state)
    }

    /// # Errors
    ///
    /// [`CompactionError::Store`].
    pub(crate) async fn write(&self, store: &Arc<dyn ObjectStore>) -> Result<(), CompactionError> {
        let key = Self::key(self.number);
        let bytes = serde_json::to_vec(self).map_err(|error| CompactionError::State {
            file: key.clone(),
            reason: error.to_string(),
        })?;
        let written = store.put(&Path::from(key.as_str()), bytes.into()).await;
        written
            .map(|_| ())
            .map_err(|error| CompactionError::store(&key, "written", error))
    }

    /// The place of a shape among those known.
    pub(crate) fn place_of_shape(&mut self, shape: &Shape) -> usize {
        let json = shape.without_counts().to_json();
        place(&mut self.shapes, &json)
    }

    /// The place of a folder among those known.
    pub(crate) fn place_of_folder(&mut self, folder: &str) -> usize {
        place(&mut self.folders, &folder.to_owned())
    }

    /// The shapes, read.
    ///
    /// # Errors
    ///
    /// [`CompactionError::State`] when one is none.
    pub(crate) fn read_shapes(&self) -> Result<Vec<Arc<Shape>>, CompactionError> {
        let read = |json: &serde_json::Value| {
            let shape = Shape::from_json(json).map(Arc::new);
            shape.ok_or_else(|| CompactionError::State {
                file: Self::key(self.number),
                reason: "is damaged (a shape is none)".to_owned(),
            })
        };
        self.shapes.iter().map(read).collect()
    }

    /// The shape that holds all files.
    ///
    /// # Errors
    ///
    /// As [`State::read_shapes`].
    pub(crate) fn shape(&self) -> Result<Shape, CompactionError> {
        let mut all = Shape::default();
        for shape in self.read_shapes()? {
            all.merge(&shape);
        }
        Ok(self.in_order(all))
    }

    /// The order of the fields, as [`Shape::put_in_order`] takes it; `None` in a table from before it was noted.
    pub(crate) fn read_order(&self) -> Option<Shape> {
        self.order.as_ref().and_then(Shape::from_json)
    }

    /// A shape with its fields in the order that the table's have.
    pub(crate) fn in_order(&self, mut shape: Shape) -> Shape {
        if let Some(order) = self.read_order() {
            shape.put_in_order(&order);
        }
        shape
    }

    /// The partition columns with those that folders give now.
    pub(crate) fn partitions_with(&self, now: &[(String, bool)]) -> Vec<(String, bool)> {
        let mut all = self.partitions.clone();
        for (name, is_number) in now {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known &= is_number,
                None => all.push((name.clone(), *is_number)),
            }
        }
        all
    }

    /// Leaves out shapes and folders that no file has any more.
    pub(crate) fn tidy(&mut self) {
        let mut shapes: Vec<Option<usize>> = vec![None; self.shapes.len()];
        let mut folders: Vec<Option<usize>> = vec![None; self.folders.len()];
        let (mut kept_shapes, mut kept_folders) = (Vec::new(), Vec::new());
        for note in self.files.values_mut() {
            note.shape = move_to(note.shape, &self.shapes, &mut shapes, &mut kept_shapes);
            for at in &mut note.folders {
                *at = move_to(*at, &self.folders, &mut folders, &mut kept_folders);
            }
        }
        self.shapes = kept_shapes;
        self.folders = kept_folders;
    }
}

fn place<T: PartialEq + Clone>(known: &mut Vec<T>, wanted: &T) -> usize {
    known.iter().position(|it| it == wanted).unwrap_or_else(|| {
        known.push(wanted.clone());
        known.len() - 1
    })
}

fn move_to<T: Clone + Default>(
    from: usize,
    all: &[T],
    moved: &mut [Option<usize>],
    kept: &mut Vec<T>,
) -> usize {
    let Some(slot) = moved.get_mut(from) else {
        return from;
    };
    *slot.get_or_insert_with(|| {
        kept.push(all.get(from).cloned().unwrap_or_default());
        kept.len() - 1
    })
}
