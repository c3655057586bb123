//! `hydrant check`.

mod sample;

use std::{io::Read, path::Path};

use anyhow::{Context, Result, bail};
use hydrant_check::{
    CheckedStream, Forecast, Report, Severity, StreamShape, Survey, html_page, prices::US_EAST_1,
};
use hydrant_delivery::DeliveryStream;
use hydrant_template::{Overrides, Source};
use serde_json::{Value, json};

use crate::{
    args::{CheckArgs, CheckFormat},
    output,
};

pub(crate) fn run(args: &CheckArgs, quiet: bool) -> Result<()> {
    let checked = check(args, quiet)?;
    let mut out = output::open(None)?;
    match args.format {
        CheckFormat::Json => writeln!(out, "{:#}", to_json(&checked))?,
        CheckFormat::Text => {
            let screens = checked
                .iter()
                .map(Checked::text)
                .filter(|text| !text.is_empty());
            let screens: Vec<String> = screens.collect();
            if !screens.is_empty() {
                writeln!(out, "{}", screens.join("\n"))?;
            }
        }
    }
    out.flush()?;
    if let Some(path) = &args.forecast.html {
        write_page(path, &checked)?;
    }
    verdict(&checked, args.strict, quiet)
}

/// A file, and what is predicted of its streams.
struct Checked {
    report: Report,
    forecasts: Vec<Predicted>,
}

/// What a sample says of a stream.
struct Predicted {
    shape: StreamShape,
    survey: Survey,
    forecast: Option<Forecast>,
}

/// Reads and checks everything that was named.
fn check(args: &CheckArgs, quiet: bool) -> Result<Vec<Checked>> {
    let overrides: Overrides = args.parameter.iter().cloned().collect();
    let mut reports = Vec::new();
    for path in &args.stream {
        reports.push(Report::of_definition(read(path)?));
    }
    for path in &args.template {
        reports.push(Report::of_template(read(path)?, &overrides));
    }
    let streams: usize = reports.iter().map(|report| report.streams.len()).sum();
    if streams > 1
        && args
            .forecast
            .sample
            .iter()
            .any(|path| path.as_os_str() == "-")
    {
        bail!(
            "standard input can be read once, and there are {streams} streams; give --sample a file"
        );
    }
    let mut checked = Vec::new();
    for report in reports {
        let mut forecasts = Vec::new();
        if !args.forecast.sample.is_empty() {
            for stream in &report.streams {
                forecasts.extend(predict(args, stream, quiet)?);
            }
        }
        checked.push(Checked { report, forecasts });
    }
    Ok(checked)
}

fn read(path: &Path) -> Result<Source> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(Source::new("standard input", text));
    }
    let name = path.display().to_string();
    let text = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let text = String::from_utf8(text).with_context(|| format!("{name} is not text"))?;
    Ok(Source::new(name, text))
}

/// Runs the sample through a stream, and predicts; `None` for a stream that has errors.
fn predict(args: &CheckArgs, checked: &CheckedStream, quiet: bool) -> Result<Option<Predicted>> {
    let Some(input) = &checked.input else {
        return Ok(None);
    };
    let Some(mut shape) = StreamShape::new(input, checked.function.as_ref()) else {
        return Ok(None);
    };
    if let Some(function) = &mut shape.function {
        function.milliseconds = args.forecast.function_ms;
    }
    let stream = DeliveryStream::new(input)
        .with_context(|| format!("no forecast for the stream {}", checked.name))?;
    // A template may be somebody else's, and its query with it.
    if let Some(query) = stream.key_query() {
        query.check_bounds().with_context(|| {
            format!(
                "no forecast for the stream {}: its query may not end",
                checked.name
            )
        })?;
    }
    let survey = sample::survey(
        &args.forecast,
        &args.transformer,
        checked,
        &stream,
        &shape,
        quiet,
    )?;
    let forecast = args
        .forecast
        .rate
        .and_then(|rate| Forecast::new(&survey, &shape, rate, US_EAST_1));
    Ok(Some(Predicted {
        shape,
        survey,
        forecast,
    }))
}

impl Checked {
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let findings = self.report.text();
        if !findings.is_empty() {
            parts.push(findings);
        }
        for it in &self.forecasts {
            let name = &it.shape.name;
            parts.push(format!(
                "{name}: the sample\n{}\n",
                it.survey.lines().join("\n")
            ));
            if let Some(forecast) = &it.forecast {
                let lines = forecast.lines(&it.shape).join("\n");
                parts.push(format!(
                    "{name}: at {} records a second\n{lines}\n",
                    forecast.rate
                ));
            }
        }
        parts.join("\n")
    }

    fn json(&self) -> Value {
        let mut json = self.report.json();
        let streams = self.report.streams.iter().map(|stream| {
            let predicted = self
                .forecasts
                .iter()
                .find(|it| it.shape.name == stream.name);
            json!({
                "name": stream.name,
                "sample": predicted.map(|it| it.survey.json()),
                "forecast": predicted.and_then(|it| it.forecast.as_ref()).map(Forecast::json),
            })
        });
        json["streams"] = streams.collect();
        json
    }
}

/// One object for all files: the shape of docs/check.md.
fn to_json(checked: &[Checked]) -> Value {
    let count = |severity| {
        checked
            .iter()
            .map(|it| it.report.count(severity))
            .sum::<usize>()
    };
    json!({
        "version": 1,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "files": checked.iter().map(Checked::json).collect::<Vec<_>>(),
    })
}

/// Writes the page of the one stream that has a forecast.
fn write_page(path: &Path, checked: &[Checked]) -> Result<()> {
    let predicted = checked.iter().flat_map(|it| &it.forecasts);
    let predicted: Vec<(&Predicted, &Forecast)> = predicted
        .filter_map(|it| Some((it, it.forecast.as_ref()?)))
        .collect();
    let (predicted, forecast) = match predicted.as_slice() {
        [one] => *one,
        [] => bail!(
            "no page: no stream has a forecast, because of its errors or because no record lands"
        ),
        several => bail!(
            "no page: a page shows one stream, and there are {}",
            several.len()
        ),
    };
    let page = html_page(&predicted.survey, &predicted.shape, forecast);
    let mut out = output::open(Some(path))?;
    out.write_all(page.as_bytes())?;
    Ok(out.flush()?)
}

/// Errors fail; with `strict` warnings do too, and a quota that would be broken.
fn verdict(checked: &[Checked], strict: bool, quiet: bool) -> Result<()> {
    let breaks_quota = |it: &Checked| {
        let mut forecasts = it.forecasts.iter().filter_map(|it| it.forecast.as_ref());
        forecasts.any(Forecast::breaks_quota)
    };
    let failed = |it: &&Checked| {
        it.report.count(Severity::Error) > 0
            || strict && (it.report.count(Severity::Warning) > 0 || breaks_quota(it))
    };
    let line = |it: &Checked| {
        let quota = if breaks_quota(it) {
            "; the quota of partitions would be broken"
        } else {
            ""
        };
        format!(
            "{}: {}{quota}",
            it.report.source.name(),
            it.report.summary()
        )
    };
    if checked.iter().any(|it| failed(&it)) {
        let lines: Vec<String> = checked.iter().filter(failed).map(line).collect();
        bail!("{}", lines.join("\n  "));
    }
    if !quiet {
        for it in checked {
            output::say(&line(it));
        }
    }
    Ok(())
}
