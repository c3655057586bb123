//! One question to a lake, from a program of your own:
//! `cargo run -p hydrant-query --example ask -- LAKE "select count(*) from events"`.

use std::{error::Error, io};

use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, write};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(lake), Some(sql)) = (arguments.next(), arguments.next()) else {
        return Err("two arguments: the lake, and a query".into());
    };
    let engine = Engine::open(&Lake::open(&lake, false).await?, &Options::default())?;
    write(engine.run(&sql).await?, Format::Table, &mut io::stdout()).await?;
    for problem in engine.problems() {
        tracing::warn!("{problem}");
    }
    Ok(())
}
