//! What AWS charges: the one place, dated. Public list prices in US dollars without free tier, savings plan or
//! discount; other Regions differ.
//!
//! How each is counted, and how far the number was verified, stands beside it: *seen* in a document that quotes
//! AWS's price list, with its date, or *not seen*, which is as it was known before and is to be looked up on the
//! page that is named. The pages themselves load their numbers when they are opened, so a stored copy of one has
//! none.

/// A price list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// The Region, as AWS calls it.
    pub region: &'static str,
    /// When it was last looked at.
    pub date: &'static str,
    /// Where each comes from.
    pub sources: &'static [&'static str],
    /// A GB ingested, by how much of it there is in a month: up to so many GB, so much a GB. A record counts
    /// in steps of 5 KB.
    pub ingestion: &'static [(f64, f64)],
    /// A GB that dynamic partitioning processes.
    pub partitioning_gb: f64,
    /// A thousand objects that dynamic partitioning delivers.
    pub partitioning_thousand_objects: f64,
    /// An hour of jq.
    pub jq_hour: f64,
    /// A million invocations.
    pub invocations_million: f64,
    /// A GB-second of a function on x86-64.
    pub gb_second_x86: f64,
    /// A GB-second of a function on Graviton.
    pub gb_second_arm: f64,
    /// A thousand objects put into S3 Standard.
    pub put_thousand: f64,
    /// A GB kept in S3 Standard for a month, by how much of it there is.
    pub storage: &'static [(f64, f64)],
}

/// US East (N. Virginia).
pub const US_EAST_1: Prices = Prices {
    region: "US East (N. Virginia), us-east-1",
    date: "2026-11-22",
    sources: &[
        "aws.amazon.com/firehose/pricing: ingestion, dynamic partitioning",
        "aws.amazon.com/lambda/pricing: requests, duration",
        "aws.amazon.com/s3/pricing: S3 Standard, PUT requests and storage",
    ],
    // aws.amazon.com/firehose/pricing, Direct PUT: each record counts in steps of 5 KB (seen, stored page of
    // 2022). The tiers end at 500 TB and 2 PB, a TB being 1,024 GB (seen in the expected estimates of infracost
    // 0.10, which reads the price list). The three prices were seen in a public note only, which is older.
    ingestion: &[
        (512_000.0, 0.029),
        (2_048_000.0, 0.025),
        (f64::INFINITY, 0.020),
    ],
    // The same page: by GB delivered, by object and by hour of jq (seen); the three prices were not seen.
    partitioning_gb: 0.020,
    partitioning_thousand_objects: 0.005,
    jq_hour: 0.07,
    // aws.amazon.com/lambda/pricing: a request; a GB-second, in steps of 1 ms, of the first 6 billion a month on
    // x86-64 and the first 7.5 on Graviton, which no stream of one function outgrows (all seen in infracost 0.10
    // and in a guide of 2024).
    invocations_million: 0.20,
    gb_second_x86: 0.000_016_666_7,
    gb_second_arm: 0.000_013_333_4,
    // aws.amazon.com/s3/pricing: PUT, and storage up to 50 TB (seen in infracost 0.10). The prices beyond 50 TB
    // were not seen.
    put_thousand: 0.005,
    storage: &[
        (51_200.0, 0.023),
        (512_000.0, 0.022),
        (f64::INFINITY, 0.021),
    ],
};

/// Seconds in a month of 730 hours, as AWS's own calculator counts.
pub const MONTH_SECONDS: f64 = 730.0 * 3600.0;

/// Bytes in a GB of these price lists.
pub const GB: f64 = 1_073_741_824.0;

/// What an amount costs in tiers.
pub(crate) fn tiered(amount: f64, tiers: &[(f64, f64)]) -> f64 {
    let mut cost = 0.0;
    let mut below = 0.0;
    for (up_to, price) in tiers {
        let in_tier = amount.min(*up_to) - below;
        if in_tier <= 0.0 {
            break;
        }
        cost += in_tier * price;
        below = *up_to;
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An estimate of AWS's calculator: 10,000 records of 5 KB a second, objects of 64 MB.
    #[test]
    fn a_known_estimate_is_repeated() {
        let gb = 10_000.0 * 5.0 * 1024.0 * MONTH_SECONDS / GB;
        assert!((gb - 125_312.81).abs() < 0.01, "{gb}");
        let ingestion = tiered(gb, US_EAST_1.ingestion);
        assert!((ingestion - 3_634.07).abs() < 0.01, "{ingestion}");
        let objects = gb * 1024.0 / 64.0 / 1000.0 * US_EAST_1.partitioning_thousand_objects;
        assert!((objects - 10.03).abs() < 0.01, "{objects}");
    }

    #[test]
    fn tiers_are_charged_each_at_its_price() {
        let tiers = [(10.0, 1.0), (20.0, 0.5), (f64::INFINITY, 0.1)];
        assert!((tiered(5.0, &tiers) - 5.0).abs() < 1e-9);
        assert!((tiered(15.0, &tiers) - 12.5).abs() < 1e-9);
        assert!((tiered(120.0, &tiers) - 25.0).abs() < 1e-9);
    }
}
