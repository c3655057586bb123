//! A lake's `events` in a DataFusion session of your own.
//!
//! ```text
//! cargo run -p hydrant-query --example register -- LAKE
//! ```

use std::{error::Error, io::Write};

use datafusion::prelude::SessionContext;
use hydrant_lake::Lake;
use hydrant_query::{EVENTS, Engine, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: register LAKE")?;
    let counted = count(&url).await?;
    Ok(writeln!(std::io::stdout(), "{counted}")?)
}

/// How many events a lake has, as a table.
pub(crate) async fn count(url: &str) -> Result<String, Box<dyn Error>> {
    let context = SessionContext::new();

    let lake = Lake::open(url, false).await?;
    let engine = Engine::open(&lake, &Options::default())?;
    context.register_table(EVENTS, engine.table(EVENTS).await?)?;

    let counted = context.sql("select count(*) from events").await?;
    Ok(counted.to_string().await?)
}
