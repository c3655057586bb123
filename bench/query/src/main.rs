//! The floor below a query over a lake on this machine: list, read, inflate with libdeflate, and look for as
//! little as a question needs. Nothing is checked, nothing is planned, no answer is to be trusted: it says what
//! no query engine can be faster than while it reads the same objects.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::Context;
use clap::{Parser, Subcommand};
use libdeflater::Decompressor;
use memchr::{memchr, memchr_iter, memmem};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// List the objects.
    List(Objects),
    /// Read them.
    Read(Objects),
    /// Inflate them.
    Inflate(Objects),
    /// Inflate and count newlines.
    Count(Objects),
    /// Inflate and count the different values of one text field, found by its name alone.
    Pluck {
        #[command(flatten)]
        objects: Objects,
        /// The field's name.
        field: String,
    },
    /// Inflate and count where a text occurs.
    Find {
        #[command(flatten)]
        objects: Objects,
        /// The text.
        text: String,
    },
}

#[derive(clap::Args)]
struct Objects {
    /// The directory.
    directory: PathBuf,
    /// Only folders of this name where a folder of its key is; such as day=05.
    #[arg(long)]
    only: Vec<String>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// What is done with the text of an object.
enum Look {
    Not,
    Newlines,
    Values(String),
    Text(String),
}

fn main() -> ExitCode {
    match run(Arguments::parse().step) {
        Ok(answer) => {
            #[expect(clippy::print_stdout, reason = "the answer of a bench")]
            {
                println!("[{answer}]");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the error of a bench")]
            {
                eprintln!("{error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(step: Step) -> anyhow::Result<usize> {
    match step {
        Step::List(objects) => Ok(list(&objects)?.len()),
        Step::Read(objects) => {
            let paths = list(&objects)?;
            in_threads(&paths, objects.threads, |worker| worker.read(&paths))
        }
        Step::Inflate(objects) => inflated(&objects, &Look::Not),
        Step::Count(objects) => inflated(&objects, &Look::Newlines),
        Step::Pluck { objects, field } => {
            inflated(&objects, &Look::Values(format!("\"{field}\":\"")))
        }
        Step::Find { objects, text } => inflated(&objects, &Look::Text(text)),
    }
}

fn inflated(objects: &Objects, look: &Look) -> anyhow::Result<usize> {
    let paths = list(objects)?;
    in_threads(&paths, objects.threads, |worker| {
        worker.inflate(&paths, look)
    })
}

/// The files below a directory whose folders are named as they should be.
fn list(objects: &Objects) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![objects.directory.clone()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                found.push(entry.path());
            } else if is_wanted(&entry.path(), &objects.only) {
                waiting.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Whether a folder `name=value` is none that `only` gives another value.
fn is_wanted(folder: &Path, only: &[String]) -> bool {
    let Some(folder) = folder.file_name().and_then(|name| name.to_str()) else {
        return true;
    };
    let name = |text: &str| text.split('=').next().map(str::to_owned);
    only.iter()
        .all(|wanted| name(wanted) != name(folder) || wanted == folder)
}

/// One thread's share and what it found.
struct Worker<'a> {
    next: &'a AtomicUsize,
    object: Vec<u8>,
    text: Vec<u8>,
    count: usize,
    values: HashSet<Vec<u8>>,
}

/// Runs `work` in threads that take one path after the other; gives the count of all.
fn in_threads(
    paths: &[PathBuf],
    threads: usize,
    work: impl Fn(&mut Worker<'_>) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<usize> {
    let next = AtomicUsize::new(0);
    let (mut count, mut values) = (0, HashSet::new());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, paths.len().max(1)))
            .map(|_| {
                scope.spawn(|| {
                    let mut worker = Worker {
                        next: &next,
                        object: Vec::new(),
                        text: Vec::new(),
                        count: 0,
                        values: HashSet::new(),
                    };
                    work(&mut worker).map(|()| (worker.count, worker.values))
                })
            })
            .collect();
        for worker in workers {
            let (counted, found) = worker
                .join()
                .map_err(|_| anyhow::anyhow!("a thread panicked"))??;
            count += counted;
            values.extend(found);
        }
        Ok(if values.is_empty() {
            count
        } else {
            values.len()
        })
    })
}

impl Worker<'_> {
    fn read_next(&mut self, paths: &[PathBuf]) -> anyhow::Result<bool> {
        use std::io::Read;
        let Some(path) = paths.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
            return Ok(false);
        };
        self.object.clear();
        fs::File::open(path)
            .and_then(|mut file| file.read_to_end(&mut self.object))
            .with_context(|| path.display().to_string())?;
        Ok(true)
    }

    fn read(&mut self, paths: &[PathBuf]) -> anyhow::Result<()> {
        while self.read_next(paths)? {
            self.count += self.object.len();
        }
        Ok(())
    }

    fn inflate(&mut self, paths: &[PathBuf], look: &Look) -> anyhow::Result<()> {
        let mut decompressor = Decompressor::new();
        while self.read_next(paths)? {
            // The last four bytes of a gzip member are the length of its text.
            let length = match self.object.last_chunk::<4>() {
                Some(&length) => usize::try_from(u32::from_le_bytes(length))?,
                None => continue,
            };
            if self.text.len() < length {
                self.text.resize(length, 0);
            }
            let length = decompressor
                .gzip_decompress(&self.object, &mut self.text)
                .context("an object is damaged")?;
            let text = self.text.get(..length).unwrap_or_default();
            match look {
                Look::Not => self.count += length,
                Look::Newlines => self.count += memchr_iter(b'\n', text).count(),
                Look::Text(wanted) => self.count += memmem::find_iter(text, wanted).count(),
                Look::Values(opening) => {
                    for at in memmem::find_iter(text, opening) {
                        let rest = text.get(at + opening.len()..).unwrap_or_default();
                        let value = memchr(b'"', rest).and_then(|end| rest.get(..end));
                        if let Some(value) = value.filter(|value| !self.values.contains(*value)) {
                            self.values.insert(value.to_vec());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
