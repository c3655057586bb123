//! Files for their owner's eyes alone.

use std::fs::OpenOptions;

/// Options whose new files nobody but their owner can read, where the system knows owners: for what clients sent, and
/// for secrets.
pub fn private_files() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}
