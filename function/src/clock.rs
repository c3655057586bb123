//! The one place where the function reads the clock and draws chance.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Time and chance for who retries.
#[async_trait]
pub trait Pace: Send {
    /// Waits, as long as `longest` and as short as nothing, by chance. `false`, at once, when that could
    /// last until the invocation has to end.
    async fn pause(&mut self, longest: Duration) -> bool;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    chance: ChaCha8Rng,
}

impl SystemClock {
    /// A clock whose chance is seeded by the time and the process.
    #[expect(clippy::new_without_default, reason = "it reads the clock")]
    pub fn new() -> Self {
        let seed = Self::now().as_nanos() ^ u128::from(std::process::id()) << 64;
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(seed.to_le_bytes())
            .for_each(|(byte, seed)| *byte = seed);
        Self {
            chance: ChaCha8Rng::from_seed(bytes),
        }
    }

    /// Since the Unix epoch.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that is passed on"
    )]
    pub fn now() -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    /// To measure how long something takes.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that is passed on"
    )]
    pub fn instant() -> Instant {
        Instant::now()
    }

    /// Pauses that end well before `deadline`, which counts from the Unix epoch.
    pub fn pace(&mut self, deadline: Duration) -> UntilDeadline<'_> {
        UntilDeadline {
            clock: self,
            deadline,
        }
    }
}

/// See [`SystemClock::pace`].
#[derive(Debug)]
pub struct UntilDeadline<'c> {
    clock: &'c mut SystemClock,
    deadline: Duration,
}

/// What an attempt and the answer after it may still take.
const RESERVE: Duration = Duration::from_secs(3);

#[async_trait]
impl Pace for UntilDeadline<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that is passed on"
    )]
    async fn pause(&mut self, longest: Duration) -> bool {
        if SystemClock::now() + longest + RESERVE > self.deadline {
            return false;
        }
        let share = self.clock.chance.random::<f64>();
        tokio::time::sleep(longest.mul_f64(share)).await;
        true
    }
}
