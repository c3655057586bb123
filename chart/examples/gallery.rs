//! Draws one picture of each kind into a directory: `cargo run -p hydrant-chart --example gallery -- DIR`.

use std::{error::Error, path::PathBuf, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{Field, Schema},
};
use hydrant_chart::{Chart, Kind};

const HOUR: i64 = 3_600_000_000;
/// 2026-11-02T00:00:00Z.
const START: i64 = 1_793_577_600_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let directory: PathBuf = std::env::args_os().nth(1).ok_or("name a directory")?.into();
    std::fs::create_dir_all(&directory)?;
    let pages = [
        "home",
        "search",
        "cart",
        "checkout",
        "a page with a much longer name than others",
    ];
    let pictures = [
        ("names", Kind::Bar, names(&pages[..4])?),
        ("long-names", Kind::Bar, names(&pages)?),
        ("hours", Kind::Line, hours(&["views"], 72)?),
        (
            "types",
            Kind::Area,
            hours(&["searching", "paging", "purchase"], 168)?,
        ),
        ("stack", Kind::Bar, hours(&["searching", "paging"], 24)?),
    ];
    for (name, kind, answer) in pictures {
        let chart = Chart::of(kind, &answer.schema(), &[answer])?;
        std::fs::write(directory.join(format!("{name}.svg")), chart.svg())?;
        std::fs::write(directory.join(format!("{name}.png")), chart.png()?)?;
        std::fs::write(directory.join(format!("{name}.html")), chart.html())?;
    }
    Ok(())
}

fn names(pages: &[&str]) -> Result<RecordBatch, Box<dyn Error>> {
    let views: Vec<i64> = (1_i64..).take(pages.len()).map(|n| 5_000 / n).collect();
    batch(vec![
        ("page", Arc::new(StringArray::from(pages.to_vec()))),
        ("views", Arc::new(Int64Array::from(views))),
    ])
}

fn hours(series: &[&str], count: i64) -> Result<RecordBatch, Box<dyn Error>> {
    let (mut times, mut types, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for hour in 0..count {
        for (name, number) in series.iter().zip(1_i64..) {
            times.push(START + hour * HOUR);
            types.push(*name);
            let day = (hour % 24 - 18).abs();
            counts.push((26 - day) * 120 / number + hour * 7 % 60);
        }
    }
    batch(vec![
        ("hour", Arc::new(TimestampMicrosecondArray::from(times))),
        ("eventType", Arc::new(StringArray::from(types))),
        ("events", Arc::new(Int64Array::from(counts))),
    ])
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, Box<dyn Error>> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
