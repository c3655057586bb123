//! A function in a process of its own, spoken to as Lambda does: through the Lambda Runtime API (Lambda
//! developer guide, "Building a custom runtime").

mod environment;
mod function;
mod server;

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use hydrant_records::{TransformAnswer, TransformEvent};
use tokio::sync::Semaphore;

pub use function::Function;

use crate::{
    Clock, Ids,
    invocation::{FunctionAnswer, InvokeError, Transform, event_text},
};
use environment::Environment;

/// Runs a [`Function`]'s command and hands it events: any program that speaks the Lambda Runtime API, in any
/// language.
///
/// A process serves one event at a time, and the next one when it has answered; as many run at once as the
/// function's concurrency allows. One that crashes or runs out of time is killed, and the next event starts
/// another. The API listens on the loopback interface, on a port of its own for every process.
pub struct RuntimeApi {
    function: Function,
    clock: Arc<dyn Clock>,
    ids: Mutex<Ids>,
    permits: Semaphore,
    idle: Mutex<Vec<Environment>>,
}

impl RuntimeApi {
    /// Nothing is started before the first event. `clock` gives deadlines and runs time-outs, `ids` the ids
    /// of requests.
    pub fn new(function: Function, clock: Arc<dyn Clock>, ids: Ids) -> Self {
        Self {
            permits: Semaphore::new(function.concurrency.get()),
            function,
            clock,
            ids: Mutex::new(ids),
            idle: Mutex::default(),
        }
    }

    /// Hands `event` to the function, as it is, and gives its answer, as it is.
    ///
    /// # Errors
    ///
    /// [`InvokeError`] when the function does not start, reports an error, crashes, answers more than Lambda
    /// lets through, or takes too long.
    pub async fn call(&self, event: Bytes) -> Result<Bytes, InvokeError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let idle = self.lock_idle().pop();
        let mut environment = match idle.and_then(Environment::if_alive) {
            Some(environment) => environment,
            None => self.start().await.map_err(|error| {
                InvokeError::Function(format!("cannot start {}: {error}", self.function))
            })?,
        };
        let request_id = self
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .uuid();
        let (answer, reusable) = environment
            .invoke(&self.function, &*self.clock, request_id, event)
            .await;
        if reusable {
            self.lock_idle().push(environment);
        }
        answer
    }

    async fn start(&self) -> io::Result<Environment> {
        Environment::start(&self.function).await
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RuntimeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeApi")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transform for RuntimeApi {
    /// An answer with a record in no format is no [`TransformAnswer`]: ask with [`Transform::answer`].
    async fn invoke(&self, event: TransformEvent) -> Result<TransformAnswer, InvokeError> {
        let answer = self.call(event_text(&event)?).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| InvokeError::Function(format!("it gave no transform answer: {error}")))
    }

    async fn answer(&self, event: TransformEvent) -> Result<FunctionAnswer, InvokeError> {
        FunctionAnswer::from_json(&self.call(event_text(&event)?).await?)
    }
}
