//! A chart as a scene.

mod bars;
mod frame;
mod lines;

use crate::{
    axis::Axis,
    chart::{Chart, Kind},
    data::Data,
    font::Font,
    scene::{Anchor, LARGE, SMALL, Scene, Shape},
    theme::Paint,
};
use frame::Frame;

/// Pixels of a picture, and between its parts.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;
const MARGIN: f64 = 24.0;
const LINE: f64 = 22.0;

/// Bars of a picture: more would be stripes.
const MAX_BARS: usize = 60;

/// Names below upright bars: more, or longer ones, are read better beside bars that lie.
const MAX_UPRIGHT: usize = 12;

/// Draws a chart.
pub(crate) fn scene(chart: &Chart) -> Scene {
    let font = Font::new();
    let data = &chart.data;
    let lies = chart.kind == Kind::Bar && lies(data, &font);
    let shown = match (&data.axis, chart.kind) {
        (Axis::Names(names), Kind::Bar) => names.len().min(MAX_BARS),
        (axis, _) => axis.len(),
    };
    let lanes = if is_stacked(data) {
        1
    } else {
        data.series.len()
    };
    let mut scene = Scene {
        width: WIDTH,
        height: if lies {
            lying_height(shown, lanes)
        } else {
            HEIGHT
        },
        shapes: Vec::new(),
    };
    let top = head(chart, &font, &mut scene);
    let hidden = data.axis.len() - shown;
    if hidden > 0 {
        let note = format!("and {hidden} more, not drawn");
        let at = (WIDTH - MARGIN, scene.height - 8.0);
        scene.text(at, note, Anchor::End, Paint::Quiet);
    }
    if lies {
        bars::lying(data, shown, top, &font, &mut scene);
        return scene;
    }
    let frame = Frame::new(data, chart.kind, top, &font, &scene);
    frame.draw(data, &font, &mut scene);
    match chart.kind {
        Kind::Bar => bars::upright(data, &frame, &font, &mut scene),
        Kind::Line => lines::lines(data, &frame, &mut scene),
        Kind::Area => lines::areas(data, &frame, &mut scene),
    }
    scene
}

#[expect(clippy::cast_precision_loss, reason = "a number of bars")]
fn lying_height(shown: usize, lanes: usize) -> f64 {
    let lane = if lanes > 1 { 14.0 } else { 18.0 };
    130.0 + shown as f64 * (lane * lanes as f64 + 8.0)
}

/// Whether bars lie beside their names: where the names have no place below upright ones.
fn lies(data: &Data, font: &Font) -> bool {
    let Axis::Names(names) = &data.axis else {
        return false;
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of bars")]
    let room = (WIDTH - 120.0) / names.len().max(1) as f64;
    names.len() > MAX_UPRIGHT
        || names
            .iter()
            .any(|name| font.width(name, SMALL) > room - 8.0)
}

/// Whether the series are parts of a whole: values of a column, not columns of their own.
pub(crate) fn is_stacked(data: &Data) -> bool {
    let mut values = data.series.iter().flat_map(|it| it.values.iter().flatten());
    data.by.is_some() && values.all(|value| *value >= 0.0)
}

/// Title and legend; gives where they end.
fn head(chart: &Chart, font: &Font, scene: &mut Scene) -> f64 {
    let title = font.cut(&chart.title, LARGE, WIDTH - 2.0 * MARGIN);
    scene.shapes.push(Shape::Text {
        at: (MARGIN, 34.0),
        text: title,
        size: LARGE,
        anchor: Anchor::Start,
        paint: Paint::Ink,
    });
    let mut y = 60.0;
    if chart.data.series.len() < 2 {
        return y - 6.0;
    }
    let mut x = MARGIN;
    for (number, series) in chart.data.series.iter().enumerate() {
        let name = font.cut(&series.name, SMALL, 260.0);
        let width = font.width(&name, SMALL) + 34.0;
        if x + width > WIDTH - MARGIN && x > MARGIN {
            x = MARGIN;
            y += LINE;
        }
        scene.shapes.push(Shape::Rect {
            at: (x, y - 10.0),
            size: (12.0, 12.0),
            paint: Paint::Series(number),
            hint: None,
        });
        scene.text((x + 18.0, y), name, Anchor::Start, Paint::Ink);
        x += width;
    }
    y + 16.0
}

/// What a pointer over a value shows.
fn hint(data: &Data, place: usize, series: usize) -> String {
    let value = data
        .series
        .get(series)
        .and_then(|it| it.values.get(place).copied().flatten())
        .map_or_else(|| "none".to_owned(), crate::number::full);
    let place = data.axis.label(place);
    match data.series.get(series).filter(|_| data.series.len() > 1) {
        Some(series) => format!("{place}, {}: {value}", series.name),
        None => format!("{place}: {value}"),
    }
}
