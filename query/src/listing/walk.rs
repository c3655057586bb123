//! Walking the folders of a directory.

use std::{io, path::Path, sync::Arc};

use super::{Folder, Listed, is_hidden};
use crate::{
    directory::{Directory, Kind},
    predicate::Predicate,
};

/// Directories that are worth a thread.
const WORTH_A_THREAD: usize = 64;

/// A folder that is to be listed, and the directory that it is in.
struct Waiting {
    above: Arc<Directory>,
    folder: Folder,
}

impl Waiting {
    fn open(&self) -> io::Result<Directory> {
        let key = self.folder.key.trim_end_matches('/');
        let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
        self.above.enter(name)
    }
}

/// What lies right in a folder, and the folders in it for which `predicate` may hold.
///
/// # Errors
///
/// When the directory cannot be read; one that is not there has nothing in it.
pub(super) fn one(
    root: &Path,
    folder: &Folder,
    predicate: &Predicate,
) -> io::Result<(Listed, Vec<Folder>)> {
    let mut listed = Listed::default();
    let Some((_, deeper)) = there(Directory::open(&root.join(&folder.key)))?
        .map(|directory| list(directory, folder, predicate, &mut listed))
        .transpose()?
    else {
        return Ok((listed, Vec::new()));
    };
    Ok((listed, deeper))
}

/// Everything below a folder, with several threads where there is much of it.
///
/// # Errors
///
/// As [`one`].
pub(super) fn all(
    root: &Path,
    top: &Folder,
    predicate: &Predicate,
    threads: usize,
) -> io::Result<Listed> {
    let mut listed = Listed::default();
    let Some(directory) = there(Directory::open(&root.join(&top.key)))? else {
        return Ok(listed);
    };
    let mut waiting = deeper(list(directory, top, predicate, &mut listed)?);
    while !waiting.is_empty() && waiting.len() < WORTH_A_THREAD {
        let mut next = Vec::new();
        for waiting in waiting {
            next.extend(below(&waiting, predicate, &mut listed)?);
        }
        waiting = next;
    }
    let share = waiting.len().div_ceil(threads.max(1)).max(1);
    let mut shares = Vec::new();
    while !waiting.is_empty() {
        let rest = waiting.split_off(share.min(waiting.len()));
        shares.push(std::mem::replace(&mut waiting, rest));
    }
    let parts: Vec<io::Result<Listed>> = std::thread::scope(|scope| {
        // The last share is this thread's own.
        let own = shares.pop();
        let walk = |share| scope.spawn(move || walk(share, predicate));
        let handles: Vec<_> = shares.into_iter().map(walk).collect();
        let own = own.map(|share| self::walk(share, predicate));
        let join = |handle: std::thread::ScopedJoinHandle<'_, io::Result<Listed>>| {
            handle
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a thread that lists has panicked")))
        };
        handles.into_iter().map(join).chain(own).collect()
    });
    for part in parts {
        listed.merge(part?);
    }
    Ok(listed)
}

/// Everything below some folders, in their order.
fn walk(mut waiting: Vec<Waiting>, predicate: &Predicate) -> io::Result<Listed> {
    let mut listed = Listed::default();
    waiting.reverse();
    // The next folder is the last of these, so that few directories are open at a time.
    while let Some(next) = waiting.pop() {
        waiting.extend(below(&next, predicate, &mut listed)?.into_iter().rev());
    }
    Ok(listed)
}

/// Lists a folder; gives the folders in it.
fn below(
    waiting: &Waiting,
    predicate: &Predicate,
    listed: &mut Listed,
) -> io::Result<Vec<Waiting>> {
    let Some(directory) = there(waiting.open())? else {
        return Ok(Vec::new());
    };
    let found = list(directory, &waiting.folder, predicate, listed)?;
    Ok(deeper(found))
}

fn deeper((directory, folders): (Directory, Vec<Folder>)) -> Vec<Waiting> {
    let above = Arc::new(directory);
    let waiting = |folder| Waiting {
        above: Arc::clone(&above),
        folder,
    };
    folders.into_iter().map(waiting).collect()
}

/// The directory, if it is there: gone since it was seen, or never there, nothing is in it.
fn there(opened: io::Result<Directory>) -> io::Result<Option<Directory>> {
    match opened {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds what lies right in a folder; gives the folders in it for which `predicate` may hold.
fn list(
    directory: Directory,
    folder: &Folder,
    predicate: &Predicate,
    listed: &mut Listed,
) -> io::Result<(Directory, Vec<Folder>)> {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let read = directory.each(|name, kind| {
        if is_hidden(name) {
            return;
        }
        match kind {
            Kind::Folder => folders.push(name.to_owned()),
            Kind::File => files.push(folder.key.clone() + name),
            Kind::Other => {}
        }
    });
    if let Err(error) = read
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    files.sort_unstable();
    folders.sort_unstable();
    listed
        .objects
        .extend(files.into_iter().map(|key| (key, 0, 0)));
    let asks = *predicate != Predicate::Maybe;
    let mut deeper = Vec::with_capacity(folders.len());
    for name in folders {
        match folder.enter_if(&name, predicate, asks) {
            Ok(entered) => deeper.push(entered),
            Err(said) => listed.skipped.push(said),
        }
    }
    Ok((directory, deeper))
}
