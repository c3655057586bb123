//! 300 rules on the operators that both know, the same events, the same answers.

use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use hydrant_pattern::{Pattern, PatternSet, Scratch};
use quamina::Quamina;

const RULES: usize = 300;
const EVENTS: usize = 2000;

/// Event `n`: what a client sends, in its envelope.
fn event(n: usize) -> String {
    format!(
        r#"{{"version":"0","id":"0b1f7c2e-5d6a-4b8e-9c3d-{n:012}","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-22T10:20:30Z","region":"eu-west-1","resources":["client-{n}"],"detail":{{"eventType":"type{}","schemaVersion":"1","data":{{"searchTerm":"games and puzzles","page":{},"itemSku":"sku-{:06}","price":{}.5,"path":"/shop/{}/item/{}.html","tags":["new","sale"]}}}}}}"#,
        n % 400,
        n % 10,
        n % 1000,
        n % 350,
        n % 320,
        n % 7,
    )
}

/// Rule `n` of a kind.
fn rule(kind: &str, n: usize) -> String {
    let detail = match kind {
        "exact" => format!(r#"{{"eventType":["type{n}"]}}"#),
        "two fields" => format!(
            r#"{{"eventType":["type{n}"],"data":{{"page":[{}]}}}}"#,
            n % 10
        ),
        "prefix" => format!(r#"{{"data":{{"path":[{{"prefix":"/shop/{n}/"}}]}}}}"#),
        "suffix" => format!(r#"{{"data":{{"itemSku":[{{"suffix":"{n:04}"}}]}}}}"#),
        "wildcard" => format!(r#"{{"data":{{"path":[{{"wildcard":"/shop/{n}/*.html"}}]}}}}"#),
        "numeric" => format!(
            r#"{{"data":{{"price":[{{"numeric":[">=",{n},"<",{}]}}]}}}}"#,
            n + 1
        ),
        "anything-but" => format!(
            r#"{{"eventType":["type{n}"],"data":{{"page":[{{"anything-but":[{}]}}]}}}}"#,
            (n + 1) % 10
        ),
        "equals-ignore-case" => format!(r#"{{"eventType":[{{"equals-ignore-case":"TYPE{n}"}}]}}"#),
        _ => {
            let kinds = KINDS;
            return rule(kinds[n % (kinds.len() - 1)], n);
        }
    };
    format!(r#"{{"source":["clientevents"],"detail":{detail}}}"#)
}

const KINDS: [&str; 9] = [
    "exact",
    "two fields",
    "prefix",
    "suffix",
    "wildcard",
    "numeric",
    "anything-but",
    "equals-ignore-case",
    "all of them",
];

pub(crate) fn measure(rounds: usize) -> Result<()> {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    println!("| {RULES} rules | matches | hydrant µs/event | quamina µs/event | ratio |");
    println!("|---|---:|---:|---:|---:|");
    for kind in KINDS {
        let rules: Vec<String> = (0..RULES).map(|n| rule(kind, n)).collect();
        let mut compiled = Vec::new();
        let mut theirs = Quamina::new();
        for (number, rule) in rules.iter().enumerate() {
            compiled.push((Pattern::new(rule)?, number));
            theirs
                .add_pattern(number, rule)
                .map_err(|error| anyhow!("{error:?}"))?;
        }
        let ours = PatternSet::new(compiled);
        // With more than 255 states that lead to one field it panics, in the version that is pinned.
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            theirs.matches_for_event(events[0].as_bytes()).is_ok()
        }));
        let runs = tried.is_ok();
        let mut scratch = Scratch::default();
        let (mut best, mut best_theirs) = (f64::MAX, f64::MAX);
        let mut matched = 0;
        for _ in 0..rounds {
            let mut found = 0_usize;
            let started = Instant::now();
            for event in &events {
                ours.matches(event, &mut scratch, |_| found += 1);
            }
            best = best.min(started.elapsed().as_secs_f64());
            matched = found;
            if !runs {
                continue;
            }
            let mut found_theirs = 0_usize;
            let started = Instant::now();
            for event in &events {
                let matches = theirs.matches_for_event(event.as_bytes());
                found_theirs += matches.map_err(|error| anyhow!("{error:?}"))?.len();
            }
            best_theirs = best_theirs.min(started.elapsed().as_secs_f64());
            ensure!(
                found == found_theirs,
                "{kind}: {found} and {found_theirs} matches"
            );
        }
        let micros = |seconds: f64| seconds * 1e6 / EVENTS as f64;
        if runs {
            println!(
                "| {kind} | {matched} | {:.2} | {:.2} | {:.1}x |",
                micros(best),
                micros(best_theirs),
                best_theirs / best
            );
        } else {
            println!("| {kind} | {matched} | {:.2} | panics | |", micros(best));
        }
    }
    Ok(())
}
