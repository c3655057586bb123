//! The scheduled-jobs Lambda: events of EventBridge Scheduler in, runs of jobs out. Its work and its settings are in
//! the library, everything else is `hydrant_function`'s.

use std::process::ExitCode;

fn main() -> ExitCode {
    hydrant_function::run("`hydrant jobs due`", hydrant_jobs::function::function)
}
