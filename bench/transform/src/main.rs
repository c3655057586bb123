//! The transformer beside its peers: the same batch of client events, JSON request in to JSON answer out, each
//! peer in a process of its own on one thread, the answers compared record by record.
//!
//! `bench-transform compare` makes the batch, runs everybody in turns, and writes the table; `bench-transform keys`
//! does so for the transformer with partition keys and without.

mod batch;
mod compare;
mod keys;
mod peers;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the batch, run everybody in turns, and print the table as Markdown.
    Compare {
        /// Bytes of client events in the batch, in MB.
        #[arg(long, default_value_t = 3.0)]
        megabytes: f64,
        /// How often everybody has a turn.
        #[arg(long, default_value_t = 5)]
        turns: usize,
        /// Where the handlers in other languages are.
        #[arg(long, default_value = "bench/transform/handlers")]
        handlers: PathBuf,
        /// The day to put above the table.
        #[arg(long)]
        date: String,
    },
    /// Print what partition keys cost on top of the transform, as Markdown.
    Keys {
        /// Bytes of client events in the batch, in MB.
        #[arg(long, default_value_t = 3.0)]
        megabytes: f64,
        /// How often everybody has a turn.
        #[arg(long, default_value_t = 300)]
        turns: usize,
        /// Only those whose name holds this.
        #[arg(long, default_value = "")]
        only: String,
        /// The day to put above the table.
        #[arg(long)]
        date: String,
    },
    /// Write a transform event.
    Make {
        /// Bytes of client events in the batch, in MB.
        megabytes: f64,
        /// The file to write.
        request: PathBuf,
    },
    /// Answer a transform event again and again, and print the nanoseconds of each round.
    Run {
        /// Who is to answer.
        peer: peers::Peer,
        /// The event.
        request: PathBuf,
        /// Where to write the answer.
        answer: PathBuf,
        /// How often.
        rounds: usize,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Compare {
            megabytes,
            turns,
            handlers,
            date,
        } => compare::compare(megabytes, turns, &handlers, &date),
        Command::Keys {
            megabytes,
            turns,
            only,
            date,
        } => keys::keys(megabytes, turns, &only, &date),
        Command::Make { megabytes, request } => batch::make(megabytes, &request).map(drop),
        Command::Run {
            peer,
            request,
            answer,
            rounds,
        } => peers::run(peer, &request, &answer, rounds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            compare::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
