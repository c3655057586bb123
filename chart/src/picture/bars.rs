//! Bars, upright and lying.

use super::{Frame, MARGIN, hint, is_stacked};
use crate::{
    axis::Axis,
    data::Data,
    font::Font,
    number::{full, short},
    scene::{Anchor, SMALL, Scene, Shape},
    theme::Paint,
    ticks,
};

/// Bars on the axis, beside each other or on top of each other.
pub(super) fn upright(data: &Data, frame: &Frame, font: &Font, scene: &mut Scene) {
    let stacked = is_stacked(data);
    let lanes = if stacked { 1 } else { data.series.len() };
    #[expect(clippy::cast_precision_loss, reason = "a number of series")]
    let lanes = lanes.max(1) as f64;
    let room = (frame.step(&data.axis) * 0.8).min(96.0 * lanes);
    let width = (room / lanes).max(0.5);
    for place in 0..data.axis.len() {
        let mut base = 0.0;
        for (number, series) in data.series.iter().enumerate() {
            let Some(value) = series.values.get(place).copied().flatten() else {
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "a number of series")]
            let lane = if stacked { 0.0 } else { number as f64 };
            let x = frame.x(&data.axis, place) - room / 2.0 + lane * width;
            let (from, to) = (frame.y(base), frame.y(base + value));
            let gap = if width > 6.0 { 1.0 } else { 0.0 };
            scene.shapes.push(Shape::Rect {
                at: (x, from.min(to)),
                size: (width - gap, (from - to).abs().max(0.5)),
                paint: Paint::Series(number),
                hint: Some(hint(data, place, number)),
            });
            let label = short(value);
            if !stacked && font.width(&label, SMALL) < width - 2.0 {
                let y = if value < 0.0 { to + 15.0 } else { to - 5.0 };
                scene.text((x + width / 2.0, y), label, Anchor::Middle, Paint::Ink);
            }
            if stacked {
                base += value;
            }
        }
    }
}

/// Bars beside their names, as many as `shown`.
pub(super) fn lying(data: &Data, shown: usize, top: f64, font: &Font, scene: &mut Scene) {
    let names: Vec<String> = (0..shown)
        .map(|place| font.cut(&data.axis.label(place), SMALL, 280.0))
        .collect();
    let widest = names
        .iter()
        .map(|name| font.width(name, SMALL))
        .fold(0.0, f64::max);
    let (left, right) = (MARGIN + widest + 10.0, scene.width - MARGIN - 64.0);
    let stacked = is_stacked(data);
    let totals = |place: usize| -> (f64, f64) {
        let values = data
            .series
            .iter()
            .filter_map(|it| it.values.get(place).copied().flatten());
        if stacked {
            return (0.0, values.sum());
        }
        values.fold((0.0, 0.0), |(low, high), it| {
            (f64::min(low, it), f64::max(high, it))
        })
    };
    let (low, high) = (0..shown).map(totals).fold((0.0, 0.0), |(low, high), it| {
        (f64::min(low, it.0), f64::max(high, it.1))
    });
    let marks = ticks::numbers(low, high, 6);
    let (first, last) = (
        marks.first().copied().unwrap_or_default(),
        marks.last().copied().unwrap_or(1.0),
    );
    let x = |value: f64| left + (right - left) * (value - first) / (last - first);
    let (begin, end) = (top + 26.0, scene.height - 40.0);
    for mark in &marks {
        let paint = if *mark == 0.0 {
            Paint::Quiet
        } else {
            Paint::Grid
        };
        scene.line((x(*mark), begin - 4.0), (x(*mark), end), paint);
        scene.text(
            (x(*mark), begin - 10.0),
            short(*mark),
            Anchor::Middle,
            Paint::Quiet,
        );
    }
    let axis = match &data.axis {
        Axis::Times(_) => format!("{} (UTC)", data.x_name),
        _ => data.x_name.clone(),
    };
    let about = font.cut(&format!("{axis} · {}", data.y_name), SMALL, right - MARGIN);
    scene.text(
        (MARGIN, scene.height - 12.0),
        about,
        Anchor::Start,
        Paint::Quiet,
    );
    #[expect(clippy::cast_precision_loss, reason = "a number of bars")]
    let row = (end - begin) / shown.max(1) as f64;
    let lanes = if stacked { 1 } else { data.series.len().max(1) };
    #[expect(clippy::cast_precision_loss, reason = "a number of series")]
    let lane = (row - 8.0) / lanes as f64;
    for (place, name) in names.into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a number of bars")]
        let y = begin + row * place as f64 + 4.0;
        let middle = y + (row - 8.0) / 2.0 + 4.5;
        scene.text((left - 8.0, middle), name, Anchor::End, Paint::Ink);
        let mut base = 0.0;
        for (number, series) in data.series.iter().enumerate() {
            let Some(value) = series.values.get(place).copied().flatten() else {
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "a number of series")]
            let y = if stacked { y } else { y + lane * number as f64 };
            let (from, to) = (x(base), x(base + value));
            scene.shapes.push(Shape::Rect {
                at: (from.min(to), y),
                size: ((to - from).abs().max(0.5), (lane - 1.0).max(1.0)),
                paint: Paint::Series(number),
                hint: Some(hint(data, place, number)),
            });
            if stacked {
                base += value;
            } else {
                let at = (from.max(to) + 6.0, y + lane / 2.0 + 4.0);
                scene.text(at, full(value), Anchor::Start, Paint::Quiet);
            }
        }
        if stacked {
            let at = (x(base) + 6.0, middle);
            scene.text(at, full(base), Anchor::Start, Paint::Quiet);
        }
    }
}
