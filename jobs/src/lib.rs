//! Scheduled analytics over a lake: a query with a schedule and an interval, run once for each interval.
//!
//! A [`Job`] is an SQL file with a head. A [`Runner`] runs it for an [`Interval`]: it claims the interval in the lake,
//! runs the query, holds the result against the job's expectations, puts it in the place of what the interval had
//! before, and notes what happened. What was noted lies in the lake, as the Delta table `_jobs/runs`, so any machine can
//! go on where another stopped.
//!
//! Not here: SQL (that is `hydrant-query`), when a schedule fires (`hydrant-schedule`), and waiting: whoever has a clock
//! asks [`due`] what is to be done.

mod claim;
mod clock;
mod conform;
mod due;
mod error;
mod expect;
mod files;
mod fingerprint;
#[cfg(feature = "lambda")]
pub mod function;
mod gathered;
mod head;
mod interval;
mod job;
mod ledger;
mod load;
mod notify;
mod output;
mod page;
mod placeholders;
mod rows;
mod runner;
pub mod show;
mod table_output;
mod vacuum;
mod work;

pub use clock::Surroundings;
pub use due::{Due, due, to_backfill};
pub use error::{JobError, JobMistake};
pub use interval::{Interval, IntervalSize};
pub use job::{Job, Notify, Output};
pub use ledger::{Ledger, Outcome, Run};
pub use load::{Jobs, load};
pub use page::history_page;
pub use runner::{Attempt, Preview, Runner, RunnerOptions};
pub use vacuum::vacuum;
pub use work::{Pace, Tally, work};
