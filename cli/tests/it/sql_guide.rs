//! The queries of docs/sql.md are true of the lake that it makes.

use std::path::Path;

use crate::support::{Place, REPEATABLE, example};

/// The text of each `sql` block.
fn queries(page: &str) -> Vec<&str> {
    let blocks = page.split("```sql\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_documented_query_has_an_answer() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql.md");
    let page = std::fs::read_to_string(page).unwrap();
    let queries = queries(&page);
    assert!(queries.len() > 5);
    let place = Place::new();
    let events = place
        .run(&[
            "generate",
            "--events",
            "3000",
            "--span",
            "2d",
            "--malformed",
            "1",
        ])
        .ok();
    let stream = example("stream.json");
    let mut deliver = vec!["deliver", "-q", "--stream", &stream, "--to", "lake"];
    deliver.extend_from_slice(&REPEATABLE);
    place.pipe(&deliver, events).ok();
    place.file("guide.sql", queries.concat());
    let answers = place.run(&["sql", "--lake", "lake", "-f", "guide.sql"]);
    assert_eq!(answers.stderr, "");
    let answers = answers.ok();
    // A table has three rules, a header, and here at least one row.
    let statements = queries.concat().matches(';').count();
    let lines = |begin: &str| answers.lines().filter(|it| it.starts_with(begin)).count();
    assert_eq!(lines("+-"), 3 * statements, "{answers}");
    assert!(lines("| ") >= 2 * statements, "{answers}");
    let tables: Vec<&str> = answers.split("-+\n+-").collect();
    assert_eq!(tables.len(), statements, "{answers}");
    assert!(
        tables
            .iter()
            .all(|table| table.matches("-+\n|").count() == 2),
        "{answers}"
    );
}
