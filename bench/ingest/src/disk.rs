//! The floor: what a file takes when it is synced as often as commits would.

use std::{fs::File, io::Write, path::Path, time::Instant};

use anyhow::Result;

#[expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "the result, to one place"
)]
pub(crate) fn measure(directory: &Path, bytes: usize, group: usize) -> Result<()> {
    let path = directory.join("bench-ingest-disk");
    let mut file = File::create(&path)?;
    // Text that compresses little better than events do, in case the disk compresses.
    let mut state = 88_172_645_463_325_252_u64;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b' ' + (state % 90) as u8
    })
    .take(group)
    .collect();
    let began = Instant::now();
    let mut written = 0;
    while written < bytes {
        file.write_all(&block)?;
        file.sync_data()?;
        written += block.len();
    }
    let seconds = began.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path)?;
    println!("{:.1}", written as f64 / seconds / 1e6);
    Ok(())
}
