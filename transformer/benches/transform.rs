//! The transformer over client events of about 600 bytes, one thread, in bytes of input a second.
//! `floor` copies the same bytes to the same place: no transformer is faster than that.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a panic stops the bench, and its numbers are small"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydrant_partitioner::{Condition, KeyQuery, PartitionKeys};
use hydrant_transformer::{ClientIdFrom, Filter, Options, Transformer, responder};

/// Enough events that branch predictors and caches do not learn them by heart: about the 3 MB that
/// Firehose hands a function at most.
const EVENTS: usize = 5_000;

/// A small generator of numbers that differ, the same ones in every run.
fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    }
}

fn event(next: &mut impl FnMut(u64) -> u64) -> Vec<u8> {
    const KINDS: [&str; 5] = [
        "shopping",
        "searching",
        "paging",
        "purchase",
        "loyaltypurchase",
    ];
    const WORDS: [&str; 6] = [
        "wireless headphones",
        "café",
        "running shoes",
        "tv",
        "naïve 😀",
        "games",
    ];
    let kind = KINDS[next(5) as usize];
    let items: Vec<_> = (0..=next(3))
        .map(|_| {
            format!(
                r#"{{"sku":"SKU-{:06}","quantity":{},"price":{}.{:02}}}"#,
                next(1_000_000),
                1 + next(4),
                next(500),
                next(100)
            )
        })
        .collect();
    format!(
        r#"{{"version":"0","id":"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}","detail-type":"prod","source":"clientevents","account":"123456789012","time":"2026-11-{:02}T{:02}:15:30Z","region":"eu-west-1","resources":["{:08x}-1f0c-4a57-9d0b-{:012x}"],"detail":{{"eventType":"{kind}","schemaVersion":"{}","data":{{"searchTerm":"{}","page":{},"items":[{}],"referrer":"https://shop.example.com/{}/{}","mobile":{},"campaign":null}}}}}}"#,
        next(1 << 32),
        next(1 << 16),
        next(1 << 12),
        next(1 << 12),
        next(1 << 48),
        1 + next(28),
        10 + next(14),
        next(1 << 32),
        next(1 << 48),
        1 + next(2),
        WORDS[next(6) as usize],
        next(40),
        items.join(","),
        WORDS[next(6) as usize].replace(' ', "-"),
        next(100_000),
        next(2) == 0,
    )
    .into_bytes()
}

fn pretty(event: &[u8]) -> Vec<u8> {
    let event: serde_json::Value = serde_json::from_slice(event).unwrap();
    serde_json::to_vec_pretty(&event).unwrap()
}

/// The same event with spaces after `:` and `,`, as Python writes it.
fn spaced(event: &[u8]) -> Vec<u8> {
    let mut spaced = Vec::with_capacity(event.len() * 2);
    let mut in_string = false;
    for &byte in event {
        spaced.push(byte);
        in_string ^= byte == b'"';
        if !in_string && matches!(byte, b':' | b',') {
            spaced.push(b' ');
        }
    }
    spaced
}

fn top_level(event: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(event).unwrap();
    text.replacen(
        r#""resources":["#,
        r#""clientId":"c-1234567890","resources":["#,
        1,
    )
    .into_bytes()
}

fn run(transformer: &Transformer, events: &[Vec<u8>], out: &mut Vec<u8>, keys: &mut PartitionKeys) {
    out.clear();
    for event in events {
        transformer
            .transform_with_keys(black_box(event), out, keys)
            .unwrap();
    }
    black_box(&out);
}

const TWO: &str = "{eventType: .detail.eventType, schemaVersion: .detail.schemaVersion}";
const SIX: &str = "{eventType: .detail.eventType, schemaVersion: .detail.schemaVersion, \
    year: .time[0:4], month: .time[5:7], day: .time[8:10], hour: .time[11:13]}";

fn keyed(query: &str) -> Options {
    Options {
        partition_keys: Some(KeyQuery::metadata_extraction(query).unwrap()),
        ..Options::default()
    }
}

/// The events as Firehose hands them to a function.
fn batch(events: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<_> = events
        .iter()
        .enumerate()
        .map(|(number, event)| {
            let data = base64_simd::STANDARD.encode_to_string(event);
            format!(r#"{{"recordId":"4957{number:052}","approximateArrivalTimestamp":1510772160000,"data":"{data}"}}"#)
        })
        .collect();
    format!(
        r#"{{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:123456789012:deliverystream/s","region":"eu-west-1","records":[{}]}}"#,
        records.join(",")
    )
    .into_bytes()
}

/// A whole invocation: the event's text in, the answer's text out; throughput is that of the payload.
fn respond(criterion: &mut Criterion) {
    let mut next = numbers();
    let events: Vec<_> = (0..EVENTS).map(|_| event(&mut next)).collect();
    let batch = batch(&events);
    let filter = Filter {
        drop_when: Some(Condition::new(r#".detail.eventType == "paging""#).unwrap()),
        keep_when: None,
    };
    let cases = [
        ("plain", Options::default(), Filter::default()),
        ("two keys", keyed(TWO), Filter::default()),
        ("six keys", keyed(SIX), Filter::default()),
        ("a condition", Options::default(), filter),
    ];
    let mut group = criterion.benchmark_group("respond");
    group.throughput(Throughput::Bytes(
        events.iter().map(|event| event.len() as u64).sum(),
    ));
    for (name, options, filter) in cases {
        let mut responder = responder(options, filter);
        let mut out = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(responder.respond(black_box(&batch), &mut out).unwrap());
            });
        });
    }
    group.finish();
}

fn transform(criterion: &mut Criterion) {
    let mut next = numbers();
    let minified: Vec<_> = (0..EVENTS).map(|_| event(&mut next)).collect();
    let top = Options {
        client_id_from: ClientIdFrom::ClientId,
        ..Options::default()
    };
    let cases = [
        ("minified", Options::default(), minified.clone()),
        (
            "top-level clientId",
            top,
            minified.iter().map(|event| top_level(event)).collect(),
        ),
        (
            "spaced",
            Options::default(),
            minified.iter().map(|event| spaced(event)).collect(),
        ),
        (
            "pretty",
            Options::default(),
            minified.iter().map(|event| pretty(event)).collect(),
        ),
        ("minified, two keys", keyed(TWO), minified.clone()),
        ("minified, six keys", keyed(SIX), minified.clone()),
    ];
    let mut group = criterion.benchmark_group("transform");
    for (name, options, events) in cases {
        let transformer = Transformer::new(options);
        let (mut out, mut keys) = (Vec::new(), PartitionKeys::new());
        group.throughput(Throughput::Bytes(
            events.iter().map(|event| event.len() as u64).sum(),
        ));
        group.bench_function(name, |bencher| {
            bencher.iter(|| run(&transformer, &events, &mut out, &mut keys));
        });
    }
    let mut out = Vec::new();
    group.throughput(Throughput::Bytes(
        minified.iter().map(|event| event.len() as u64).sum(),
    ));
    group.bench_function("floor", |bencher| {
        bencher.iter(|| {
            out.clear();
            for event in &minified {
                out.extend_from_slice(black_box(event));
                out.push(b'\n');
            }
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group!(benches, transform, respond);
criterion_main!(benches);
