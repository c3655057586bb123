//! The `hydrant` command: parses arguments, wires the libraries, nothing else.

mod account;
mod args;
mod commands;
mod entries;
mod function;
mod input;
mod logging;
mod output;
mod progress;
mod settings;
mod tables;
mod text;

use std::process::ExitCode;

use args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match settings::parse() {
        Ok(cli) => cli,
        Err(error) => {
            output::error(&error);
            return ExitCode::from(2);
        }
    };
    logging::begin(&cli);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let quiet = cli.quiet;
    // The command itself runs on this thread and may block on files; the workers do the rest.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match cli.command {
        Command::Demo(args) => runtime.block_on(commands::demo::run(&args, quiet)),
        Command::Generate(args) => commands::generate::run(&args, quiet),
        Command::Transform(args) => match &args.compare.command {
            Some(command) => {
                runtime.block_on(commands::transform::compare::run(&args, command, quiet))
            }
            None => commands::transform::run(&args, quiet),
        },
        Command::Check(args) => commands::check::run(&args, quiet),
        Command::Deliver(args) => runtime.block_on(commands::deliver::run(&args, quiet)),
        Command::Partition(args) => commands::partition::run(&args, quiet),
        Command::Up(args) => runtime.block_on(commands::up::run(&args, quiet)),
        Command::Redrive(args) => runtime.block_on(commands::redrive::run(&args, quiet)),
        Command::Token(args) => commands::token::run(&args, quiet),
        Command::Send(args) => runtime.block_on(commands::send::run(&args, quiet)),
        Command::Jobs(args) => {
            let done = runtime.block_on(commands::jobs::run(&args, quiet));
            runtime.shutdown_background();
            done
        }
        Command::Compact(args) => {
            let done = runtime.block_on(commands::compact::run(&args, quiet));
            // A worker that nobody waits for any more may be in the middle of a file.
            runtime.shutdown_background();
            done
        }
        Command::Sql(args) => {
            let done = runtime.block_on(commands::sql::run(&args, quiet));
            // A query that was cancelled may be in the middle of a batch that nobody waits for.
            runtime.shutdown_background();
            done
        }
    }
}
