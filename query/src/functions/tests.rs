//! The examples of the function reference in docs/sql.md, and what it says of them.

use std::sync::Arc;

use arrow::{array::RecordBatch, util::display::array_value_to_string};
use datafusion::{
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};

use super::register;
use crate::{error::QueryError, statement};

/// Five clients' events, over two partitions and in no order.
const EVENTS: &str = "select client, type, arrow_cast(at, 'Timestamp(Microsecond, Some(\"UTC\"))') as time, price, data \
    from (values \
    ('a', 'view',  '2026-11-02T10:00:00Z', 1.0, '{\"page\":\"home\",\"tags\":[\"x\",\"y\"],\"n\":{\"m\":7}}'), \
    ('a', 'cart',  '2026-11-02T10:20:00Z', 2.0, '{\"page\":\"cart\"}'), \
    ('a', 'buy',   '2026-11-02T10:50:00Z', 3.0, null), \
    ('b', 'cart',  '2026-11-02T09:00:00Z', 4.0, 'no json'), \
    ('b', 'view',  '2026-11-02T10:00:00Z', 5.0, '{}'), \
    ('b', 'cart',  '2026-11-02T10:30:00Z', 6.0, '{\"page\":null}'), \
    ('b', 'buy',   '2026-11-02T11:30:00Z', 7.0, null), \
    ('c', 'buy',   '2026-11-03T10:00:00Z', 8.0, null), \
    ('c', 'view',  '2026-11-03T12:00:00Z', null, null), \
    ('d', 'view',  null,                   9.0, null)) as t(client, type, at, price, data)";

async fn session() -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(3)
        .with_batch_size(3);
    config.options_mut().sql_parser.enable_ident_normalization = false;
    let context = SessionContext::new_with_config(config);
    register(&context).unwrap();
    let rows = context.sql(EVENTS).await.unwrap().collect().await.unwrap();
    let batches: Vec<RecordBatch> = rows
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1)))
        .collect();
    let (even, odd): (Vec<_>, Vec<_>) = batches
        .into_iter()
        .enumerate()
        .partition(|(at, _)| at % 2 == 0);
    let parts = [odd, even].map(|part| part.into_iter().map(|(_, batch)| batch).collect());
    let schema = rows[0].schema();
    let table = MemTable::try_new(schema, parts.into()).unwrap();
    context.register_table("events", Arc::new(table)).unwrap();
    context
}

/// The answer, a line a row; or what is wrong.
async fn asked(sql: &str) -> String {
    let context = session().await;
    let planned = statement::plan(&context, sql, &[]).await;
    let answer = match planned {
        Ok(planned) => planned.collect().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(batches) => shown(&batches),
        Err(error) => QueryError::from(error).to_string(),
    }
}

fn shown(batches: &[RecordBatch]) -> String {
    let mut lines = String::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                if column.is_null(row) {
                    return "null".to_owned();
                }
                array_value_to_string(column, row).unwrap()
            });
            lines += &(cells.collect::<Vec<_>>().join(" | ") + "\n");
        }
    }
    lines
}

