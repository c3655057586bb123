//! The engine as a library, as its example and the guide show it.

use crate::lake::TestLake;

#[expect(dead_code, reason = "its `main` is the example's own")]
#[path = "../../examples/register.rs"]
mod register;

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_is_a_table_of_another_session_in_three_lines() {
    let lake = TestLake::new();
    lake.put_gz("events/day=1/a.gz", "{\"n\":1}\n{\"n\":2}\n");
    let counted = register::count(lake.directory.path().to_str().unwrap());
    insta::assert_snapshot!(counted.await.unwrap(), @"
    +----------+
    | count(*) |
    +----------+
    | 2        |
    +----------+
    ");
}

#[test]
fn the_guide_shows_the_lines_of_the_example() {
    let guide = include_str!("../../../docs/sql.md");
    let example = include_str!("../../examples/register.rs");
    let (_, block) = guide.split_once("```rust\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert_eq!(block.lines().count(), 3);
    for line in block.lines() {
        assert!(example.contains(line), "{line}");
    }
}
