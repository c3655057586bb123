//! Drives a Firehose endpoint with `PutRecordBatch` over many connections, and measures what the disk syncs.
//! `bench/ingest/run` runs it against Hydrant and moto in turn.

mod client;
mod disk;
mod load;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

/// Ingestion, measured.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put batches of 500 client events, and count what was accepted
    Drive {
        /// The endpoint
        #[arg(long)]
        address: SocketAddr,
        /// The stream
        #[arg(long, default_value = "bench")]
        stream: String,
        /// How long
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Connections that put at once
        #[arg(long, default_value_t = 16)]
        connections: usize,
        /// Records a second, at the most
        #[arg(long)]
        rate: Option<u32>,
        /// Give every record a member `partition` with one of so many values
        #[arg(long, default_value_t = 0)]
        partitions: usize,
    },
    /// Append to a file and sync it, as often as commits would
    Disk {
        /// Where
        #[arg(long)]
        directory: PathBuf,
        /// How much, in MiB
        #[arg(long, default_value_t = 1024)]
        mib: usize,
        /// Bytes between two syncs
        #[arg(long)]
        group: usize,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Drive {
            address,
            stream,
            seconds,
            connections,
            rate,
            partitions,
        } => load::drive(&load::Load {
            address,
            stream,
            time: Duration::from_secs(seconds),
            connections,
            rate,
            partitions,
        }),
        Command::Disk {
            directory,
            mib,
            group,
        } => disk::measure(&directory, mib << 20, group),
    }
}
