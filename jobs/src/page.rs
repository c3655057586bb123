//! Pages for people: one HTML file, light or dark as its reader's screen is, without references to others.

mod calendar;
mod results;

use hydrant_chart::{Chart, Kind};
use hydrant_lake::Lake;
use jiff::Timestamp;

use crate::{
    clock::Surroundings,
    error::JobError,
    job::Job,
    ledger::{Ledger, Outcome, Run},
};
use results::Last;

/// Runs of a job that its table shows.
const RUNS: usize = 40;

const STYLE: &str = "body{margin:0 auto;padding:1rem;max-width:1080px;font-family:system-ui,-apple-system,'Segoe UI',\
sans-serif;background:#fff;color:#1b1f24;line-height:1.45}svg,img{width:100%;height:auto}h1{font-size:1.5rem}h2{margin-top:\
2.2rem;font-size:1.2rem}p,summary,.quiet{color:#5a626b}.scroll{overflow-x:auto}table{border-collapse:collapse;margin:\
.5rem 0;font-size:.9rem}th,td{padding:.2rem .7rem;border-bottom:1px solid #e3e6e9;text-align:left;vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{overflow-x:auto}.cal{display:grid;gap:3px;margin:.6rem \
0;width:max-content;font-size:.7rem}.cal span{width:15px;height:15px;line-height:15px;text-align:center;border-radius:\
3px}.cal .day{width:auto;padding-right:.4rem;text-align:right}.none{background:#eceef0;color:#5a626b}.done{background:\
#2a78d6;color:#fff}.rejected{background:#eda100;color:#1b1f24}.failed,.abandoned{background:#c93a3a;color:#fff}.running\
{background:#1baf7a;color:#fff}td b{padding:.05rem .4rem;border-radius:3px;font-weight:600}@media(prefers-color-scheme:\
dark){body{background:#15181c;color:#e8eaed}p,summary,.quiet{color:#a3abb4}th,td{border-color:#2c3238}.none{background:\
#262b31;color:#a3abb4}}";

/// A page around `body`.
pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Text as HTML has it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}

/// The history of jobs as a page: for each its last intervals as a calendar, its last results as a chart, and its
/// last runs.
///
/// # Errors
///
/// [`JobError`] when the lake cannot be read. A result that cannot be drawn is no error.
pub async fn history_page(
    lake: &Lake,
    jobs: &[Job],
    surroundings: &Surroundings,
) -> Result<String, JobError> {
    let now = surroundings.now();
    let runs = Ledger::history(lake, surroundings.clone(), None).await?;
    let mut body = format!(
        "<h1>Jobs</h1>\n<p>{} as of {}</p>\n",
        escaped(lake.url().as_str()),
        time(now)
    );
    for job in jobs {
        let runs: Vec<_> = runs.iter().filter(|run| run.job == job.name).collect();
        body += &section(lake, job, &runs, now).await?;
    }
    Ok(page("Jobs", &body))
}

async fn section(
    lake: &Lake,
    job: &Job,
    runs: &[&Run],
    now: Timestamp,
) -> Result<String, JobError> {
    let next = job.timetable.next(now);
    let next = next.map_or("never again".to_owned(), |next| {
        next.to_zoned(job.zone().clone())
            .strftime("%Y-%m-%d %H:%M %:z")
            .to_string()
    });
    let mut out = format!(
        "<h2>{}</h2>\n<p>Every {} by {} in {}, next {next}; results in {}</p>\n",
        escaped(&job.name),
        job.interval,
        escaped(job.timetable.schedule().as_str()),
        escaped(job.zone_name()),
        escaped(&job.output.to_string()),
    );
    out += &calendar::calendar(job, runs, now);
    if let Some(last) = results::last(lake, job, runs).await? {
        out += &drawn(job, &last);
    }
    out += &table(job, runs);
    Ok(out)
}

/// The results of a job, as a picture.
fn drawn(job: &Job, last: &Last) -> String {
    let title = format!("Results of {}", job.name);
    let reason = match last {
        Last::Rows(rows) => match Chart::of(Kind::Bar, &rows.schema, &rows.batches) {
            Ok(chart) => return chart.with_title(&title).svg(),
            Err(reason) => reason.to_string(),
        },
        Last::Page(page) => match picture(page, &title) {
            Some(picture) => return picture,
            None => "the last page has none".to_owned(),
        },
        Last::Nothing(reason) => reason.clone(),
    };
    format!("<p>No chart of the results: {}</p>\n", escaped(&reason))
}

/// The chart of a page, as an image: whatever somebody may have put into it does not run.
fn picture(page: &str, title: &str) -> Option<String> {
    const END: &str = "</svg>";
    let from = page.find("<svg")?;
    let to = page.rfind(END)? + END.len();
    let mut url = String::new();
    for byte in page.get(from..to)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => url.push(byte.into()),
            _ => url += &format!("%{byte:02X}"),
        }
    }
    let title = escaped(title);
    Some(format!(
        "<img alt=\"{title}\" src=\"data:image/svg+xml,{url}\">\n"
    ))
}

fn table(job: &Job, runs: &[&Run]) -> String {
    if runs.is_empty() {
        return "<p>It has not run yet.</p>\n".to_owned();
    }
    let mut out = "<div class=\"scroll\"><table>\n<tr><th>interval</th><th>started</th><th class=\"n\">took</th><th \
                   class=\"n\">rows</th><th class=\"n\">objects</th><th class=\"n\">bytes scanned</th><th>outcome</th>\
                   <th>reason</th></tr>\n"
        .to_owned();
    for run in runs.iter().rev().take(RUNS) {
        let took = if run.outcome == Outcome::Running {
            String::new()
        } else {
            format!("{} ms", run.took_ms)
        };
        out += &format!(
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{took}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td \
             class=\"n\">{}</td><td><b class=\"{outcome}\">{outcome}</b></td><td>{}</td></tr>\n",
            job.label(&run.interval()),
            time(run.started),
            run.rows,
            run.objects,
            run.bytes_scanned,
            escaped(run.reason.as_deref().unwrap_or_default()),
            outcome = run.outcome,
        );
    }
    if runs.len() > RUNS {
        out += &format!(
            "<tr><td class=\"quiet\" colspan=\"8\">and {} older runs</td></tr>\n",
            runs.len() - RUNS
        );
    }
    out + "</table></div>\n"
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
