//! Whose word the client's id is.

use hydrant_transformer::{ClientId, ClientIdFrom, Options, Transformer};

use crate::{outcome, transform};

/// Each record over what becomes of it.
fn outcomes(records: &[&str]) -> String {
    let told: Vec<_> = records
        .iter()
        .map(|record| format!("{record}\n  {}", outcome(record)))
        .collect();
    told.join("\n")
}

#[test]
fn the_id_moves_from_wherever_the_envelope_has_it() {
    insta::assert_snapshot!(outcomes(&[
        r#"{"resources":["c"],"detail":{}}"#,
        r#"{"detail":{"a":1},"resources":["c"]}"#,
        r#"{"resources":["c","d",{"e":[]}],"detail":{"a":1}}"#,
        r#"{"clientId":"c","detail":{"a":1}}"#,
        r#"{"detail":{"a":1},"clientId":"c"}"#,
        r#"{"x":1,"clientId":"c","detail":{"a":1}}"#,
        r#"{"detail":{"a":1},"clientId":"c","x":1}"#,
        r#"{"clie\u006etId":"c","deta\u0069l":{"a":1}}"#,
        r#"{"clientId":"c\"\u00e9","resources":[],"detail":{}}"#,
        r#"{ "clientId" : "c" , "detail" : { "a" : 1 } }"#,
    ]), @r#"
    {"resources":["c"],"detail":{}}
      {"resources":[],"detail":{"clientId":"c"}}
    {"detail":{"a":1},"resources":["c"]}
      {"detail":{"a":1,"clientId":"c"},"resources":[]}
    {"resources":["c","d",{"e":[]}],"detail":{"a":1}}
      {"resources":[],"detail":{"a":1,"clientId":"c"}}
    {"clientId":"c","detail":{"a":1}}
      {"detail":{"a":1,"clientId":"c"}}
    {"detail":{"a":1},"clientId":"c"}
      {"detail":{"a":1,"clientId":"c"}}
    {"x":1,"clientId":"c","detail":{"a":1}}
      {"x":1,"detail":{"a":1,"clientId":"c"}}
    {"detail":{"a":1},"clientId":"c","x":1}
      {"detail":{"a":1,"clientId":"c"},"x":1}
    {"clie\u006etId":"c","deta\u0069l":{"a":1}}
      {"deta\u0069l":{"a":1,"clientId":"c"}}
    {"clientId":"c\"\u00e9","resources":[],"detail":{}}
      {"resources":[],"detail":{"clientId":"c\"\u00e9"}}
    { "clientId" : "c" , "detail" : { "a" : 1 } }
      { "detail" : { "a" : 1,"clientId":"c" } }
    "#);
}

#[test]
fn the_top_level_id_comes_first_and_leaves_nothing_that_passes_for_one() {
    insta::assert_snapshot!(outcomes(&[
        r#"{"clientId":"c","resources":["arn:aws:s3:::b"],"detail":{}}"#,
        r#"{"resources":["d"],"detail":{},"clientId":"c"}"#,
        r#"{"clientId":null,"resources":["d"],"detail":{}}"#,
        r#"{"clientId":"","resources":["d"],"detail":{}}"#,
    ]), @r#"
    {"clientId":"c","resources":["arn:aws:s3:::b"],"detail":{}}
      {"resources":[],"detail":{"clientId":"c"}}
    {"resources":["d"],"detail":{},"clientId":"c"}
      {"resources":[],"detail":{"clientId":"c"}}
    {"clientId":null,"resources":["d"],"detail":{}}
      {"resources":[],"detail":{"clientId":"d"}}
    {"clientId":"","resources":["d"],"detail":{}}
      {"resources":[],"detail":{"clientId":"d"}}
    "#);
}

#[test]
fn the_id_of_the_envelope_wins_over_every_one_in_detail() {
    insta::assert_snapshot!(outcomes(&[
        r#"{"resources":["c"],"detail":{"clientId":"forged"}}"#,
        r#"{"resources":["c"],"detail":{"clientId":"forged","a":1}}"#,
        r#"{"resources":["c"],"detail":{"a":1,"clientId":"forged"}}"#,
        r#"{"resources":["c"],"detail":{"a":1,"clientId":"forged","b":2}}"#,
        r#"{"resources":["c"],"detail":{"clientId":"forged","client\u0049d":{"forged":1},"a":1}}"#,
        r#"{"resources":["c"],"detail":{"clientId":1,"a":1,"\u0063lientId":2,"clientId":3,"b":2,"clientId":4}}"#,
        r#"{"detail":{ "clientId" : "forged" , "a" : {"clientId":"nested stays"} , "clientId" : 2 },"clientId":"c"}"#,
    ]), @r#"
    {"resources":["c"],"detail":{"clientId":"forged"}}
      {"resources":[],"detail":{"clientId":"c"}}
    {"resources":["c"],"detail":{"clientId":"forged","a":1}}
      {"resources":[],"detail":{"a":1,"clientId":"c"}}
    {"resources":["c"],"detail":{"a":1,"clientId":"forged"}}
      {"resources":[],"detail":{"a":1,"clientId":"c"}}
    {"resources":["c"],"detail":{"a":1,"clientId":"forged","b":2}}
      {"resources":[],"detail":{"a":1,"b":2,"clientId":"c"}}
    {"resources":["c"],"detail":{"clientId":"forged","client\u0049d":{"forged":1},"a":1}}
      {"resources":[],"detail":{"a":1,"clientId":"c"}}
    {"resources":["c"],"detail":{"clientId":1,"a":1,"\u0063lientId":2,"clientId":3,"b":2,"clientId":4}}
      {"resources":[],"detail":{"a":1,"b":2,"clientId":"c"}}
    {"detail":{ "clientId" : "forged" , "a" : {"clientId":"nested stays"} , "clientId" : 2 },"clientId":"c"}
      {"detail":{ "a" : {"clientId":"nested stays"},"clientId":"c" }}
    "#);
}

#[test]
fn without_an_id_in_the_envelope_an_id_in_detail_is_the_clients_own_word() {
    insta::assert_snapshot!(outcomes(&[
        // What a mapping template writes where the authorizer gave no id.
        r#"{"resources":[""],"detail":{"clientId":"forged","a":1}}"#,
        r#"{"resources":[null],"detail":{"clientId":"forged"}}"#,
        r#"{"resources":null,"detail":{"clientId":"forged"}}"#,
        r#"{"clientId":null,"resources":[],"detail":{"a":1,"clientId":"forged"}}"#,
        // Not what this transformer leaves behind.
        r#"{"resources":[],"detail":{"clientId":7}}"#,
        r#"{"resources":[],"detail":{"clientId":""}}"#,
        r#"{"resources":[],"detail":{"clientId":"forged","client\u0049d":"forged"}}"#,
        // Nothing to move, nowhere to move it.
        r#"{"a":1}"#,
        r#"{"detail":"text"}"#,
    ]), @r#"
    {"resources":[""],"detail":{"clientId":"forged","a":1}}
      {"resources":[""],"detail":{"a":1}}
    {"resources":[null],"detail":{"clientId":"forged"}}
      {"resources":[null],"detail":{}}
    {"resources":null,"detail":{"clientId":"forged"}}
      {"resources":null,"detail":{}}
    {"clientId":null,"resources":[],"detail":{"a":1,"clientId":"forged"}}
      {"clientId":null,"resources":[],"detail":{"a":1}}
    {"resources":[],"detail":{"clientId":7}}
      {"resources":[],"detail":{}}
    {"resources":[],"detail":{"clientId":""}}
      {"resources":[],"detail":{}}
    {"resources":[],"detail":{"clientId":"forged","client\u0049d":"forged"}}
      {"resources":[],"detail":{}}
    {"a":1}
      {"a":1}
    {"detail":"text"}
      {"detail":"text"}
    "#);
}

#[test]
fn a_vacant_envelope_and_one_id_in_detail_are_a_record_transformed_before() {
    let moved = r#"{"resources":[],"detail":{"clientId":"c"}}"#;
    let vacant = r#"{"detail":{"client\u0049d":"c","a":1}}"#;
    for record in [moved, vacant] {
        let mut out = Vec::new();
        let done = Transformer::default()
            .transform(record.as_bytes(), &mut out)
            .unwrap();
        assert_eq!(done.client_id, ClientId::AlreadyMoved);
        assert_eq!(out, format!("{record}\n").into_bytes());
        // It counts as an id where one is required.
        let required = Options {
            require_client_id: true,
            ..Options::default()
        };
        assert!(transform(required, record).is_ok());
    }
    // Unless the operator says that nothing comes twice.
    let distrustful = || Options {
        trust_moved: false,
        ..Options::default()
    };
    let stripped = "{\"resources\":[],\"detail\":{}}\n".to_owned();
    assert_eq!(transform(distrustful(), moved), Ok(stripped));
    let required = Options {
        require_client_id: true,
        ..distrustful()
    };
    assert_eq!(
        transform(required, moved).unwrap_err().reason(),
        "missing-client-id"
    );
}

#[test]
fn an_id_that_cannot_be_moved_is_refused() {
    insta::assert_snapshot!(outcomes(&[
        r#"{"clientId":7,"detail":{}}"#,
        r#"{"clientId":["c"],"detail":{}}"#,
        r#"{"resources":[7],"detail":{}}"#,
        r#"{"resources":"c","detail":{}}"#,
        r#"{"resources":["c"]}"#,
        r#"{"resources":["c"],"detail":"text"}"#,
        r#"{"resources":["c"],"detail":null}"#,
        r#"{"resources":["c"],"detail":{},"detail":{}}"#,
        r#"{"resources":["c"],"resources":["d"],"detail":{}}"#,
        r#"{"clientId":"c","detail":{},"client\u0049d":"d"}"#,
    ]), @r#"
    {"clientId":7,"detail":{}}
      [client-id-not-a-string] the client id at byte 12 is not a string
    {"clientId":["c"],"detail":{}}
      [client-id-not-a-string] the client id at byte 12 is not a string
    {"resources":[7],"detail":{}}
      [client-id-not-a-string] the client id at byte 13 is not a string
    {"resources":"c","detail":{}}
      [client-id-not-a-string] the client id at byte 13 is not a string
    {"resources":["c"]}
      [detail-not-an-object] the object at byte 0 has no detail object to take the client id
    {"resources":["c"],"detail":"text"}
      [detail-not-an-object] the object at byte 0 has no detail object to take the client id
    {"resources":["c"],"detail":null}
      [detail-not-an-object] the object at byte 0 has no detail object to take the client id
    {"resources":["c"],"detail":{},"detail":{}}
      [duplicate-member] the envelope has a second "detail" at byte 31; send one
    {"resources":["c"],"resources":["d"],"detail":{}}
      [duplicate-member] the envelope has a second "resources" at byte 19; send one
    {"clientId":"c","detail":{},"client\u0049d":"d"}
      [duplicate-member] the envelope has a second "clientId" at byte 28; send one
    "#);
}

#[test]
fn a_place_that_is_not_configured_is_an_ordinary_member() {
    let record = r#"{"clientId":"c","resources":["d"],"detail":{}}"#;
    let from = |client_id_from| {
        let options = Options {
            client_id_from,
            ..Options::default()
        };
        transform(options, record).unwrap()
    };
    insta::assert_snapshot!(from(ClientIdFrom::ClientId), @r#"{"resources":["d"],"detail":{"clientId":"c"}}"#);
    insta::assert_snapshot!(from(ClientIdFrom::Resources), @r#"{"clientId":"c","resources":[],"detail":{"clientId":"d"}}"#);
}

#[test]
fn of_several_objects_the_most_worrying_client_id_is_reported() {
    let found = r#"{"resources":["c"],"detail":{}}"#;
    let moved = r#"{"resources":[],"detail":{"clientId":"c"}}"#;
    let missing = r#"{"resources":[""],"detail":{}}"#;
    let report = |objects: &[&str]| {
        let done = Transformer::default().transform(objects.concat().as_bytes(), &mut Vec::new());
        let done = done.unwrap();
        assert_eq!(done.objects, objects.len());
        done.client_id
    };
    assert_eq!(report(&[found, found]), ClientId::Found);
    assert_eq!(report(&[moved, found]), ClientId::AlreadyMoved);
    assert_eq!(report(&[found, missing, moved]), ClientId::Missing);
}
