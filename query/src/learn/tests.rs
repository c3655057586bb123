use super::*;

fn objects(keys: &[String]) -> Vec<Arc<DataObject>> {
    let object = |key: &String| {
        Arc::new(DataObject {
            key: key.clone(),
            size: 1,
            written: 0,
            partitions: [].into(),
            compacted: None,
        })
    };
    keys.iter().map(object).collect()
}

#[test]
fn a_sample_has_some_of_every_group_and_changes_little_when_objects_are_added() {
    let keys = |hours: std::ops::Range<u32>| -> Vec<String> {
        let kinds = ["buy", "look", "rare"];
        let all = hours.flat_map(|hour| {
            kinds.map(|kind| format!("events/eventType={kind}/day=1/hour={hour}/x"))
        });
        all.collect()
    };
    let few = sample(&objects(&keys(0..1000)));
    let more = sample(&objects(&keys(0..1010)));
    assert_eq!(few.len(), 3 * SAMPLE_OF_GROUP);
    let kept = few
        .iter()
        .filter(|it| more.iter().any(|other| other.key == it.key));
    assert!(kept.count() >= few.len() - 2);
    for kind in ["buy", "look", "rare"] {
        let of_kind = few.iter().filter(|it| it.key.contains(kind)).count();
        assert_eq!(of_kind, SAMPLE_OF_GROUP);
    }
    let many: Vec<_> = (0..500).map(|n| format!("kind={n}/x")).collect();
    assert_eq!(sample(&objects(&many)).len(), SAMPLE);
}

#[test]
fn the_event_type_is_found_where_it_is() {
    let found = |record: &str| event_type(record.as_bytes());
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        found(r#"{"detail-type":"x","detail":{"a":1,"eventType":"buy"}}"#),
        some("buy")
    );
    assert_eq!(
        found(r#"{"detail-type":"x","eventType":"look","detail":{}}"#),
        some("look")
    );
    assert_eq!(found(r#"{"detail":"no","detail-type":"x"}"#), some("x"));
    assert_eq!(found("{}"), None);
}
