//! A clock that the test moves.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hydrant_endpoint::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// How often a bus looks whether something is due: waits that nobody moves the clock for.
const LOOK: Duration = Duration::from_secs(1);

/// A clock that stands until it is moved to the end of the next pause. What it shows can be set, as a machine's can;
/// pauses do not mind.
#[derive(Debug)]
pub(crate) struct Stepped {
    /// Milliseconds that have passed.
    passed: watch::Sender<u64>,
    /// Ends of pauses that are waited for.
    pauses: Mutex<BTreeSet<u64>>,
    /// Milliseconds that it was set by.
    skew: AtomicI64,
}

const BEGAN: i64 = 1_795_341_600_000;

impl Stepped {
    pub(crate) fn new() -> Self {
        Self {
            passed: watch::Sender::new(0),
            pauses: Mutex::default(),
            skew: AtomicI64::new(0),
        }
    }

    /// Sets what it shows.
    pub(crate) fn set_by(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.skew.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn passed(&self) -> Duration {
        Duration::from_millis(*self.passed.borrow())
    }

    /// Lets others run, then moves to the end of the next pause that somebody waits for.
    pub(crate) async fn step(&self) {
        let before = self.passed();
        for _ in 0..2000 {
            self.step_or_settle().await;
            if self.passed() > before {
                return;
            }
        }
        panic!("nobody waits for anything");
    }

    /// Moves on until `done`.
    pub(crate) async fn step_until(&self, done: impl Fn() -> bool) {
        for _ in 0..5000 {
            if done() {
                return;
            }
            self.step_or_settle().await;
        }
        panic!("it never came, in {:?}", self.passed());
    }

    /// Lets others run, then moves on if anybody waits.
    async fn step_or_settle(&self) {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let next = self.pauses.lock().unwrap().pop_first();
        if let Some(next) = next {
            self.passed.send_replace(next);
        }
    }
}

#[async_trait]
impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(*self.passed.borrow()).unwrap();
        let shown = BEGAN + passed + self.skew.load(Ordering::SeqCst);
        Timestamp::from_millisecond(shown).unwrap()
    }

    async fn sleep(&self, time: Duration) {
        if time < Duration::from_millis(100) {
            return tokio::time::sleep(time).await;
        }
        let mut passed = self.passed.subscribe();
        let until = *passed.borrow() + u64::try_from(time.as_millis()).unwrap();
        if time != LOOK {
            self.pauses.lock().unwrap().insert(until);
        }
        // The sender lives as long as the clock.
        passed.wait_for(|passed| *passed >= until).await.unwrap();
    }
}
