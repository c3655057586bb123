//! The account of a run, as people read it and as programs do.

use hydrant_delivery::Account;
use serde_json::json;

use crate::{
    function::Totals,
    text::{bytes, count, plural},
};

/// A line of the account: what, how many, and a remark.
pub(crate) fn row(what: &str, records: u64, remark: &str) -> String {
    format!("{what:<12}{:>13}  {remark}", count(records))
        .trim_end()
        .to_owned()
}

/// A line that breaks down the one above it.
pub(crate) fn detail(what: &str, records: u64) -> String {
    format!("{:<12}{:>13}  {what}", "", count(records))
}

/// The account in lines; the last says whether it adds up.
pub(crate) fn lines(account: &Account, totals: &Totals) -> Vec<String> {
    let mut lines = Vec::new();
    let size = bytes(account.put_bytes);
    if account.put == account.accepted {
        lines.push(row(
            "accepted",
            account.accepted,
            &format!("records, {size}"),
        ));
    } else {
        let split = format!("records out of {} put, {size}", count(account.put));
        lines.push(row("accepted", account.accepted, &split));
    }
    let mut remark = format!(
        "in {}, {}",
        plural(account.objects, "object"),
        bytes(account.object_bytes)
    );
    // Records without line ends have no lines to speak of.
    if account.lines > 0 && account.lines == account.delivered {
        remark = format!("one line each, {remark}");
    } else if account.lines > 0 {
        remark = format!("as {} {remark}", plural(account.lines, "line"));
    }
    lines.push(row("delivered", account.delivered, &remark));
    if totals.without_client_id > 0 {
        lines.push(detail(
            "of them without a client id",
            totals.without_client_id,
        ));
    }
    lines.push(row("dropped", account.dropped, ""));
    let remark = match account.error_objects {
        0 => String::new(),
        objects => format!("in {}", plural(objects, "error object")),
    };
    lines.push(row("refused", account.refused_total(), &remark));
    lines.extend(
        reasons(account, totals)
            .iter()
            .map(|(reason, records)| detail(reason, *records)),
    );
    if account.backed_up > 0 {
        let objects = plural(account.backup_objects, "object");
        lines.push(row(
            "backed up",
            account.backed_up,
            &format!("as they came, in {objects}"),
        ));
    }
    match account.in_flight() {
        0 => lines.push("the account adds up: accepted = delivered + dropped + refused".to_owned()),
        records => lines.push(row("not written", records, "")),
    }
    lines
}

/// Refusals by reason. Firehose knows one code for all that the function refused; the function knows why.
fn reasons(account: &Account, totals: &Totals) -> Vec<(String, u64)> {
    let by_function: u64 = totals.refused.values().sum();
    let mut reasons = Vec::new();
    for (code, &records) in &account.refused {
        if code == hydrant_records::error_code::PROCESSING_FAILED_STATUS && by_function == records {
            reasons.extend(
                totals
                    .refused
                    .iter()
                    .map(|(why, n)| (format!("{why} ({code})"), *n)),
            );
        } else {
            reasons.push((code.clone(), records));
        }
    }
    reasons.sort_by(|(a, few), (b, many)| many.cmp(few).then_with(|| a.cmp(b)));
    reasons
}

/// The account for programs.
pub(crate) fn to_json(account: &Account, totals: &Totals) -> serde_json::Value {
    json!({
        "put": account.put,
        "putBytes": account.put_bytes,
        "accepted": account.accepted,
        "delivered": account.delivered,
        "deliveredBytes": account.delivered_bytes,
        "lines": account.lines,
        "withoutClientId": totals.without_client_id,
        "dropped": account.dropped,
        "refused": account.refused_total(),
        "refusedByCode": account.refused,
        "refusedByReason": totals.refused,
        "notWritten": account.in_flight(),
        "objects": account.objects,
        "objectBytes": account.object_bytes,
        "errorObjects": account.error_objects,
        "backedUp": account.backed_up,
        "backupObjects": account.backup_objects,
        "peakActivePartitions": account.peak_active_partitions,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_account_reads_as_a_sum() {
        let refused = BTreeMap::from([
            ("Lambda.ProcessingFailedStatus".to_owned(), 30),
            ("DynamicPartitioning.MetadataExtractionFailed".to_owned(), 5),
        ]);
        let account = Account {
            put: 1000,
            put_bytes: 686_000,
            accepted: 1000,
            delivered: 965,
            lines: 975,
            refused,
            objects: 12,
            object_bytes: 90_000,
            error_objects: 1,
            ..Account::default()
        };
        let totals = Totals {
            refused: BTreeMap::from([("invalid-json", 20), ("partition-key", 10)]),
            without_client_id: 3,
        };
        insta::assert_snapshot!(lines(&account, &totals).join("\n"), @r"
        accepted            1,000  records, 686.0 kB
        delivered             965  as 975 lines in 12 objects, 90.0 kB
                                3  of them without a client id
        dropped                 0
        refused                35  in 1 error object
                               20  invalid-json (Lambda.ProcessingFailedStatus)
                               10  partition-key (Lambda.ProcessingFailedStatus)
                                5  DynamicPartitioning.MetadataExtractionFailed
        the account adds up: accepted = delivered + dropped + refused
        ");
    }
}
