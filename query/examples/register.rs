//! A lake's `events` in a DataFusion session of your own.
//!
//! ```text
//! cargo run -p hydrant-query --example register -- LAKE
//! ```

#![expect(clippy::print_stdout, reason = "a program that prints its answer")]

use datafusion::prelude::SessionContext;
use hydrant_lake::Lake;
use hydrant_query::{EVENTS, Engine, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lake = std::env::args().nth(1).ok_or("usage: register LAKE")?;
    let context = SessionContext::new();

    let lake = Lake::open(&lake, false).await?;
    let engine = Engine::open(&lake, &Options::default())?;
    context.register_table(EVENTS, engine.table(EVENTS).await?)?;

    let counted = context.sql("select count(*) from events").await?;
    println!("{}", counted.to_string().await?);
    Ok(())
}
