//! Where answers go, and in which form.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use hydrant_chart::{Chart, Kind, Terminal};
use hydrant_query::{Engine, Format, QueryError, Style, on_workers, write};
use indicatif::ProgressBar;

use crate::{
    args::{SqlArgs, SqlChart, SqlFormat},
    output,
};

/// Rows of a table on a terminal; more scroll away.
const SCREEN_ROWS: usize = 1_000;

/// Characters of a line where there is no terminal to ask.
const PAPER_WIDTH: usize = 240;

/// Where answers go, and in which form.
#[derive(Debug)]
pub(super) struct Answers {
    /// The form that was asked for.
    pub(super) format: Option<Format>,
    pub(super) chart: Option<Kind>,
    pub(super) stats: bool,
    pub(super) quiet: bool,
    output: Option<Output>,
}

/// A file that answers go into.
#[derive(Debug)]
struct Output {
    path: PathBuf,
    /// The file under its temporary name, once there is an answer.
    file: Option<BufWriter<File>>,
    answers: usize,
}

impl Answers {
    pub(super) fn of(args: &SqlArgs, quiet: bool) -> Result<Self> {
        let mut answers = Self {
            format: args.format.map(format),
            chart: args.chart.map(kind),
            stats: args.stats,
            quiet,
            output: None,
        };
        let output = args.output.as_deref().filter(|it| it.as_os_str() != "-");
        answers.set_output(output)?;
        if output.is_none() && answers.style().format.is_binary() && stdout().is_terminal() {
            bail!(
                "Parquet and Arrow are for programs, not for a terminal: write them with -o FILE"
            );
        }
        Ok(answers)
    }

    /// Sends answers to a file, or to standard output again.
    pub(super) fn set_output(&mut self, path: Option<&Path>) -> Result<()> {
        if let Some(path) = path
            && picture(path).is_some()
            && self.chart.is_none()
        {
            bail!(
                "{} is a picture; say which with --chart bar, line or area",
                path.display()
            );
        }
        self.output = path.map(|path| Output {
            path: path.to_owned(),
            file: None,
            answers: 0,
        });
        Ok(())
    }

    fn style(&self) -> Style {
        let output = self.output.as_ref();
        let of_file = output.and_then(|output| Format::of_file(&output.path));
        let format = self.format.or(of_file).unwrap_or_default();
        if output.is_some() {
            return format.into();
        }
        Style {
            format,
            width: Some(width()),
            rows: stdout().is_terminal().then_some(SCREEN_ROWS),
        }
    }

    /// Runs one statement and writes its answer; gives its rows. `bar` goes away with the first byte of the answer.
    pub(super) async fn answer(
        &mut self,
        engine: &Engine,
        sql: &str,
        bar: &ProgressBar,
    ) -> Result<u64, Failure> {
        let mut answer = on_workers(engine.run(sql).await?);
        if answer.schema().fields().is_empty() {
            // CREATE, SET and the like answer nothing, but must run.
            while let Some(batch) = answer.next().await {
                batch.map_err(QueryError::from)?;
            }
            return Ok(0);
        }
        if let Some(kind) = self.chart {
            let (schema, mut batches) = (answer.schema(), Vec::new());
            while let Some(batch) = answer.next().await {
                batches.push(batch.map_err(QueryError::from)?);
            }
            let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
            bar.finish_and_clear();
            let chart = Chart::of(kind, &schema, &batches).map_err(anyhow::Error::from)?;
            self.draw(&chart)?;
            return Ok(rows);
        }
        let style = self.style();
        let mut out = Behind {
            bar: bar.clone(),
            out: self.writer(style.format)?,
        };
        Ok(write(answer, style, &mut out).await?)
    }

    fn draw(&mut self, chart: &Chart) -> Result<()> {
        if !self.quiet {
            chart
                .notes()
                .iter()
                .for_each(|note| output::say(&format!("note: {note}")));
        }
        let picture = self.output.as_ref().map(|output| picture(&output.path));
        let bytes = match picture {
            Some(Some(Picture::Svg)) => chart.svg().into_bytes(),
            Some(Some(Picture::Png)) => chart.png()?,
            Some(Some(Picture::Html)) => chart.html().into_bytes(),
            Some(None) => chart.text(&Terminal::default()).into_bytes(),
            None => chart.text(&terminal()).into_bytes(),
        };
        if matches!(picture, Some(Some(_))) {
            self.only_one("a picture")?;
        }
        let mut out = self.writer(Format::Table)?;
        out.write_all(&bytes)?;
        Ok(out.flush()?)
    }