#[tokio::test]
async fn window_funnel_counts_steps_in_order_within_the_window() {
    let funnel = |window: &str| {
        format!(
            "select client, window_funnel({window}, time, type = 'view', type = 'cart', type = 'buy') as level \
             from events group by client order by client"
        )
    };
    let hour = asked(&funnel("interval '1 hour'")).await;
    insta::assert_snapshot!(hour, @"
    a | 3
    b | 2
    c | 1
    d | 0
    ");
    assert_eq!(asked(&funnel("3600")).await, hour);
    insta::assert_snapshot!(asked(&funnel("interval '1 day'")).await, @"
    a | 3
    b | 3
    c | 1
    d | 0
    ");
}

#[tokio::test]
async fn window_funnel_takes_modes_filters_integers_and_no_group() {
    let strict = "select client, window_funnel(interval '1 hour', 'strict_order', time, type = 'view', type = 'buy') \
                  from events group by client order by client";
    insta::assert_snapshot!(asked(strict).await, @"
    a | 1
    b | 1
    c | 1
    d | 0
    ");
    let all = "select window_funnel(7200, time, type = 'view', type = 'buy') filter (where client = 'b'), \
               window_funnel(60, extract(epoch from time)::bigint, type = 'view'), window_funnel(1, time, client = 'x') \
               from events";
    insta::assert_snapshot!(asked(all).await, @"2 | 1 | 0");
    let none = "select window_funnel(1, time, true) from events where client = 'x'";
    insta::assert_snapshot!(asked(none).await, @"0");
    let running = "select client, type, window_funnel(7200, time, type = 'view', type = 'buy') over (partition by client \
                   order by time) from events where client = 'a' order by time";
    insta::assert_snapshot!(asked(running).await, @"
    a | view | 1
    a | cart | 1
    a | buy | 2
    ");
}

#[tokio::test]
async fn retention_says_who_came_and_came_back() {
    let sql = "select client, retention(type = 'view', type = 'buy', type = 'cart') from events group by client \
               order by client";
    insta::assert_snapshot!(asked(sql).await, @"
    a | [1, 1, 1]
    b | [1, 1, 1]
    c | [1, 1, 0]
    d | [1, 0, 0]
    ");
    let shares = "select sum(r[1]) as came, sum(r[2]) as bought from (select retention(type = 'cart', type = 'buy') as r \
                  from events group by client)";
    insta::assert_snapshot!(asked(shares).await, @"2 | 2");
    insta::assert_snapshot!(asked("select retention(type = 'x', true) from events").await, @"[0, 0]");
}

#[tokio::test]
async fn sessionize_numbers_sessions() {
    let sql = "select client, type, sessionize(time, interval '30 minutes') over (partition by client order by time) as session \
               from events where client in ('a', 'b', 'd') order by client, time";
    insta::assert_snapshot!(asked(sql).await, @"
    a | view | 1
    a | cart | 1
    a | buy | 1
    b | cart | 1
    b | view | 2
    b | cart | 2
    b | buy | 3
    d | view | 1
    ");
    let unordered = "select sessionize(time, 60) over (partition by 1 order by price) from events";
    insta::assert_snapshot!(asked(unordered).await, @"Execution error: sessionize needs its rows in order: sessionize(time, gap) over (partition by … order by time)");
}

#[tokio::test]
async fn arg_min_and_arg_max_take_the_value_of_another_columns_extreme() {
    let sql = "select client, arg_min(type, time), arg_max(type, time), arg_max(price, time), \
               first_value(type order by time desc), arg_max(type, price) filter (where type <> 'buy') \
               from events group by client order by client";
    insta::assert_snapshot!(asked(sql).await, @"
    a | view | buy | 3.0 | buy | cart
    b | cart | buy | 7.0 | buy | cart
    c | buy | view | 8.0 | view | null
    d | null | null | null | view | view
    ");
}

#[tokio::test]
async fn approx_percentile_is_near() {
    let sql = "select approx_percentile(price, 0.5), round(approx_percentile(value, 0.9) / 10) * 10 from events, \
               (select unnest(range(0, 1001)) as value) where client = 'a'";
    insta::assert_snapshot!(asked(sql).await, @"2.0 | 900.0");
}

#[tokio::test]
async fn arrows_take_json_text_apart() {
    let sql = "select data->>'page', data->'page', data->'n'->>'m', (data->'n'->>'m')::int + 1, data->'tags'->1, \
               json_contains(data, 'page') from events where client = 'a' and type = 'view'";
    insta::assert_snapshot!(asked(sql).await, @r#"home | "home" | 7 | 8 | "y" | true"#);
    let nothing = "select data->>'page' from events where client = 'b' order by time";
    insta::assert_snapshot!(asked(nothing).await, @"
    null
    null
    null
    null
    ");
    let found = "select type from events where data->>'page' = 'cart' or data->'n'->>'m' in ('7') order by type";
    insta::assert_snapshot!(asked(found).await, @"
    cart
    view
    ");
}

#[tokio::test]
async fn arrows_take_structs_and_lists_apart_too() {
    let sql = "select s->'a', s->>'a', s->'b'->>'c', s->>'b', s->'l'->0, s->'l'->>-1, s->>'l' from \
               (select named_struct('a', 1, 'b', named_struct('c', 'x'), 'l', make_array('p', 'q')) as s)";
    insta::assert_snapshot!(asked(sql).await, @r#"1 | 1 | x | {"c":"x"} | p | q | ["p","q"]"#);
    insta::assert_snapshot!(asked("select to_json(named_struct('a', null, 'b', true)), to_json('x'), to_json(null)").await, @r#"{"b":true} | "x" | null"#);
}

#[tokio::test]
async fn wrong_arguments_are_answered_with_an_example() {
    let mut said = Vec::new();
    for call in [
        "window_funnel(time, type = 'view')",
        "window_funnel(interval '1 hour', time, type)",
        "window_funnel(interval '1 month', time, type = 'view')",
        "window_funnel(60, 'strict', time, type = 'view')",
        "window_funnel(-1, time, type = 'view')",
        "retention(type)",
        "arg_max(type)",
        "approx_percentile(type, 0.5)",
        "sessionize(time) over (order by time)",
        "max(price->'x')",
    ] {
        said.push(asked(&format!("select {call} from events")).await);
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    window_funnel takes a window, a time and 1 to 32 conditions: window_funnel(interval '1 hour', time, cond1, cond2, …), with modes such as 'strict_order' before the time
    window_funnel takes a window, a time and 1 to 32 conditions: window_funnel(interval '1 hour', time, cond1, cond2, …), with modes such as 'strict_order' before the time
    Execution error: months differ in length; give the span of time in days or hours
    Error during planning: window_funnel has no mode 'strict'; there are 'strict_deduplication', 'strict_order' and 'strict_increase'
    Execution error: the span of time -1 is negative or too large
    retention takes 1 to 32 conditions: retention(cond1, cond2, …), such as retention(day = 2, day = 3)
    arg_max takes a value and what to order by: arg_max(detail.page, time)
    approx_percentile takes a number and a percentile from 0 to 1: approx_percentile(detail.data.price, 0.95)
    sessionize takes a time and a gap: sessionize(time, interval '30 minutes') over (partition by detail.clientId order by time)
    Error during planning: `->` takes apart JSON text, structs and lists, not Float64
    ");
}
