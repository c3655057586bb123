//! Which raw objects are taken, and which of them become files together.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    catalog::Objects,
    hours::{HOUR, PARTS, interval},
    object::{DataObject, Partition},
};

/// Parts of a folder's time that are shorter than the day of a file.
const SHORT: [&str; 3] = ["hour", "minute", "datehour"];

/// Objects that one worker turns into files, one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// In the order of their keys, and so mostly of their times.
    pub(crate) objects: Vec<Arc<DataObject>>,
    /// The day of the folder, counted from 1970, for rows that have no time.
    pub(crate) day: Option<i64>,
    /// What the folders say besides times: objects alike in it are of one shape.
    pub(crate) what: String,
    pub(crate) bytes: u64,
}

/// What one commit takes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) tasks: Vec<Task>,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

/// Bounds of what is done at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of raw objects that go into the files of a task.
    pub(crate) task_bytes: u64,
    /// Bytes of raw objects of a commit.
    pub(crate) commit_bytes: u64,
    /// Raw objects of a commit.
    pub(crate) commit_objects: u64,
}

/// When the time of an object's folder ends, in microseconds since the epoch; when it was written, if the folder
/// does not say.
pub(crate) fn ends(object: &DataObject, partitions: &[Partition]) -> i64 {
    match folder_time(object, partitions) {
        Some((_, to)) => to,
        None => object.written.saturating_mul(1000),
    }
}

fn folder_time(object: &DataObject, partitions: &[Partition]) -> Option<(i64, i64)> {
    interval(|part| {
        let at = partitions.iter().position(|it| it.name == part)?;
        object.partitions.get(at)?.as_deref()
    })
}

/// Puts objects into tasks and those into commits, the oldest first.
pub(crate) fn plan(found: &Objects, objects: Vec<Arc<DataObject>>, bounds: Bounds) -> Vec<Batch> {
    let mut groups: BTreeMap<(i64, String), Vec<Arc<DataObject>>> = BTreeMap::new();
    for object in objects {
        let start = folder_time(&object, &found.partitions)
            .map_or(object.written.saturating_mul(1000), |(from, _)| from);
        let values = |leave_out: &[&str]| -> String {
            let said = found.partitions.iter().zip(object.partitions.iter());
            let said = said.filter(|(column, _)| !leave_out.contains(&column.name.as_str()));
            said.map(|(_, value)| value.as_deref().unwrap_or("\0").to_owned() + "/")
                .collect()
        };
        let day = start.div_euclid(24 * HOUR);
        groups
            .entry((day, values(&SHORT)))
            .or_default()
            .push(object);
    }
    let mut batches = Vec::new();
    let mut batch = Batch::default();
    for ((day, _), objects) in groups {
        for task in tasks(objects, day, &found.partitions, bounds) {
            let is_full = batch.bytes + task.bytes > bounds.commit_bytes
                || batch.objects + task.objects.len() as u64 > bounds.commit_objects;
            if is_full && batch.objects > 0 {
                batches.push(std::mem::take(&mut batch));
            }
            batch.bytes += task.bytes;
            batch.objects += task.objects.len() as u64;
            batch.tasks.push(task);
        }
    }
    if batch.objects > 0 {
        batches.push(batch);
    }
    batches
}

fn tasks(
    objects: Vec<Arc<DataObject>>,
    day: i64,
    partitions: &[Partition],
    bounds: Bounds,
) -> Vec<Task> {
    let what = objects.first().map(|object| {
        let said = partitions.iter().zip(object.partitions.iter());
        let said = said.filter(|(column, _)| {
            !PARTS.contains(&column.name.as_str()) && !SHORT.contains(&column.name.as_str())
        });
        let values = said.map(|(_, value)| value.as_deref().unwrap_or("\0").to_owned() + "/");
        values.collect::<String>()
    });
    let what = what.unwrap_or_default();
    let mut tasks: Vec<Task> = Vec::new();
    for object in objects {
        let size = object.size;
        match tasks.last_mut() {
            Some(task)
                if task.bytes + size <= bounds.task_bytes
                    && (task.objects.len() as u64) < bounds.commit_objects =>
            {
                task.bytes += size;
                task.objects.push(object);
            }
            _ => tasks.push(Task {
                objects: vec![object],
                day: Some(day),
                what: what.clone(),
                bytes: size,
            }),
        }
    }
    tasks
}
