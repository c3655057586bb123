//! Everybody in turns, and the table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::batch::{Batch, make};

/// A peer: what it is called, how it is run, how many rounds make a turn, and whether its answer is one.
struct Peer {
    name: &'static str,
    command: Vec<String>,
    rounds: usize,
    transforms: bool,
    nanoseconds: Vec<u64>,
}

/// Writes a line for who watches.
pub(crate) fn say(line: &str) {
    // Nobody to tell where standard error is gone.
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// Runs the comparison and prints its table.
pub(crate) fn compare(megabytes: f64, turns: usize, handlers: &Path, date: &str) -> Result<()> {
    let directory = std::env::temp_dir().join(format!("bench-transform-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let request = directory.join("request.json");
    let batch = make(megabytes, &request)?;
    let mut peers = peers(handlers)?;
    for turn in 0..turns {
        for peer in &mut peers {
            say(&format!("turn {} of {turns}: {}", turn + 1, peer.name));
            let answer = directory.join(format!("{}.json", peer.name.replace([' ', ','], "-")));
            peer.turn(&request, &answer)?;
        }
    }
    let answers: Vec<_> = peers
        .iter()
        .filter(|peer| peer.transforms)
        .map(|peer| {
            let path = directory.join(format!("{}.json", peer.name.replace([' ', ','], "-")));
            Ok((peer.name, std::fs::read(path)?))
        })
        .collect::<Result<_>>()?;
    agree(&answers, batch.records)?;
    std::fs::remove_dir_all(&directory)?;
    let table = table(&peers, &batch, turns, date)?;
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

fn peers(handlers: &Path) -> Result<Vec<Peer>> {
    let own = std::env::current_exe()?.display().to_string();
    let own = |peer: &str| vec![own.clone(), "run".to_owned(), peer.to_owned()];
    let other = |program: &str, file: &str| {
        vec![
            program.to_owned(),
            handlers.join(file).display().to_string(),
        ]
    };
    let peer = |name, command, rounds, transforms| Peer {
        name,
        command,
        rounds,
        transforms,
        nanoseconds: Vec::new(),
    };
    Ok(vec![
        peer("floor", own("floor"), 60, false),
        peer(
            "floor, envelope by serde_json",
            own("parsed-floor"),
            60,
            false,
        ),
        peer("ours", own("ours"), 60, true),
        peer("straightforward Rust", own("plain"), 20, true),
        peer("Node", other("node", "handler.mjs"), 12, true),
        peer("Python", other("python3", "handler.py"), 6, true),
    ])
}

impl Peer {
    /// Runs it once, in a process of its own, on one processor where `taskset` is there.
    fn turn(&mut self, request: &Path, answer: &Path) -> Result<()> {
        let (program, arguments) = self.command.split_first().context("a command")?;
        let mut command = if Command::new("taskset").arg("-V").output().is_ok() {
            let mut command = Command::new("taskset");
            command.args(["-c", "0", program]);
            command
        } else {
            Command::new(program)
        };
        let output = command
            .args(arguments)
            .arg(request)
            .arg(answer)
            .arg(self.rounds.to_string())
            .output()
            .with_context(|| format!("cannot run {program}"))?;
        if !output.status.success() {
            bail!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
        let printed = String::from_utf8(output.stdout)?;
        for line in printed.lines() {
            self.nanoseconds.push(line.trim().parse()?);
        }
        Ok(())
    }

    /// The fastest round: what a noisy machine adds is no one's merit.
    fn best(&self) -> Result<u64> {
        self.nanoseconds.iter().copied().min().context("no rounds")
    }

    fn median(&self) -> Result<u64> {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().context("no rounds")
    }
}

/// Checks that all answers say the same of every record: same id, same result, same document, one line.
fn agree(answers: &[(&str, Vec<u8>)], records: usize) -> Result<()> {
    let mut read = Vec::new();
    for (name, answer) in answers {
        let answer: Value = serde_json::from_slice(answer)?;
        let answered = answer["records"].as_array().context("no records")?;
        ensure!(
            answered.len() == records,
            "{name} answers {} records",
            answered.len()
        );
        let outcomes = answered.iter().map(|record| {
            let data = record["data"].as_str().unwrap_or_default();
            let data = base64_simd::STANDARD.decode_to_vec(data)?;
            let newlines = memchr::memchr_iter(b'\n', &data).count();
            ensure!(
                data.ends_with(b"\n") && newlines == 1,
                "{name}: not one line"
            );
            let document: Value = serde_json::from_slice(&data)?;
            Ok((
                record["recordId"].clone(),
                record["result"].clone(),
                document,
            ))
        });
        read.push((name, outcomes.collect::<Result<Vec<_>>>()?));
    }
    let Some(((first, reference), others)) = read.split_first() else {
        bail!("no answers");
    };
    for (name, outcomes) in others {
        let differ = outcomes.iter().zip(reference).position(|(one, other)| {
            (&one.0, &one.1) != (&other.0, &other.1) || !same(&one.2, &other.2)
        });
        ensure!(
            differ.is_none(),
            "{name} and {first} differ in record {differ:?}"
        );
    }
    Ok(())
}

/// Whether two documents say the same, as far as JavaScript can: it spells `1.0` as `1`.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((key, one), (other_key, other))| key == other_key && same(one, other))
        }
        _ => one == other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn table(peers: &[Peer], batch: &Batch, turns: usize, date: &str) -> Result<String> {
    let version = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_default()
    };
    let ours = peers
        .iter()
        .find(|peer| peer.name == "ours")
        .context("ours")?;
    let (ours, ours_median) = (ours.best()? as f64, ours.median()? as f64);
    let mut text = String::new();
    writeln!(text, "# One transform batch, {date}\n")?;
    writeln!(
        text,
        "{} records, {:.2} MB of client events, a request of {:.2} MB. {turns} turns, everybody in turn; \
         one thread, one processor. The answers agree in every record.\n",
        batch.records,
        batch.bytes as f64 / 1e6,
        batch.request as f64 / 1e6,
    )?;
    writeln!(
        text,
        "| Who | Best round, ms | MB/s | Median, ms | Its time / ours, best | …, median |"
    )?;
    writeln!(text, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
    for peer in peers {
        let (best, median) = (peer.best()? as f64, peer.median()? as f64);
        writeln!(
            text,
            "| {} | {:.2} | {:.0} | {:.2} | {:.2} | {:.2} |",
            peer.name,
            best / 1e6,
            batch.bytes as f64 * 1e3 / best,
            median / 1e6,
            best / ours,
            median / ours_median
        )?;
    }
    writeln!(
        text,
        "\n{}; {}; Node {}; aws_lambda_events 1.2, serde_json 1.\n",
        version("rustc", "--version"),
        version("python3", "--version"),
        version("node", "--version"),
    )?;
    writeln!(
        text,
        "```\ncargo run --profile peers -p hydrant-bench-transform -- compare --turns {turns} --date {date}\n```"
    )?;
    Ok(text)
}
