//! A chart as lines of text.

mod braille;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{
    axis::Axis,
    chart::{Chart, Kind},
    data::Data,
    number::{full, short},
    ticks,
};
use braille::Canvas;

/// The room that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line.
    pub width: usize,
    /// Lines that a line or area chart takes; bars take as many as there are values.
    pub height: usize,
    /// Whether series are told apart by colour.
    pub colour: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            width: 100,
            height: 24,
            colour: false,
        }
    }
}

/// Lines of bars: beyond them, the rest is counted.
const MAX_BARS: usize = 200;

/// The ANSI colours of series, and the marks that tell them apart without.
const COLOURS: [&str; 8] = ["34", "33", "32", "35", "36", "31", "37", "94"];

/// Draws a chart; every line ends in a newline.
pub(crate) fn draw(chart: &Chart, terminal: &Terminal) -> String {
    let mut out = format!("{}\n", cut(&chart.title, terminal.width));
    let data = &chart.data;
    let is_plain = data.axis.len() < 2 || matches!(data.axis, Axis::Names(_));
    if chart.kind == Kind::Bar || is_plain {
        out += &bars(data, terminal);
    } else {
        out += &plot(data, chart.kind, terminal);
    }
    out
}

fn painted(text: &str, series: usize, terminal: &Terminal) -> String {
    if !terminal.colour || text.is_empty() {
        return text.to_owned();
    }
    let colour = COLOURS.get(series % COLOURS.len()).copied().unwrap_or("0");
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}

/// A line for each value: its place, its series, a bar, the number.
fn bars(data: &Data, terminal: &Terminal) -> String {
    let several = data.series.len() > 1;
    let mut rows = Vec::new();
    for place in 0..data.axis.len() {
        let mut label = data.axis.label(place);
        for (number, series) in data.series.iter().enumerate() {
            let Some(value) = series.values.get(place).copied().flatten() else {
                continue;
            };
            let name = if several {
                series.name.clone()
            } else {
                String::new()
            };
            rows.push((std::mem::take(&mut label), name, value, number));
        }
    }
    let hidden = rows.len().saturating_sub(MAX_BARS);
    rows.truncate(MAX_BARS);
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let third = (terminal.width / 3).max(8);
    let labels = widest(&mut rows.iter().map(|row| row.0.width())).min(third);
    let names = widest(&mut rows.iter().map(|row| row.1.width())).min(third);
    let numbers = widest(&mut rows.iter().map(|row| full(row.2).width()));
    let largest = rows.iter().map(|row| row.2.abs()).fold(0.0, f64::max);
    let beside = labels + numbers + 4 + if several { names + 2 } else { 0 };
    let room = terminal.width.saturating_sub(beside).max(8);
    let mut out = String::new();
    for (label, name, value, number) in &rows {
        let mut line = padded(&cut(label, labels), labels, false) + "  ";
        if several {
            line += &(padded(&cut(name, names), names, false) + "  ");
        }
        line += &padded(&full(*value), numbers, true);
        line += "  ";
        line += &painted(&bar(*value, largest, room), *number, terminal);
        out += line.trim_end();
        out.push('\n');
    }
    if hidden > 0 {
        out += &format!("… and {hidden} more\n");
    }
    out
}

/// A bar in eighths of a character; one of a negative value is hollow.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a small width"
)]
fn bar(value: f64, largest: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if largest <= 0.0 {
        return String::new();
    }
    let eighths = ((value.abs() / largest).min(1.0) * (width * 8) as f64).round() as usize;
    if value < 0.0 {
        return "░".repeat(eighths.div_ceil(8));
    }
    let part = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// Lines or areas on a canvas of dots, with axes.
fn plot(data: &Data, kind: Kind, terminal: &Terminal) -> String {
    let values = || data.series.iter().flat_map(|it| it.values.iter().flatten());
    let low = values().copied().fold(f64::INFINITY, f64::min);
    let high = values().copied().fold(f64::NEG_INFINITY, f64::max);
    let near_values = kind == Kind::Line && low > 0.0 && low > high * 0.6;
    let low = if near_values { low } else { low.min(0.0) };
    let marks = ticks::numbers(low, high.max(low), 4);
    let (first, last) = (
        marks.first().copied().unwrap_or_default(),
        marks.last().copied().unwrap_or(1.0),
    );
    let margin = marks
        .iter()
        .map(|mark| short(*mark).width())
        .max()
        .unwrap_or(1);
    let width = terminal.width.saturating_sub(margin + 2).max(10);
    let height = terminal.height.saturating_sub(5).max(5);
    let mut canvas = Canvas::new(width, height);
    let share = |value: f64| (value - first) / (last - first);
    for (number, series) in data.series.iter().enumerate() {
        let mut before = None;
        for (place, value) in series.values.iter().enumerate() {
            let at = value.map(|value| (data.axis.position(place), share(value)));
            if let Some(at) = at {
                canvas.line(before.unwrap_or(at), at, number, kind == Kind::Area);
            }
            before = at;
        }
    }
    let mut out = String::new();
    if data.series.len() > 1 {
        let names = data.series.iter().enumerate();
        let legend: Vec<String> = names
            .map(|(number, series)| painted(&format!("■ {}", series.name), number, terminal))
            .collect();
        out += &(legend.join("  ") + "\n");
    }
    for row in 0..height {
        let mark = marks.iter().find(|mark| canvas.row(share(**mark)) == row);
        let label = mark.map(|mark| short(*mark)).unwrap_or_default();
        let edge = if mark.is_some() { '┤' } else { '│' };
        let dots = canvas.text(row, |text, series| painted(text, series, terminal));
        out += format!("{} {edge}{dots}", padded(&label, margin, true)).trim_end();
        out.push('\n');
    }
    out += &format!("{} └{}\n", " ".repeat(margin), "─".repeat(width));
    out + &below(data, margin + 2, width)
}

/// The marks below a plot.
fn below(data: &Data, margin: usize, width: usize) -> String {
    let marks: Vec<(f64, String)> = match &data.axis {
        Axis::Times(times) => {
            let (low, high) = (
                times.first().copied().unwrap_or_default(),
                times.last().copied().unwrap_or_default(),
            );
            #[expect(clippy::cast_precision_loss, reason = "a position on a screen")]
            let share = |at: i64| at.abs_diff(low) as f64 / high.abs_diff(low).max(1) as f64;
            let marks = ticks::times(low, high, (width / 10).clamp(2, 12));
            marks
                .into_iter()
                .map(|(at, label)| (share(at), label))
                .collect()
        }
        axis => {
            let all = 0..axis.len();
            all.map(|place| (axis.position(place), axis.label(place)))
                .collect()
        }
    };
    let mut line = String::new();
    let mut used = 0;
    for (share, label) in marks {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a small width"
        )]
        let at = (share * (width - 1) as f64).round() as usize + margin;
        let begin = at.saturating_sub(label.width() / 2);
        let begin = begin.min((margin + width).saturating_sub(label.width()));
        if begin < used {
            continue;
        }
        line += &" ".repeat(begin - line.width());
        line += &label;
        used = begin + label.width() + 1;
    }
    format!("{line}\n")
}

fn padded(text: &str, width: usize, to_the_right: bool) -> String {
    let fill = " ".repeat(width.saturating_sub(text.width()));
    if to_the_right {
        fill + text
    } else {
        text.to_owned() + &fill
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= width
        })
        .collect();
    kept + "…"
}