    /// Where the next answer goes.
    fn writer(&mut self, format: Format) -> Result<Box<dyn Write + Send + '_>> {
        if format.is_binary() {
            self.only_one(&format!("a file of the format {format}"))?;
        }
        let Some(output) = &mut self.output else {
            return Ok(Box::new(BufWriter::new(stdout())));
        };
        output.answers += 1;
        if output.file.is_none() {
            let partial = output.partial();
            let file = File::create(&partial)
                .with_context(|| format!("cannot write {}", output.path.display()))?;
            output.file = Some(BufWriter::with_capacity(1 << 18, file));
        }
        match &mut output.file {
            Some(file) => Ok(Box::new(file)),
            None => bail!("{} is not open", output.path.display()),
        }
    }

    fn only_one(&self, what: &str) -> Result<()> {
        match &self.output {
            Some(output) if output.answers > 0 => bail!(
                "{what} has room for one answer, and the script has several; write them apart with COPY (…) TO 'FILE'"
            ),
            _ => Ok(()),
        }
    }

    /// Gives the file its name, now that all answers are in it. A file that could not be finished keeps the name of the
    /// one before it.
    pub(super) fn finish(&mut self) -> Result<()> {
        let Some(output) = &mut self.output else {
            return Ok(());
        };
        let Some(mut file) = output.file.take() else {
            return Ok(());
        };
        output.answers = 0;
        let named = file
            .flush()
            .and_then(|()| std::fs::rename(output.partial(), &output.path));
        named.with_context(|| format!("cannot write {}", output.path.display()))
    }

    /// Leaves no half a file behind.
    pub(super) fn discard(&mut self) {
        if let Some(output) = &mut self.output
            && output.file.take().is_some()
        {
            output.answers = 0;
            // What cannot be removed has a name that says what it is.
            std::fs::remove_file(output.partial()).ok();
        }
    }
}

impl Output {
    /// The name of the file while it is written.
    fn partial(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        self.path.with_file_name(name)
    }
}

/// Why a statement has no answer: its own fault, or that of where the answer goes.
pub(super) enum Failure {
    Query(QueryError),
    Other(anyhow::Error),
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// A writer behind a progress bar, which goes away with the first byte.
struct Behind<'a> {
    bar: ProgressBar,
    out: Box<dyn Write + Send + 'a>,
}

impl Write for Behind<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.bar.is_finished() {
            self.bar.finish_and_clear();
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Svg,
    Png,
    Html,
}

fn picture(path: &Path) -> Option<Picture> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "svg" => Some(Picture::Svg),
        "png" => Some(Picture::Png),
        "html" | "htm" => Some(Picture::Html),
        _ => None,
    }
}

/// Characters of a line: the terminal's, or what `COLUMNS` says.
pub(super) fn width() -> usize {
    let asked = stdout()
        .is_terminal()
        .then(terminal_size::terminal_size)
        .flatten()
        .map(|(width, _)| usize::from(width.0));
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    asked
        .or_else(said)
        .filter(|width| *width >= 20)
        .unwrap_or(PAPER_WIDTH)
}

fn terminal() -> Terminal {
    if !stdout().is_terminal() {
        return Terminal {
            width: width().min(100),
            ..Terminal::default()
        };
    }
    let height = terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0));
    Terminal {
        width: width().min(160),
        height: height.saturating_sub(2).clamp(12, 30),
        colour: std::env::var_os("NO_COLOR").is_none(),
    }
}

pub(crate) fn format(format: SqlFormat) -> Format {
    match format {
        SqlFormat::Table => Format::Table,
        SqlFormat::Vertical => Format::Vertical,
        SqlFormat::Csv => Format::Csv,
        SqlFormat::Tsv => Format::Tsv,
        SqlFormat::Json => Format::Json,
        SqlFormat::Ndjson => Format::NdJson,
        SqlFormat::Markdown => Format::Markdown,
        SqlFormat::Parquet => Format::Parquet,
        SqlFormat::Arrow => Format::Arrow,
    }
}

fn kind(chart: SqlChart) -> Kind {
    match chart {
        SqlChart::Bar => Kind::Bar,
        SqlChart::Line => Kind::Line,
        SqlChart::Area => Kind::Area,
    }
}
