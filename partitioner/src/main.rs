//! The partition-key Lambda: records untouched, with `metadata.partitionKeys` beside them. Its work and its
//! settings are in the library; everything else is `hydrant_function`'s.

use std::process::ExitCode;

fn main() -> ExitCode {
    hydrant_function::run(
        "`hydrant partition`",
        hydrant_partitioner::function::function,
    )
}
