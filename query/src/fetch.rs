//! Fetching objects ahead of the thread that reads them, within a budget of bytes.

use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStoreExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::object::DataObject;

/// An object's bytes, or why there are none. Its share of the budget is free again when it is dropped.
pub(crate) struct Fetched {
    pub(crate) object: Arc<DataObject>,
    pub(crate) bytes: Result<Bytes, object_store::Error>,
    _budget: OwnedSemaphorePermit,
}

/// One partition's fetching.
pub(crate) mod fetch_ahead {
    use futures::{StreamExt, stream};
    use tokio::sync::{
        Semaphore,
        mpsc::{Receiver, Sender, channel as bounded},
    };

    use super::{Arc, DataObject, Fetched, ObjectStoreExt};
    use crate::reader::Source;

    /// Requests under way at a time, for each partition.
    const REQUESTS: usize = 16;

    /// Bytes fetched and not yet read, for each partition; one larger object is let through alone.
    const BUDGET: usize = 64 << 20;

    /// Where the objects come out.
    pub(crate) fn channel() -> (Sender<Fetched>, Receiver<Fetched>) {
        bounded(1)
    }

    /// Fetches the objects in their order, until all are sent or nobody listens.
    pub(crate) async fn run(
        source: Arc<Source>,
        objects: Arc<[Arc<DataObject>]>,
        out: Sender<Fetched>,
    ) {
        let budget = Arc::new(Semaphore::new(BUDGET));
        // The budget is given out in order, before the requests are made, so the object that is waited for
        // always has its share.
        let fetched = stream::iter(objects.iter().cloned())
            .then(|object| {
                let share = usize::try_from(object.size)
                    .unwrap_or(BUDGET)
                    .clamp(1, BUDGET);
                let share = u32::try_from(share).unwrap_or(u32::MAX);
                let budget = Arc::clone(&budget);
                async move { (object, budget.acquire_many_owned(share).await) }
            })
            .filter_map(|(object, share)| async move { share.ok().map(|share| (object, share)) })
            .map(|(object, share)| {
                let source = Arc::clone(&source);
                async move {
                    let bytes = match source.store.get(&object.key).await {
                        Ok(answer) => answer.bytes().await,
                        Err(error) => Err(error),
                    };
                    Fetched {
                        object,
                        bytes,
                        _budget: share,
                    }
                }
            })
            .buffered(REQUESTS);
        let mut fetched = std::pin::pin!(fetched);
        while let Some(object) = fetched.next().await {
            if out.send(object).await.is_err() {
                return;
            }
        }
    }
}
