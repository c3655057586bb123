//! A forecast as one page for a browser: no script, nothing from the network.

use crate::{
    forecast::{Forecast, Kind},
    shape::StreamShape,
    survey::Survey,
    text::{amount, bytes, dollars, duration, grouped, mebibytes},
};

const STYLE: &str = include_str!("html/style.css");

/// The page.
#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
pub fn page(survey: &Survey, shape: &StreamShape, forecast: &Forecast) -> String {
    let name = escaped(&shape.name);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name}: partitions and cost</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    out += &format!(
        "<header>\n<h1>{name}</h1>\n<p class=\"prefix\">{}</p>\n<p class=\"lead\">{} records a second, from a sample \
         of {}</p>\n</header>\n",
        prefix(&shape.prefix),
        amount(forecast.rate),
        grouped(survey.put as f64),
    );
    out += &tiles(shape, forecast);
    out += &findings(survey, shape, forecast);
    if shape.is_partitioned {
        out += &keys(forecast);
    }
    out += &histogram(shape, forecast);
    out += &bill(forecast);
    out += &sample(survey);
    out += &assumptions(shape, forecast);
    out += "</main>\n</body>\n</html>\n";
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A prefix that may break behind its slashes.
fn prefix(text: &str) -> String {
    if text.is_empty() {
        return "no prefix: year, month, day and hour of arrival".to_owned();
    }
    escaped(text).replace('/', "/<wbr>")
}

fn tile(label: &str, value: &str, remark: &str, extra: &str) -> String {
    format!(
        "<div class=\"tile\">\n<p class=\"label\">{label}</p>\n<p class=\"value\">{value}</p>\n{extra}<p class=\"remark\">{remark}</p>\n</div>\n"
    )
}

fn tiles(shape: &StreamShape, forecast: &Forecast) -> String {
    let mut out = "<section class=\"tiles\">\n".to_owned();
    if shape.is_partitioned {
        let active = &forecast.active;
        let filled = (active.peak / forecast.quota * 100.0).min(100.0);
        let level = match active.peak / forecast.quota {
            it if it > 1.0 => "over",
            it if it > 0.7 => "near",
            _ => "well",
        };
        let meter = format!(
            "<div class=\"meter {level}\" role=\"img\" aria-label=\"{filled:.0} % of the quota\"><span style=\"width:{filled:.1}%\"></span></div>\n"
        );
        let remark = if active.peak > active.steady {
            format!(
                "up to {} when the time changes; quota {}",
                amount(active.peak.ceil()),
                forecast.quota
            )
        } else {
            format!("quota {}", forecast.quota)
        };
        out += &tile(
            "Active partitions",
            &amount(active.steady.ceil()),
            &remark,
            &meter,
        );
    }
    out += &tile(
        "Objects a day",
        &amount(forecast.objects_a_day),
        &format!(
            "written at {} or after {}",
            mebibytes(shape.buffer_bytes),
            duration(shape.interval)
        ),
        "",
    );
    out += &tile(
        "A middling object",
        &bytes(forecast.median_object),
        &format!(
            "{:.0} % of the objects are below 1 MiB",
            forecast.small_share * 100.0
        ),
        "",
    );
    out += &tile(
        "A month",
        &dollars(forecast.total()),
        &format!("list prices, {}", forecast.prices.date),
        "",
    );
    out + "</section>\n"
}

