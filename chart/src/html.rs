//! A chart as one HTML file.

use crate::{
    axis::Axis,
    chart::Chart,
    number::full,
    picture,
    svg::{escaped, svg},
};

const STYLE: &str = "body{margin:0 auto;padding:1rem;max-width:1080px;font-family:system-ui,-apple-system,'Segoe UI',\
sans-serif;background:#fff;color:#1b1f24}svg{width:100%;height:auto}p,summary{color:#5a626b}table{border-collapse:\
collapse;margin:.5rem 0}th,td{padding:.2rem .7rem;border-bottom:1px solid #e3e6e9;text-align:right;font-variant-numeric:\
tabular-nums}th:first-child,td:first-child{text-align:left}@media(prefers-color-scheme:dark){body{background:#15181c;\
color:#e8eaed}p,summary{color:#a3abb4}th,td{border-color:#2c3238}}";

/// The page: the picture, and its values in a table.
pub(crate) fn html(chart: &Chart) -> String {
    let picture = svg(&picture::scene(chart), &chart.title);
    let mut notes = String::new();
    for note in chart.notes() {
        notes += &format!("<p>{}</p>\n", escaped(note));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n{picture}{notes}<details>\n<summary>The values</summary>\n{}</details>\n</body>\n</html>\n",
        escaped(&chart.title),
        table(chart)
    )
}

fn table(chart: &Chart) -> String {
    let data = &chart.data;
    let axis = match &data.axis {
        Axis::Times(_) => format!("{} (UTC)", data.x_name),
        _ => data.x_name.clone(),
    };
    let mut out = format!("<table>\n<tr><th>{}</th>", escaped(&axis));
    for series in &data.series {
        out += &format!("<th>{}</th>", escaped(&series.name));
    }
    out += "</tr>\n";
    for place in 0..data.axis.len() {
        out += &format!("<tr><td>{}</td>", escaped(&data.axis.label(place)));
        for series in &data.series {
            let value = series.values.get(place).copied().flatten();
            out += &format!("<td>{}</td>", value.map(full).unwrap_or_default());
        }
        out += "</tr>\n";
    }
    out + "</table>\n"
}
