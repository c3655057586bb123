//! The three questions of the demo.

use std::io::Write;

use anyhow::{Context, Result};
use hydrant_lake::Lake;
use hydrant_query::{Engine, Format, Options, write};
use serde_json::Value;

use super::agree;
use crate::{commands::sql::say_problems, output, progress, text};

/// Where the terminal's width is not worth asking for.
const CHART_WIDTH: usize = 78;

const BY_TYPE_AND_DAY: &str = "\
select cast(time as date) as day,
       count(*) filter (where eventType = 'searching') as searching,
       count(*) filter (where eventType = 'paging') as paging,
       count(*) filter (where eventType = 'shopping') as shopping,
       count(*) filter (where eventType = 'productview') as productview,
       count(*) filter (where eventType = 'addtocart') as addtocart,
       count(*) filter (where eventType = 'checkout') as checkout,
       count(*) filter (where eventType like '%purchase') as purchases,
       count(*) as events
  from events group by 1 order by 1";

const TOP_TERMS: &str = "\
select detail.data.searchTerm as term, count(*) as searches, count(distinct detail.clientId) as clients
  from events where eventType = 'searching' group by 1 order by 2 desc, 1 limit 10";

const REVENUE_BY_HOUR: &str = "\
select extract(hour from time) as hour, round(sum(detail.data.total), 2) as revenue
  from events where eventType in ('purchase', 'loyaltypurchase') group by 1 order by 1";

/// Asks the lake; fails when its count of events is not `lines`.
pub(crate) async fn ask(lake: &Lake, lines: u64, quiet: bool) -> Result<()> {
    let engine = Engine::open(lake, &Options::default())?;
    let mut out = output::open(None)?;
    let spinner = progress::spinner("asking", quiet);
    let heading = |out: &mut dyn Write, question: &str, sql: &str| {
        writeln!(out, "{question}\n")?;
        sql.lines().try_for_each(|line| writeln!(out, "  {line}"))?;
        writeln!(out)
    };

    let answers = [
        ("1. What happened on which day?", BY_TYPE_AND_DAY),
        ("2. What do people search for?", TOP_TERMS),
    ];
    for (question, sql) in answers {
        heading(&mut out, question, sql)?;
        write(engine.run(sql).await?, Format::Table, &mut *out).await?;
        writeln!(out)?;
    }
    heading(&mut out, "3. When does the money come in?", REVENUE_BY_HOUR)?;
    writeln!(
        out,
        "{}",
        revenue_chart(&rows(&engine, REVENUE_BY_HOUR).await?)
    )?;
    spinner.finish_and_clear();
    out.flush()?;

    let counted = rows(&engine, "select count(*) as events from events").await?;
    agree(counted[0]["events"].as_u64().unwrap_or_default(), lines)?;
    if !quiet {
        say_problems(&engine.problems());
        output::say(&format!(
            "SQL counts {} events, as many as the account has lines delivered.\n",
            text::count(lines)
        ));
    }
    Ok(())
}

/// An answer as JSON objects.
async fn rows(engine: &Engine, sql: &str) -> Result<Vec<Value>> {
    let mut json = Vec::new();
    write(engine.run(sql).await?, Format::Json, &mut json).await?;
    serde_json::from_slice(&json).context("the answer is JSON")
}

fn revenue_chart(rows: &[Value]) -> String {
    let bars: Vec<(String, f64, String)> = rows
        .iter()
        .map(|row| {
            let revenue = row["revenue"].as_f64().unwrap_or_default();
            let hour = row["hour"].as_f64().unwrap_or_default();
            (format!("{hour:02.0}:00"), revenue, format!("{revenue:.2}"))
        })
        .collect();
    text::bar_chart(&bars, CHART_WIDTH)
}