/// What to think about before deciding.
#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
fn findings(survey: &Survey, shape: &StreamShape, forecast: &Forecast) -> String {
    let mut found = Vec::new();
    if shape.is_partitioned && forecast.breaks_quota() {
        let worst = forecast.active.keys.first().filter(|key| !key.follows_time);
        let worst = worst.map_or_else(String::new, |key| {
            format!(
                " Without <b>{}</b> there would be {}.",
                escaped(&key.name),
                amount(key.without.ceil())
            )
        });
        found.push(format!(
            "More partitions than the quota of {}: the records of the others would go to the error output.{worst}",
            forecast.quota
        ));
    }
    if forecast.has_small_objects() {
        found.push(format!(
            "{:.0} % of the objects are small. A reader pays for each one: give the stream a longer interval or fewer \
             keys, or compact afterwards.",
            forecast.small_share * 100.0
        ));
    }
    if shape.is_partitioned && forecast.is_thin() {
        found.push(format!(
            "The sample has {} records and an interval {}: keys have values that it does not show, and the true \
             numbers are higher.",
            amount(forecast.records_seen),
            amount(forecast.records_an_interval)
        ));
    }
    let refused = survey.refused() as f64 / survey.accepted.max(1) as f64;
    if refused > 0.0 {
        found.push(format!(
            "{:.2} % of the sample's records go to the error output; the reasons are below.",
            refused * 100.0
        ));
    }
    if found.is_empty() {
        return "<p class=\"good\">Nothing here speaks against these keys.</p>\n".to_owned();
    }
    let items = found
        .iter()
        .map(|it| format!("<li>{it}</li>\n"))
        .collect::<Vec<_>>()
        .concat();
    format!("<ul class=\"findings\">\n{items}</ul>\n")
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
fn keys(forecast: &Forecast) -> String {
    let rows = forecast
        .active
        .keys
        .iter()
        .map(|key| {
            let (class, effect) = if key.follows_time {
                ("number words", "follows the event’s time".to_owned())
            } else {
                ("number", amount(key.without.ceil()))
            };
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"{class}\">{effect}</td></tr>\n",
                escaped(&key.name),
                grouped(key.values as f64)
            )
        })
        .collect::<Vec<_>>().concat();
    format!(
        "<section>\n<h2>The keys</h2>\n<table>\n<thead><tr><th scope=\"col\">Key</th><th scope=\"col\" \
         class=\"number\">Values in the sample</th><th scope=\"col\" class=\"number\">Active partitions without \
         it</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n"
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
fn histogram(shape: &StreamShape, forecast: &Forecast) -> String {
    if !shape.is_partitioned || forecast.kind_columns.is_empty() {
        return String::new();
    }
    let largest = forecast
        .kinds
        .iter()
        .map(|kind| kind.share)
        .fold(0.0, f64::max);
    let row = |kind: &Kind| {
        let width = kind.share / largest.max(f64::MIN_POSITIVE) * 100.0;
        let small = if kind.stored_bytes < 1_048_576.0 {
            " small"
        } else {
            ""
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"bar\"><span class=\"fill{small}\" style=\"width:{width:.2}%\"></span></td><td \
             class=\"number\">{}&#8239;%</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
            escaped(&kind.values.join(" / ")),
            amount(kind.share * 100.0),
            amount(kind.objects_a_day),
            bytes(kind.stored_bytes)
        )
    };
    let rows = forecast.kinds.iter().map(row).collect::<Vec<_>>().concat();
    let shown: f64 = forecast.kinds.iter().map(|kind| kind.share).sum();
    let more = match forecast.kind_count - forecast.kinds.len() {
        0 => String::new(),
        more => format!(
            "<p class=\"remark\">and {} more, {}&#8239;% of the records together</p>\n",
            grouped(more as f64),
            amount((1.0 - shown) * 100.0)
        ),
    };
    format!(
        "<section>\n<h2>Partitions</h2>\n<p class=\"remark\">By {}, largest first; keys that follow the event’s time are left \
         aside. Pale bars make objects below 1 MiB.</p>\n<table class=\"histogram\">\n<thead><tr><th scope=\"col\">Keys</th><th \
         scope=\"col\"><span class=\"away\">Share of the records</span></th><th scope=\"col\" class=\"number\">Records</th><th scope=\"col\" \
         class=\"number\">Objects a day</th><th scope=\"col\" class=\"number\">Size</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         {more}</section>\n",
        escaped(&forecast.kind_columns.join(" / "))
    )
}

fn bill(forecast: &Forecast) -> String {
    let rows = forecast
        .costs
        .iter()
        .map(|line| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"arithmetic\">{}</td><td class=\"number\">{}</td></tr>\n",
                line.what,
                escaped(&line.arithmetic),
                escaped(&dollars(line.dollars))
            )
        })
        .collect::<Vec<_>>().concat();
    let not = forecast
        .not_billed
        .iter()
        .map(|it| format!("<li>{}</li>\n", escaped(it)))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<section>\n<h2>The bill of a month</h2>\n<table>\n<tbody>\n{rows}</tbody>\n<tfoot><tr><th scope=\"row\">Together</th>\
         <td></td><td class=\"number\">{}</td></tr></tfoot>\n</table>\n<p class=\"remark\">Not in it:</p>\n<ul \
         class=\"remark\">\n{not}</ul>\n</section>\n",
        escaped(&dollars(forecast.total()))
    )
}

fn sample(survey: &Survey) -> String {
    let lines = survey
        .lines()
        .iter()
        .map(|line| format!("{}\n", escaped(line.strip_prefix("  ").unwrap_or(line))))
        .collect::<Vec<_>>()
        .concat();
    format!("<section>\n<h2>The sample</h2>\n<pre>{lines}</pre>\n</section>\n")
}

fn assumptions(shape: &StreamShape, forecast: &Forecast) -> String {
    let function = if shape.function.is_some() {
        " Hydrant’s transformer stood in for the stream’s function."
    } else {
        ""
    };
    format!(
        "<footer>\n<p>Records are taken to arrive evenly, in the proportions of the sample, when they happen. Live traffic has \
         busier hours: ask with the rate of the busiest for the quota, and with the mean for the bill.{function} Prices: {}, {}.</p>\n\
         <p>Made by <code>hydrant check</code>.</p>\n</footer>\n",
        escaped(forecast.prices.region),
        forecast.prices.date
    )
}
