//! Time and chance, which come from outside.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The clock, the ids and the patience of a runner.
#[derive(Clone)]
pub struct Surroundings {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    id: Arc<dyn Fn() -> String + Send + Sync>,
    sleep: Arc<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl Surroundings {
    /// `now` says what time it is, `id` gives another short text of letters and digits at each call, never the same on
    /// any machine, and `sleep` waits.
    pub fn new<S>(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        id: impl Fn() -> String + Send + Sync + 'static,
        sleep: impl Fn(Duration) -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: Future<Output = ()> + Send + 'static,
    {
        Self {
            now: Arc::new(now),
            id: Arc::new(id),
            sleep: Arc::new(move |duration| Box::pin(sleep(duration))),
        }
    }

    /// What time it is, in microseconds: what tables keep.
    pub fn now(&self) -> Timestamp {
        let now = (self.now)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    pub(crate) fn id(&self) -> String {
        (self.id)()
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        (self.sleep)(duration).await;
    }
}
