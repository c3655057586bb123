//! Files of a lake that is a directory, listed and read with few system calls: of small objects those are most of the
//! work. On Linux a folder is opened from the one above it, so that nobody looks up the whole path again.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

#[cfg(target_os = "linux")]
pub(crate) use at::Directory;
#[cfg(not(target_os = "linux"))]
pub(crate) use by_path::Directory;

/// Bytes that a buffer has room for at least, so that most files are read at once.
const ROOM: usize = 64 << 10;

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    /// Neither, or a link that leads nowhere.
    Other,
}

/// The name of an entry as text.
fn text(name: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(name).map_err(|_| {
        let name = String::from_utf8_lossy(name);
        let reason = format!("the name {name} is not UTF-8");
        io::Error::new(io::ErrorKind::InvalidData, reason)
    })
}

/// Reads a file to its end, behind what is in the buffer.
pub(crate) fn read_to_end(file: &mut File, buffer: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let room = buffer.capacity() - buffer.len();
        if room < ROOM {
            buffer.reserve(ROOM.max(buffer.len()));
        }
        if read_some(file, buffer)? == 0 {
            return Ok(());
        }
    }
}

#[cfg(unix)]
fn read_some(file: &mut File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    use rustix::{buffer::spare_capacity, io::retry_on_intr};
    let read = retry_on_intr(|| rustix::io::read(&*file, spare_capacity(buffer)));
    Ok(read?)
}

#[cfg(not(unix))]
fn read_some(file: &mut File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    file.read_to_end(buffer)
}

/// The first `length` bytes of a file, or all of it.
pub(crate) fn read_beginning(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    File::open(path)?
        .take(length as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(target_os = "linux")]
mod at {
    use std::{io, os::fd::OwnedFd, path::Path};

    use rustix::{
        fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat},
        io::Errno,
    };

    use super::{Kind, text};

    /// Bytes of entries that are read at once.
    const ENTRIES: usize = 32 << 10;

    /// A directory that is open.
    #[derive(Debug)]
    pub(crate) struct Directory(OwnedFd);

    impl Directory {
        /// Opens the directory at a path.
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(Self(openat(CWD, path, flags, Mode::empty())?))
        }

        /// Opens a directory in this one.
        pub(crate) fn enter(&self, name: &str) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(Self(openat(&self.0, name, flags, Mode::empty())?))
        }

        /// Calls `take` with each entry.
        pub(crate) fn each(&self, mut take: impl FnMut(&str, Kind)) -> io::Result<()> {
            let mut buffer = Vec::with_capacity(ENTRIES);
            let mut entries = RawDir::new(&self.0, buffer.spare_capacity_mut());
            while let Some(entry) = entries.next() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(Errno::INTR) => continue,
                    // Removed since it was opened.
                    Err(Errno::NOENT) => return Ok(()),
                    Err(error) => return Err(error.into()),
                };
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let kind = match entry.file_type() {
                    FileType::Symlink | FileType::Unknown => {
                        let target = statat(&self.0, name, AtFlags::empty());
                        let mode = target.map(|target| target.st_mode);
                        mode.map_or(FileType::Unknown, FileType::from_raw_mode)
                    }
                    kind => kind,
                };
                let kind = match kind {
                    FileType::Directory => Kind::Folder,
                    FileType::RegularFile => Kind::File,
                    _ => Kind::Other,
                };
                take(text(name.to_bytes())?, kind);
            }
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod by_path {
    use std::{
        fs, io,
        path::{Path, PathBuf},
    };

    use super::{Kind, text};

    /// A directory, by its path.
    #[derive(Debug)]
    pub(crate) struct Directory(PathBuf);

    impl Directory {
        /// The directory at a path.
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(path.to_owned()))
        }

        /// A directory in this one.
        pub(crate) fn enter(&self, name: &str) -> io::Result<Self> {
            Ok(Self(self.0.join(name)))
        }

        /// Calls `take` with each entry.
        pub(crate) fn each(&self, mut take: impl FnMut(&str, Kind)) -> io::Result<()> {
            for entry in fs::read_dir(&self.0)? {
                let entry = entry?;
                let mut kind = entry.file_type()?;
                if kind.is_symlink() {
                    match fs::metadata(entry.path()) {
                        Ok(target) => kind = target.file_type(),
                        Err(_) => continue,
                    }
                }
                let kind = match (kind.is_dir(), kind.is_file()) {
                    (true, _) => Kind::Folder,
                    (_, true) => Kind::File,
                    _ => Kind::Other,
                };
                take(text(entry.file_name().as_encoded_bytes())?, kind);
            }
            Ok(())
        }
    }
}
