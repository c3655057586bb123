//! Laws of reading.

use hydrant_template::{Content, Document, Node, Source};
use proptest::prelude::*;

/// JSON values whose text YAML reads too.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-1000_i64..1000).prop_map(Into::into),
        "[a-zé \\\\\"\n!&*{}:#-]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[a-zé]{1,4}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn to_json(node: &Node) -> serde_json::Value {
    match &node.content {
        Content::Null | Content::Unknown(_) => serde_json::Value::Null,
        Content::Boolean(value) => (*value).into(),
        Content::Number(text) => serde_json::from_str(text).unwrap(),
        Content::Text(text) => text.as_str().into(),
        Content::List(elements) => elements.iter().map(to_json).collect(),
        Content::Map(members) => {
            let members = members
                .iter()
                .map(|it| (it.name.clone(), to_json(&it.value)));
            serde_json::Value::Object(members.collect())
        }
    }
}

/// Each value's place reads as the value itself.
fn places_hold(node: &Node, source: &Source) -> Result<(), TestCaseError> {
    let slice = source.slice(node.span);
    let again = Document::parse(&format!("{{\"v\":{slice}}}")).unwrap();
    prop_assert_eq!(
        to_json(again.root.get("v").unwrap()),
        to_json(node),
        "{}",
        slice
    );
    for element in node.elements() {
        places_hold(element, source)?;
    }
    for member in node.members() {
        places_hold(&member.value, source)?;
        let name = serde_json::to_string(&member.name).unwrap();
        prop_assert_eq!(source.slice(member.name_span), name);
    }
    Ok(())
}

proptest! {
    #[test]
    fn json_reads_as_what_it_says_and_every_place_is_its_own(value in json(), pretty in any::<bool>()) {
        let value = serde_json::json!({ "root": value });
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(to_json(&document.root), value);
        places_hold(&document.root, &Source::new("t", text))?;
    }

    #[test]
    fn yaml_reads_json_as_json_does(value in json()) {
        let value = serde_json::json!({ "root": value });
        // A comment first makes it YAML.
        let text = format!("# a comment, é\n{value}");
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(to_json(&document.root), value);
        let source = Source::new("t", text);
        places_hold(&document.root, &source)?;
    }

    #[test]
    fn whatever_the_text_nothing_panics(text in "[ \n\\-:{}\\[\\],&*!|>'\"#%@a-cRef0-9é]{0,60}") {
        drop(Document::parse(&text));
    }
}
