//! Files for their owner's eyes alone.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

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

/// Opens such a file to read and write, or makes it.
///
/// # Errors
///
/// Those of the system.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = private_files();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}
