//! Learning the schema of `events`: every object is read once, in parallel.
//!
//! All of them, because a field that a sample missed would be missing from answers without a word, and
//! because it is affordable: inflating and walking the text is most of what any query costs.

use std::sync::Arc;

use datafusion::{common::runtime::SpawnedTask, error::DataFusionError};
use futures::{StreamExt, TryStreamExt, stream};
use hydrant_records::json::JsonError;

use crate::{
    encoding::Inflater,
    error::QueryError,
    fetch::fetch_ahead,
    framing::{Records, record_end},
    object::DataObject,
    reader::Source,
    shape::Shape,
};

/// Runs of neighbouring objects for each thread: more runs share the work more evenly, fewer have less to
/// merge.
const RUNS_PER_THREAD: usize = 4;

/// The shape of all records in `objects`.
///
/// Neighbouring objects are read by one thread and the runs are merged in order, so that columns come in
/// the order in which the fields appear in the lake, however many threads there are. What cannot be read is
/// left to the scan to report.
///
/// # Errors
///
/// [`QueryError::Store`] when the store refuses an object.
pub(crate) async fn learn(
    source: &Arc<Source>,
    objects: &[Arc<DataObject>],
    threads: usize,
) -> Result<Shape, QueryError> {
    let run = objects.len().div_ceil(threads * RUNS_PER_THREAD).max(1);
    let shapes = stream::iter(objects.chunks(run).map(<[_]>::to_vec))
        .map(|run| learn_run(Arc::clone(source), run))
        .buffered(threads);
    shapes
        .try_fold(Shape::default(), |mut all, shape| async move {
            all.merge(shape);
            Ok(all)
        })
        .await
}

async fn learn_run(source: Arc<Source>, run: Vec<Arc<DataObject>>) -> Result<Shape, QueryError> {
    let (send, mut objects) = fetch_ahead::channel();
    let fetching = SpawnedTask::spawn(fetch_ahead::run(Arc::clone(&source), run.into(), send));
    let reading = SpawnedTask::spawn_blocking(move || {
        let (mut shape, mut inflater) = (Shape::default(), Inflater::default());
        while let Some(fetched) = objects.blocking_recv() {
            match fetched.bytes {
                Ok(bytes) => {
                    if let Ok(text) = inflater.text(&bytes) {
                        observe(&mut shape, text);
                    }
                }
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(source.store_error(fetched.object.key.as_ref(), error)),
            }
        }
        Ok(shape)
    });
    let failed = |error| QueryError::from(DataFusionError::ExecutionJoin(Box::new(error)));
    let shape = reading.join().await.map_err(failed)?;
    fetching.join().await.map_err(failed)?;
    shape
}

fn observe(shape: &mut Shape, text: &[u8]) {
    let mut records = Records::start(text);
    while let Some(start) = records.next(text) {
        if let Ok(end) = observe_record(shape, text, start) {
            records.accept(end);
        } else {
            records.resync(text);
        }
    }
}

/// Looks at all of a record before anything is learned from it: one that is refused has no shape.
fn observe_record(shape: &mut Shape, text: &[u8], start: usize) -> Result<usize, JsonError> {
    let end = record_end(text, start)?;
    shape.observe_record(text.get(start..end).unwrap_or_default())?;
    Ok(end)
}
