//! The fields of compacted rows, counted.

use std::sync::Arc;

use datafusion::{
    common::runtime::SpawnedTask, error::DataFusionError, execution::TaskContext,
    physical_plan::ExecutionPlan,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::task::scan;
use crate::{error::QueryError, learn::ByType, object::DataObject, reader::Source, shape::Shape};

/// The shapes of the rows of compacted files, by event type, with every value counted.
///
/// # Errors
///
/// [`QueryError`] when a file cannot be read.
pub(crate) async fn count(
    source: &Arc<Source>,
    files: Vec<Arc<DataObject>>,
) -> Result<Vec<ByType>, QueryError> {
    let count = |file| {
        let source = Arc::clone(source);
        async move {
            let counted = SpawnedTask::spawn(async move { count_file(&source, file).await });
            let joined = counted.join().await;
            joined.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
        }
    };
    stream::iter(files)
        .map(count)
        .buffered(source.threads.max(1))
        .try_collect()
        .await
}

async fn count_file(source: &Arc<Source>, file: Arc<DataObject>) -> Result<ByType, QueryError> {
    let Some(compacted) = &file.compacted else {
        return Ok(ByType::new());
    };
    let (mut shape, event_type) = (compacted.shape.uncounted(), compacted.event_type.clone());
    let known: Arc<Shape> = Arc::clone(&compacted.shape);
    let (scan, _) = scan(source, vec![file], &known, Vec::new())?;
    let mut rows = scan.execute(0, Arc::new(TaskContext::default()))?;
    while let Some(batch) = rows.next().await {
        shape.count_rows(&batch?);
    }
    Ok([(event_type, shape)].into())
}
