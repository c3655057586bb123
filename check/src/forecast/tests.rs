#![expect(clippy::cast_precision_loss, reason = "small counts")]

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{prices::US_EAST_1, survey::Landed};
use hydrant_records::CompressionFormat;

fn shape(interval: f64, buffer_bytes: f64) -> StreamShape {
    StreamShape {
        name: "s".into(),
        prefix: String::new(),
        buffer_bytes,
        interval,
        is_partitioned: true,
        has_query: false,
        compression: CompressionFormat::Uncompressed,
        appends_newline: false,
        function: None,
    }
}

/// A sample in which the key `k` has value i with weight `weights[i]`.
fn sample(weights: &[u64], bytes: u64) -> Survey {
    let mut survey = Survey::new(["k"], u64::MAX);
    for (value, weight) in weights.iter().enumerate() {
        for _ in 0..*weight {
            survey.put(bytes);
            survey.accept(bytes);
            survey.land(Landed {
                values: &[&value.to_string()],
                bytes,
                time: None,
            });
        }
    }
    survey
}

/// What buffers do, record by record: objects written, and partitions open on average when a record comes.
fn simulate(
    weights: &[u64],
    bytes: f64,
    rate: f64,
    shape: &StreamShape,
    seconds: f64,
) -> (f64, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let total: u64 = weights.iter().sum();
    let mut open: Vec<Option<(f64, f64)>> = vec![None; weights.len()];
    let (mut now, mut objects, mut active, mut seen) = (0.0, 0.0, 0.0, 0.0);
    while now < seconds {
        now += -(1.0 - rng.random::<f64>()).ln() / rate;
        for slot in &mut open {
            if slot.is_some_and(|(opened, _)| now - opened >= shape.interval) {
                *slot = None;
                objects += 1.0;
            }
        }
        let mut pick = rng.random_range(0..total);
        let mut chosen = 0;
        while pick >= weights[chosen] {
            pick -= weights[chosen];
            chosen += 1;
        }
        let slot = &mut open[chosen];
        if slot.is_some_and(|(_, held)| held + bytes > shape.buffer_bytes) {
            *slot = None;
            objects += 1.0;
        }
        let (opened, held) = slot.unwrap_or((now, 0.0));
        *slot = Some((opened, held + bytes));
        active += open.iter().flatten().count() as f64;
        seen += 1.0;
    }
    (objects / seconds * DAY, active / seen)
}

#[test]
fn the_forecast_agrees_with_a_simulation() {
    let weights = [400, 200, 100, 50, 20, 10, 5, 2, 1, 1];
    for (rate, interval, buffer) in [(5.0, 60.0, 1e9), (50.0, 60.0, 100_000.0), (0.5, 300.0, 1e9)] {
        let shape = shape(interval, buffer);
        let survey = sample(&weights, 500);
        let forecast = Forecast::new(&survey, &shape, rate, US_EAST_1).unwrap();
        let (objects, active) = simulate(&weights, 500.0, rate, &shape, 150_000.0 / rate);
        let off = (forecast.objects_a_day / objects - 1.0).abs();
        assert!(
            off < 0.05,
            "{} objects a day, {objects} in truth",
            forecast.objects_a_day
        );
        // The rule counts partitions that get a record within an interval: those open at once, and the few
        // whose buffers were written in the meantime.
        let over = forecast.active.steady / active;
        assert!(
            (0.98..1.3).contains(&over),
            "{} active, {active} in truth",
            forecast.active.steady
        );
    }
}

#[test]
fn kinds_are_interpolated_exactly_and_extrapolated_upwards() {
    let counts = [50, 30, 10, 5, 3, 1, 1];
    let (all, unseen) = active::expected_kinds(&counts, 100.0);
    assert!((all - 7.0).abs() < 1e-9 && unseen == 0.0);
    let mut last = 0.0;
    for records in [1.0, 10.0, 50.0, 100.0, 200.0, 1e6] {
        let (kinds, _) = active::expected_kinds(&counts, records);
        assert!(kinds >= last, "{records}: {kinds} after {last}");
        last = kinds;
    }
    // Every record of its own kind: there must be many more.
    let (kinds, unseen) = active::expected_kinds(&[1; 100], 1000.0);
    assert!(kinds > 500.0 && unseen > 400.0, "{kinds}");
}

#[test]
fn a_key_with_very_many_values_breaks_the_quota_and_is_named() {
    let mut survey = Survey::new(["type", "client"], u64::MAX);
    for record in 0..20_000_u64 {
        survey.put(700);
        survey.accept(700);
        survey.land(Landed {
            values: &[
                ["a", "b"][(record % 2) as usize],
                &(record * 7 % 9973).to_string(),
            ],
            bytes: 700,
            time: None,
        });
    }
    let forecast = Forecast::new(&survey, &shape(300.0, 134e6), 100.0, US_EAST_1).unwrap();
    assert!(forecast.breaks_quota());
    let worst = &forecast.active.keys[0];
    assert_eq!(
        (worst.name.as_str(), worst.without.round()),
        ("client", 2.0)
    );
    assert!(forecast.has_small_objects());
}

#[test]
fn a_key_that_follows_the_time_doubles_partitions_when_it_changes_and_no_more() {
    let mut survey = Survey::new(["type", "hour"], u64::MAX);
    for record in 0..1000_u64 {
        let hour = format!("{:02}", record % 24);
        survey.put(700);
        survey.accept(700);
        survey.land(Landed {
            values: &[["a", "b"][(record % 2) as usize], &hour],
            bytes: 700,
            time: Some(&format!("2026-11-02T{hour}:00:00Z")),
        });
    }
    assert_eq!(survey.partition_count(), 24);
    let forecast = Forecast::new(&survey, &shape(300.0, 134e6), 100.0, US_EAST_1).unwrap();
    assert_eq!(
        (forecast.active.steady.round(), forecast.active.peak.round()),
        (2.0, 4.0)
    );
    assert_eq!(forecast.active.period, Some(3600.0));
}
