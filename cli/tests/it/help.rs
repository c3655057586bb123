//! The manual.

use crate::support::Place;

#[test]
fn the_help_reads_like_a_manual() {
    for command in [
        "",
        "demo",
        "generate",
        "transform",
        "deliver",
        "partition",
        "redrive",
        "send",
        "sql",
        "compact",
        "token",
        "up",
    ] {
        let arguments: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect();
        let name = if command.is_empty() {
            "hydrant"
        } else {
            command
        };
        insta::assert_snapshot!(format!("help_{name}"), Place::new().run(&arguments).ok());
    }
}

#[test]
fn wrong_usage_is_status_2_and_says_what_would_be_right() {
    let place = Place::new();
    let screens: Vec<String> = [
        vec!["deliver"],
        vec!["sqll"],
        vec!["generate", "--malformed", "101"],
        vec!["generate", "--span", "soon"],
        vec!["transform", "--client-id-from", "header"],
        vec!["sql", "-c", "select 1", "-f", "x.sql"],
    ]
    .into_iter()
    .map(|arguments| place.run(&arguments).screen())
    .collect();
    insta::assert_snapshot!(screens.join("\n\n"));
}
