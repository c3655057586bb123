//! The partition-key Lambda, and the settings of every function that makes keys.

use hydrant_function::{Environment, FirehoseFunction, FirehoseSettings, Handler, SettingError};

use crate::confinement::ConfinementPolicy;
use crate::keys::{KeyQuery, OnMissing};
use crate::work::PartitionWork;

/// The function, as its environment variables say.
///
/// # Errors
/// A variable with a value that it cannot have, and no `PARTITION_KEYS`.
pub fn function(environment: &Environment<'_>) -> Result<impl Handler + use<>, SettingError> {
    let query = key_settings(environment)?.ok_or_else(|| SettingError {
        variable: "PARTITION_KEYS",
        value: String::new(),
        reason: "say which keys, as in eventType=.detail.eventType,day=.time[0:10]".to_owned(),
    })?;
    let settings = FirehoseSettings::read(environment, "Hydrant/Partitioner")?;
    Ok(FirehoseFunction::new(PartitionWork::new(query), settings))
}

/// The query that `PARTITION_KEYS`, `ON_MISSING` and `CONFINEMENT` ask for, if any.
///
/// # Errors
/// A variable with a value that it cannot have, and one of the others without `PARTITION_KEYS`.
pub fn key_settings(environment: &Environment<'_>) -> Result<Option<KeyQuery>, SettingError> {
    let query = environment.parse("PARTITION_KEYS", KeyQuery::partition_keys)?;
    let query = with_defaults(environment, query)?;
    let confinement = environment.parse("CONFINEMENT", str::parse)?;
    match (query, confinement) {
        (Some(query), policy) => {
            let policy: ConfinementPolicy = policy.unwrap_or_default();
            Ok(Some(query.confined(policy)))
        }
        (None, Some(policy)) => Err(without_keys("CONFINEMENT", policy.to_string())),
        (None, None) => Ok(None),
    }
}

fn with_defaults(
    environment: &Environment<'_>,
    query: Option<KeyQuery>,
) -> Result<Option<KeyQuery>, SettingError> {
    let Some(rules) = environment.parse("ON_MISSING", str::parse::<OnMissing>)? else {
        return Ok(query);
    };
    let value = rules.to_string();
    let Some(query) = query else {
        return Err(without_keys("ON_MISSING", value));
    };
    let query = query.on_missing(rules).map_err(|error| SettingError {
        variable: "ON_MISSING",
        value,
        reason: error.to_string(),
    })?;
    Ok(Some(query))
}

fn without_keys(variable: &'static str, value: String) -> SettingError {
    SettingError {
        variable,
        value,
        reason: "it is about partition keys, and PARTITION_KEYS is not set".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hydrant_function::{Reason, Responder};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<KeyQuery>, SettingError> {
        key_settings(&Environment::of(variables))
    }

    /// What the records become by these settings.
    fn answer(variables: &[(&str, &str)], event: &str) -> String {
        let query = read(variables).unwrap().unwrap();
        let mut out = Vec::new();
        let mut responder = Responder::new(PartitionWork::new(query));
        let summary = responder.respond(event.as_bytes(), &mut out).unwrap();
        let refusals = summary.refusals.iter().map(|refused| {
            let reason = refused.refusal.reason();
            format!("\n{} {reason}: {}", refused.record_id, refused.refusal)
        });
        String::from_utf8(out).unwrap() + &refusals.collect::<String>()
    }

    /// `{"t":"a/..","n":1}`, `{"t":""}`, `[`, and nothing.
    const EVENT: &str = r#"{"records":[{"recordId":"1","data":"eyJ0IjoiYS8uLiIsIm4iOjF9"},{"recordId":"2","data":"eyJ0IjoiIn0="},{"recordId":"3","data":"Ww=="},{"recordId":"4","data":""}]}"#;

    #[test]
    fn data_goes_back_as_it_came_with_keys_beside_it() {
        insta::assert_snapshot!(answer(&[("PARTITION_KEYS", "t=.t,n=.n"), ("ON_MISSING", "none"), ("CONFINEMENT", "encode")], EVENT), @r#"
        {"records":[{"recordId":"1","result":"Ok","data":"eyJ0IjoiYS8uLiIsIm4iOjF9","metadata":{"partitionKeys":{"t":"a/%2E%2E","n":"1"}}},{"recordId":"2","result":"Ok","data":"eyJ0IjoiIn0=","metadata":{"partitionKeys":{"t":"none","n":"none"}}},{"recordId":"3","result":"ProcessingFailed"},{"recordId":"4","result":"ProcessingFailed"}]}
        3 invalid-json: the record is not one JSON document: the text ends inside a value at byte 1
        4 invalid-json: the record is not one JSON document: the text ends inside a value at byte 0
        "#);
    }

    #[test]
    fn a_record_without_a_place_is_refused_and_the_log_has_the_reason() {
        insta::assert_snapshot!(answer(&[("PARTITION_KEYS", "t=.t")], EVENT), @r#"
        {"records":[{"recordId":"1","result":"ProcessingFailed"},{"recordId":"2","result":"ProcessingFailed"},{"recordId":"3","result":"ProcessingFailed"},{"recordId":"4","result":"ProcessingFailed"}]}
        1 key-unconfined: partition key "t" cannot be a folder: it holds the folder '.' or '..'
        2 key-missing: partition key "t" is null, missing or empty
        3 invalid-json: the record is not one JSON document: the text ends inside a value at byte 1
        4 invalid-json: the record is not one JSON document: the text ends inside a value at byte 0
        "#);
    }

    #[test]
    fn settings_that_do_not_fit_together_are_told() {
        let wrong: [&[(&str, &str)]; 5] = [
            &[("ON_MISSING", "none")],
            &[("CONFINEMENT", "encode")],
            &[("PARTITION_KEYS", "t=.t"), ("CONFINEMENT", "no")],
            &[("PARTITION_KEYS", "t=.t"), ("ON_MISSING", "u=none")],
            &[("PARTITION_KEYS", "t")],
        ];
        let told = wrong.map(|variables| read(variables).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"), @r#"
        the environment variable ON_MISSING is "none": it is about partition keys, and PARTITION_KEYS is not set
        the environment variable CONFINEMENT is "encode": it is about partition keys, and PARTITION_KEYS is not set
        the environment variable CONFINEMENT is "no": "no" is not what can be done with a value that is no folder; write fail or encode
        the environment variable ON_MISSING is "u=none,fail": there is no partition key "u" to have a default; there are t
        the environment variable PARTITION_KEYS is "t": "t" is not name=expression; names are letters, digits, '_', '-' and '.'
        "#);
        assert!(read(&[]).unwrap().is_none());
    }
}
