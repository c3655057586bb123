//! `hydrant generate`.

use std::io::Write;

use anyhow::Result;
use hydrant_generator::{Bodies, Generator, Options};

use crate::{
    args::{Form, GenerateArgs},
    output,
    progress::{self, Unit},
};

/// What is written at once.
const CHUNK: usize = 1 << 18;

pub(crate) fn run(args: &GenerateArgs, quiet: bool) -> Result<()> {
    let options = Options {
        events: args.events,
        seed: args.seed,
        malformed: args.malformed,
        span: args.span,
        start: args.start,
    };
    let mut out = output::open(args.output.as_deref())?;
    // Standard output on a terminal is the progress.
    let hidden =
        quiet || (args.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout()));
    let bar = progress::bar("generated", Unit::Records, Some(args.events), hidden);
    match args.form {
        Form::Events => {
            let mut generator = Generator::new(&options)?;
            write_lines(
                &mut out,
                |line| generator.next_record(line).map(|_| 1),
                |n| bar.inc(n),
            )
        }
        Form::Entries => {
            let mut bodies = Bodies::new(&options)?;
            write_lines(
                &mut out,
                |line| bodies.next_body(line).map(|n| n as u64),
                |n| bar.inc(n),
            )
        }
    }?;
    bar.finish_and_clear();
    Ok(())
}

/// Writes lines until `next` has none left; it appends one and says how many events that was.
fn write_lines(
    out: &mut dyn Write,
    mut next: impl FnMut(&mut Vec<u8>) -> Option<u64>,
    progress: impl Fn(u64),
) -> Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK * 2);
    let mut events = 0;
    while let Some(more) = next(&mut chunk) {
        events += more;
        chunk.push(b'\n');
        if chunk.len() >= CHUNK {
            out.write_all(&chunk)?;
            chunk.clear();
            progress(std::mem::take(&mut events));
        }
    }
    out.write_all(&chunk)?;
    out.flush()?;
    progress(events);
    Ok(())
}
