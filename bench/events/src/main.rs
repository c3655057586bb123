//! Drives an EventBridge endpoint with `PutEvents` or through a front door, and matches events against many rules
//! beside quamina. `bench/events/run` does all of it.

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
    /// Put batches of ten events over many connections, and say how many a second were accepted
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
        /// Post to the front door at this path instead, with the token in --token
        #[arg(long, requires = "token")]
        path: Option<String>,
        /// The client's token
        #[arg(long)]
        token: Option<String>,
        /// Stop the clock when everything is delivered, and not when it is accepted
        #[arg(long)]
        delivered: bool,
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
            path,
            token,
            delivered,
        } => {
            let request = match path.zip(token) {
                None => drive::put_events(address),
                Some((path, token)) => drive::front_door(address, &path, &token),
            };
            drive::drive(address, request, seconds, connections, delivered).await
        }
        Command::Patterns { rounds } => patterns::measure(rounds),
    }
}
