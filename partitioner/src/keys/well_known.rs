//! Keys whose expressions are known by their names.

/// The expression of `PARTITION_KEYS` that finds a key of that name in an event as the bus delivers it, where
/// there is one. Year to hour come from the event's own time, not from its arrival.
pub fn well_known(name: &str) -> Option<&'static str> {
    Some(match name {
        "eventType" => ".detail.eventType",
        "schemaVersion" => ".detail.schemaVersion",
        "clientId" => ".detail.clientId",
        "year" => r#".time|utc("yyyy")"#,
        "month" => r#".time|utc("MM")"#,
        "day" => r#".time|utc("dd")"#,
        "hour" => r#".time|utc("HH")"#,
        "date" => r#".time|utc("yyyy-MM-dd")"#,
        _ => return None,
    })
}
