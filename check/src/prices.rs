//! What AWS charges: the one place, dated. Public list prices in US dollars without free tier, savings plan or
//! discount; other Regions differ.

/// A price list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// The Region, as AWS calls it.
    pub region: &'static str,
    /// When it was looked up.
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
        "Amazon Data Firehose pricing: ingestion, dynamic partitioning",
        "AWS Lambda pricing: requests, duration",
        "Amazon S3 pricing: S3 Standard, PUT requests and storage",
    ],
    ingestion: &[
        (500_000.0, 0.029),
        (2_000_000.0, 0.025),
        (f64::INFINITY, 0.020),
    ],
    partitioning_gb: 0.020,
    partitioning_thousand_objects: 0.005,
    jq_hour: 0.07,
    invocations_million: 0.20,
    gb_second_x86: 0.000_016_666_7,
    gb_second_arm: 0.000_013_333_4,
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
