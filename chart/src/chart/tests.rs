use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    datatypes::{Field, Schema},
};
use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000_000;
/// 2026-11-02T00:00:00Z.
const START: i64 = 1_793_577_600_000_000;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn times(hours: impl Iterator<Item = i64>) -> ArrayRef {
    let micros = hours.map(|hour| START + hour * HOUR);
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

fn names(names: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(names.to_vec()))
}

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn chart(kind: Kind, batch: &RecordBatch) -> Chart {
    Chart::of(kind, &batch.schema(), std::slice::from_ref(batch)).unwrap()
}

fn small() -> Terminal {
    Terminal {
        width: 60,
        height: 14,
        colour: false,
    }
}

#[test]
fn a_text_and_a_number_are_bars() {
    let answer = batch(vec![
        ("eventType", names(&["searching", "paging", "purchase"])),
        ("events", integers(&[1200, 600, 7])),
    ]);
    insta::assert_snapshot!(chart(Kind::Bar, &answer).text(&small()), @r"
    events by eventType
    searching  1,200  ██████████████████████████████████████████
    paging       600  █████████████████████
    purchase       7  ▎
    ");
}

#[test]
fn a_time_is_the_axis_wherever_it_stands_and_a_text_tells_series_apart() {
    let answer = batch(vec![
        ("eventType", names(&["a", "b", "a", "b"])),
        ("events", integers(&[1, 2, 3, 4])),
        ("hour", times([0, 0, 1, 1].into_iter())),
    ]);
    let chart = chart(Kind::Bar, &answer);
    assert_eq!(chart.title, "events by hour and eventType");
    insta::assert_snapshot!(chart.text(&small()), @r"
    events by hour and eventType
    2026-11-02        a  1  █████████
                      b  2  ██████████████████
    2026-11-02 01:00  a  3  ███████████████████████████
                      b  4  ████████████████████████████████████
    ");
}

#[test]
fn a_line_has_axes_and_marks() {
    let values: Float64Array = (0..48)
        .map(|hour| (f64::from(hour) / 6.0).sin().mul_add(40.0, 50.0))
        .collect();
    let answer = batch(vec![("hour", times(0..48)), ("revenue", Arc::new(values))]);
    insta::assert_snapshot!(chart(Kind::Line, &answer).text(&small()), @r"
    revenue by hour
    100 ┤
        │      ⣀⠤⠒⠉⠉⠉⠉⠑⠢⢄⡀                                ⢀⡠⠒⠉⠉⠉
        │   ⢀⠔⠉          ⠈⠑⢄                            ⡠⠊⠁
        │ ⡠⠔⠁               ⠑⢄                       ⢀⠔⠊
     50 ┤⠜                    ⠑⢄                    ⡠⠊
        │                       ⠑⠢⡀               ⡔⠉
        │                         ⠑⠤⣀          ⢀⡠⠊
        │                            ⠑⠢⣀⣀⣀⣀⣀⣀⠤⠊⠁
      0 ┤
        └───────────────────────────────────────────────────────
       Nov 2         12:00         Nov 3        12:00
    ");
}

#[test]
fn columns_of_numbers_are_series_over_the_first() {
    let answer = batch(vec![
        ("page", integers(&[3, 1, 2])),
        ("views", integers(&[30, 10, 20])),
        ("clients", integers(&[3, 1, 2])),
    ]);
    let chart = chart(Kind::Line, &answer);
    assert_eq!(chart.data.series.len(), 2);
    assert_eq!(
        chart.data.series[0].values,
        [Some(10.0), Some(20.0), Some(30.0)]
    );
}

#[test]
fn what_is_not_drawn_is_said() {
    let many: Vec<String> = (0..20).map(|n| format!("type{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answer = batch(vec![
        ("hour", times(std::iter::repeat_n(0, 20))),
        ("eventType", names(&many)),
        ("events", integers(&(0..20).collect::<Vec<_>>())),
        ("clients", integers(&[1; 20])),
    ]);
    insta::assert_snapshot!(chart(Kind::Area, &answer).notes().join("\n"), @r"
    clients is not drawn: a chart by series has room for one number
    the 8 largest of 20 series are drawn
    ");
    let twice = batch(vec![("name", names(&["a", "a"])), ("n", integers(&[1, 2]))]);
    insta::assert_snapshot!(chart(Kind::Bar, &twice).notes().join("\n"), @"1 values share their place with another and are added to it");
}

#[test]
fn an_answer_without_numbers_is_refused_with_its_columns() {
    let answer = batch(vec![("name", names(&["a"]))]);
    let refused = Chart::of(Kind::Bar, &answer.schema(), &[answer]).unwrap_err();
    insta::assert_snapshot!(refused, @"a chart needs a column of numbers, such as count(*); the answer has name (Utf8)");
    let none = batch(vec![("n", integers(&[]))]);
    let refused = Chart::of(Kind::Bar, &none.schema(), &[none]).unwrap_err();
    insta::assert_snapshot!(refused, @"the answer has no rows, so there is nothing to draw");
}

#[test]
fn texts_of_an_answer_cannot_leave_their_place_in_a_file() {
    let answer = batch(vec![
        (
            "<script>",
            names(&["</title><script>alert(1)</script>", "\u{1b}[31m"]),
        ),
        ("n", integers(&[1, 2])),
    ]);
    let chart = chart(Kind::Bar, &answer);
    for file in [chart.svg(), chart.html()] {
        assert!(!file.contains("<script"), "{file}");
    }
    assert!(!chart.text(&small()).contains('\u{1b}'));
}

#[test]
fn the_same_answer_is_the_same_picture() {
    let answer = batch(vec![
        ("hour", times(0..5)),
        ("n", integers(&[1, 5, 2, 4, 3])),
    ]);
    for kind in [Kind::Bar, Kind::Line, Kind::Area] {
        let (one, other) = (chart(kind, &answer), chart(kind, &answer));
        assert_eq!(one.svg(), other.svg());
        let png = one.png().unwrap();
        assert_eq!(png, other.png().unwrap());
        assert!(png.starts_with(b"\x89PNG"));
    }
}

proptest! {
    #[test]
    fn any_numbers_can_be_drawn(
        rows in prop::collection::vec((any::<i64>(), any::<f64>(), "[a-c]{0,1}"), 1..40),
        kind in prop::sample::select(vec![Kind::Bar, Kind::Line, Kind::Area]),
        width in 0_usize..120,
    ) {
        let micros = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.0));
        let values = Float64Array::from_iter_values(rows.iter().map(|row| row.1));
        let series = StringArray::from_iter_values(rows.iter().map(|row| row.2.as_str()));
        let answer = batch(vec![("t", Arc::new(micros)), ("s", Arc::new(series)), ("v", Arc::new(values))]);
        if let Ok(chart) = Chart::of(kind, &answer.schema(), &[answer]) {
            let text = chart.text(&Terminal { width, height: 9, colour: true });
            prop_assert!(text.ends_with('\n'));
            prop_assert!(!chart.svg().contains("NaN"));
        }
    }
}
