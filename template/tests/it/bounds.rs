//! Hostile texts cost their bytes and no more.

use hydrant_template::{Document, Overrides, SyntaxError, Template};

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        text += &format!(
            "a{level}: &a{level} [{}]\n",
            [alias.as_str(); 10].join(", ")
        );
    }
    assert!(matches!(
        Document::parse(&text),
        Err(SyntaxError::TooManyValues { .. })
    ));
}

#[test]
fn deep_nesting_is_refused_in_every_spelling() {
    for deep in [
        "[".repeat(100_000),
        format!("{{\"a\":{}", "[".repeat(100_000)),
        "- ".repeat(100_000),
        "{\"a\":".repeat(100_000),
    ] {
        let refused = Document::parse(&deep).unwrap_err();
        // The YAML parser has a bound of its own.
        assert!(
            matches!(
                refused,
                SyntaxError::TooDeep { .. } | SyntaxError::Yaml { .. }
            ),
            "{refused}"
        );
    }
    let mut nested = "a: &a0 [x]\n".to_owned();
    for level in 1..200 {
        nested += &format!("b{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(matches!(
        Document::parse(&nested),
        Err(SyntaxError::TooDeep { .. })
    ));
}

#[test]
fn functions_that_multiply_text_stop() {
    let long = "x".repeat(200_000);
    let many = "${P}".repeat(50_000);
    let text = format!(
        "Parameters: {{ P: {{ Type: String, Default: {long} }} }}\nResources: {{ R: {{ Type: T, Properties: {{ A: !Sub '{many}', \
         B: !Sub '{many}' }} }} }}\n"
    );
    let stack = Template::parse(&text).unwrap().resolve(&Overrides::new());
    let properties = &stack.resources["R"].properties;
    assert!(properties.get("A").unwrap().unknown().is_some());
    assert!(properties.get("B").unwrap().unknown().is_some());
}

#[test]
fn chains_of_conditions_and_names_stop() {
    let mut text = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    for level in 1..5000 {
        text += &format!("  C{level}: !Not [!Condition C{}]\n", level - 1);
    }
    text += "Resources:\n  R: { Type: T, Condition: C4999 }\n  B0: { Type: AWS::S3::Bucket, Properties: { BucketName: b } }\n";
    for level in 1..5000 {
        text += &format!(
            "  B{level}: {{ Type: AWS::S3::Bucket, Properties: {{ BucketName: !Sub '${{B{}}}' }} }}\n",
            level - 1
        );
    }
    Template::parse(&text).unwrap().resolve(&Overrides::new());
}

#[test]
fn a_text_beyond_the_largest_template_is_refused() {
    let text = format!("a: {}", "x".repeat(1_000_000));
    assert!(matches!(
        Document::parse(&text),
        Err(SyntaxError::TooLarge { .. })
    ));
}
