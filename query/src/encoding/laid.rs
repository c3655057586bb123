//! The text of an object that is larger than what may be held of one: laid into a temporary file, and read from there
//! stretch by stretch.

use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind, Read, Seek, Write},
    path::PathBuf,
    sync::Arc,
};

use super::{MAX_TEXT, PARQUET, Unreadable};

/// Bytes of text that are held at a time, at least: Firehose takes records of up to 1,000 KiB (AWS API reference,
/// `PutRecord`), and 10 MiB from Amazon MSK.
const LEAST_HELD: usize = 1 << 20;

/// However little memory there is, records of this length are read.
const LEAST_RECORD: usize = 16 << 20;

/// Of the memory that a query may use, the part that each of its threads holds of an object's text. What is made of it,
/// its marks and the rows, is three times as much, and sorting and grouping need the most.
const SHARE: usize = 16;

/// The longest record that is read, as a share of that memory.
const RECORD_SHARE: usize = 8;

/// Where temporary files come from.
pub(crate) trait Scratch: Send + Sync {
    /// A new file.
    ///
    /// # Errors
    ///
    /// When none is to be had.
    fn file(&self) -> io::Result<ScratchFile>;
}

/// A temporary file.
pub(crate) struct ScratchFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What writes it.
    pub(crate) out: Box<dyn Write + Send>,
    /// What keeps it; dropped, the file is gone.
    pub(crate) keep: Box<dyn Send + Sync>,
}

impl ScratchFile {
    /// Ends writing and begins reading.
    ///
    /// # Errors
    ///
    /// When the rest cannot be written, or the file not be opened.
    pub(crate) fn read(mut self) -> io::Result<Large> {
        self.out.flush()?;
        Ok(Large {
            file: File::open(&self.path)?,
            _keep: Some(self.keep),
        })
    }
}

/// How much of an object is held in memory, and where the rest goes.
#[derive(Clone)]
pub(crate) struct Room {
    /// Bytes of an object, and of its text, that are held at a time.
    pub(crate) held: usize,
    /// The longest record, in bytes; and the longest text that cannot be read by stretches.
    pub(crate) longest: usize,
    /// Where temporary files come from.
    pub(crate) scratch: Arc<dyn Scratch>,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("held", &self.held)
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}

impl Room {
    /// The room that each of `threads` has where all of them together may use `memory` bytes; objects are held whole
    /// where that is not bounded.
    pub(crate) fn new(memory: Option<usize>, threads: usize, scratch: Arc<dyn Scratch>) -> Self {
        let (held, longest) = match memory {
            Some(memory) => (
                (memory / SHARE / threads.max(1)).clamp(LEAST_HELD, MAX_TEXT),
                (memory / RECORD_SHARE).clamp(LEAST_RECORD, MAX_TEXT),
            ),
            None => (MAX_TEXT, MAX_TEXT),
        };
        Self {
            held,
            longest,
            scratch,
        }
    }

    /// Whether objects are held whole, whatever their size.
    pub(crate) fn is_unbounded(&self) -> bool {
        self.held >= MAX_TEXT
    }
}

/// A file that holds an object, or the text of one, from its beginning.
pub(crate) struct Large {
    file: File,
    /// Keeps a temporary file as long as it is read.
    _keep: Option<Box<dyn Send + Sync>>,
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Large")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl From<File> for Large {
    /// A file of the lake.
    fn from(file: File) -> Self {
        Self { file, _keep: None }
    }
}

impl Large {
    /// The file, to read from where it stands.
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Whether it is Apache Parquet. What cannot be read is not, and is refused when it is read as text.
    pub(crate) fn is_parquet(&self) -> bool {
        let mut beginning = [0; PARQUET.len()];
        let mut file = &self.file;
        let read = file.read_exact(&mut beginning);
        read.is_ok() && file.rewind().is_ok() && beginning == PARQUET
    }

    /// Its length in bytes.
    ///
    /// # Errors
    ///
    /// When the file is not to be asked.
    pub(crate) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

/// Lays a text into a file of its own; `buffer` is used on the way. Gives the file and the text's length.
///
/// # Errors
///
/// [`Unreadable`]; `damage` says it of what the text comes from.
pub(super) fn lay(
    room: &Room,
    text: &mut impl Read,
    buffer: &mut [u8],
    damage: impl Fn(&io::Error) -> Unreadable,
) -> Result<(Large, usize), Unreadable> {
    let mut scratch = room.scratch.file().map_err(|error| no_room(&error))?;
    let mut length = 0;
    loop {
        let read = match text.read(buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(damage(&error)),
        };
        length += read;
        if length > MAX_TEXT {
            return Err(super::too_large(MAX_TEXT));
        }
        let part = buffer.get(..read).unwrap_or_default();
        let written = scratch.out.write_all(part);
        written.map_err(|error| no_room(&error))?;
    }
    let large = scratch.read().map_err(|error| no_room(&error))?;
    Ok((large, length))
}

/// What is to be said when a temporary file fails.
pub(super) fn no_room(error: &io::Error) -> Unreadable {
    Unreadable::NoRoom(format!(
        "its text is larger than what --memory-limit lets a thread hold, and a temporary file for it failed ({error})"
    ))
}

/// A text that is read stretch by stretch.
#[derive(Debug)]
pub(super) struct Laid {
    large: Large,
    /// Bytes that were not read yet.
    pub(super) left: usize,
}

impl Laid {
    pub(super) fn new(large: Large, length: usize) -> Self {
        Self {
            large,
            left: length,
        }
    }

    /// Reads on into `space` until it is full or the text ends; gives the number of bytes.
    pub(super) fn read(&mut self, space: &mut [u8]) -> Result<usize, Unreadable> {
        let wanted = space.len().min(self.left);
        let space = space.get_mut(..wanted).unwrap_or_default();
        let read = self.large.file.read_exact(space);
        read.map_err(|error| no_room(&error))?;
        self.left -= wanted;
        Ok(wanted)
    }
}
