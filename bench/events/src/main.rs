//! Drives an EventBridge endpoint with `PutEvents`, and matches events against many rules beside quamina.
//! `bench/events/run` does both.

mod drive;
mod patterns;

use std::net::SocketAddr;

use clap::{Parser, Subcommand};

/// Events, measured.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put batches of ten events over many connections, and count what was accepted
    Drive {
        /// The endpoint
        #[arg(long)]
        address: SocketAddr,
        /// How long
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Connections that put at once
        #[arg(long, default_value_t = 16)]
        connections: usize,
    },
    /// Match events against 300 rules, here and in quamina
    Patterns {
        /// Rounds; the best counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Drive {
            address,
            seconds,
            connections,
        } => drive::drive(address, seconds, connections).await,
        Command::Patterns { rounds } => patterns::measure(rounds),
    }
}
