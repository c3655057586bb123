//! The bill of a month, with its arithmetic.

use super::{DAY, Forecast};
use crate::{
    prices::{GB, MONTH_SECONDS, tiered},
    shape::{FunctionShape, MILLISECONDS_A_MIB, StreamShape},
    survey::Survey,
    text::{amount, dollars_exact},
};

/// A line of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct CostLine {
    /// What is paid for.
    pub what: &'static str,
    /// How it comes about.
    pub arithmetic: String,
    /// Dollars a month.
    pub dollars: f64,
}

/// Fills in the bill of a forecast.
#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
pub(super) fn fill_in(forecast: &mut Forecast, survey: &Survey, shape: &StreamShape) {
    let prices = forecast.prices;
    let put = forecast.rate * MONTH_SECONDS;
    let mut lines = Vec::new();
    let mut line = |what, arithmetic: String, dollars: f64| {
        lines.push(CostLine {
            what,
            arithmetic,
            dollars,
        });
    };

    let billed_record = survey.billed_bytes as f64 / survey.put as f64;
    let ingested = put * billed_record / GB;
    line(
        "Firehose, ingestion",
        format!(
            "{} records × {} KB each, in steps of 5 = {} GB × {}",
            amount(put),
            amount(billed_record / 1024.0),
            amount(ingested),
            tiers(ingested, prices.ingestion),
        ),
        tiered(ingested, prices.ingestion),
    );

    let landed = put * survey.landed as f64 / survey.put as f64;
    let delivered = landed * (survey.landed_bytes as f64 / survey.landed as f64) / GB;
    let objects = forecast.objects_a_day * MONTH_SECONDS / DAY;
    if shape.is_partitioned {
        line(
            "Firehose, partitioning",
            format!(
                "{} GB × {} + {} objects / 1,000 × {}",
                amount(delivered),
                dollars_exact(prices.partitioning_gb),
                amount(objects),
                dollars_exact(prices.partitioning_thousand_objects)
            ),
            delivered * prices.partitioning_gb
                + objects / 1000.0 * prices.partitioning_thousand_objects,
        );
        if shape.has_query {
            forecast.not_billed.push(format!(
                "jq at {} an hour of JQProcessing.Duration, which only a running stream tells",
                dollars_exact(prices.jq_hour)
            ));
        }
    }

    if let Some(function) = &shape.function {
        let accepted = put * survey.accepted as f64 / survey.put as f64;
        let record = survey.accepted_bytes as f64 / survey.accepted.max(1) as f64;
        lambda(forecast, function, accepted, record, &mut line);
    }

    line(
        "S3, PUT requests",
        format!(
            "{} objects / 1,000 × {}",
            amount(objects),
            dollars_exact(prices.put_thousand)
        ),
        objects / 1000.0 * prices.put_thousand,
    );
    let stored = delivered * survey.ratio();
    let shrunk = match survey.compressed {
        Some(_) => format!(
            "{} GB × {:.3} compressed = ",
            amount(delivered),
            survey.ratio()
        ),
        None => String::new(),
    };
    line(
        "S3, storage",
        format!(
            "{shrunk}{} GB, what a month adds, kept for a month × {}",
            amount(stored),
            tiers(stored, prices.storage)
        ),
        tiered(stored, prices.storage),
    );
    forecast.costs = lines;
    forecast.not_billed.push(
        "requests of producers and readers, logs, keys in KMS, traffic, free tiers and discounts"
            .to_owned(),
    );
}

fn lambda(
    forecast: &mut Forecast,
    function: &FunctionShape,
    accepted: f64,
    record: f64,
    line: &mut impl FnMut(&'static str, String, f64),
) {
    let prices = forecast.prices;
    let a_second = accepted / MONTH_SECONDS;
    let by_time = 1.0 + a_second * function.interval;
    let by_size = (function.buffer_bytes / record.max(1.0)).floor().max(1.0);
    let in_batch = by_time.min(by_size);
    let invocations = accepted / in_batch;
    line(
        "Lambda, requests",
        format!(
            "{} records / {} a batch = {} invocations / 1,000,000 × {}",
            amount(accepted),
            amount(in_batch),
            amount(invocations),
            dollars_exact(prices.invocations_million)
        ),
        invocations / 1_000_000.0 * prices.invocations_million,
    );
    let milliseconds = function.billed_milliseconds(in_batch * record);
    let gb_seconds = invocations * milliseconds / 1000.0 * function.memory_mb / 1024.0;
    let price = if function.is_arm64 {
        prices.gb_second_arm
    } else {
        prices.gb_second_x86
    };
    line(
        "Lambda, duration",
        format!(
            "{} invocations × {milliseconds} ms × {} MB / 1,024 = {} GB-seconds × {}",
            amount(invocations),
            function.memory_mb,
            amount(gb_seconds),
            dollars_exact(price)
        ),
        gb_seconds * price,
    );
    if function.milliseconds.is_none() {
        forecast.not_billed.push(format!(
            "a slower function: the duration is that of Hydrant's transformer, {MILLISECONDS_A_MIB} ms a MiB on \
             one processor; --function-ms says what yours takes for a batch"
        ));
    }
    if !function.memory_is_known {
        forecast.not_billed.push(format!(
            "more memory: {} MB are assumed; a template tells",
            function.memory_mb
        ));
    }
}

/// The prices of the tiers that an amount reaches.
fn tiers(amount: f64, tiers: &[(f64, f64)]) -> String {
    let reached = tiers.iter().scan(0.0, |below, (up_to, price)| {
        let reached = amount > *below || *below == 0.0;
        *below = *up_to;
        reached.then(|| dollars_exact(*price))
    });
    reached.collect::<Vec<_>>().join(", ")
}
