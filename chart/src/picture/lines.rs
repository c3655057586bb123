//! Lines and areas.

use super::{Frame, hint, is_stacked};
use crate::{
    data::Data,
    scene::{Point, Scene, Shape},
    theme::Paint,
};

/// Dots with hints: beyond them a line says enough, and files would grow.
const MAX_DOTS: usize = 400;

/// A line for each series; it has gaps where values are missing.
pub(super) fn lines(data: &Data, frame: &Frame, scene: &mut Scene) {
    for (number, series) in data.series.iter().enumerate() {
        let mut run: Vec<Point> = Vec::new();
        for (place, value) in series.values.iter().enumerate() {
            match value {
                Some(value) => run.push(frame.point(data, place, *value)),
                None => stroke(&mut run, number, scene),
            }
        }
        stroke(&mut run, number, scene);
        dots(data, frame, number, &vec![0.0; data.axis.len()], scene);
    }
}

fn stroke(run: &mut Vec<Point>, number: usize, scene: &mut Scene) {
    let points = std::mem::take(run);
    if points.len() > 1 {
        scene.shapes.push(Shape::Line {
            points,
            paint: Paint::Series(number),
            width: 2.0,
        });
    }
}

/// Dots on the values: seen where there are few, and the places of hints everywhere.
fn dots(data: &Data, frame: &Frame, number: usize, base: &[f64], scene: &mut Scene) {
    let Some(series) = data.series.get(number) else {
        return;
    };
    if series.values.len() * data.series.len() > MAX_DOTS {
        return;
    }
    let radius = if series.values.len() <= 60 { 3.0 } else { 1.5 };
    for (place, (value, base)) in series.values.iter().zip(base).enumerate() {
        if let Some(value) = value {
            scene.shapes.push(Shape::Dot {
                at: frame.point(data, place, value + base),
                radius,
                paint: Paint::Series(number),
                hint: Some(hint(data, place, number)),
            });
        }
    }
}

/// An area for each series: on top of each other where they are parts of a whole, and else through each other.
pub(super) fn areas(data: &Data, frame: &Frame, scene: &mut Scene) {
    let stacked = is_stacked(data);
    let places = data.axis.len();
    let mut base = vec![0.0; places];
    for (number, series) in data.series.iter().enumerate() {
        let tops: Vec<f64> = series
            .values
            .iter()
            .zip(&base)
            .map(|(value, base)| value.unwrap_or(0.0) + base)
            .collect();
        let at = |values: &[f64]| -> Vec<Point> {
            let places = values.iter().enumerate();
            places
                .map(|(place, value)| frame.point(data, place, *value))
                .collect()
        };
        let mut outline = at(&tops);
        let mut below = at(&base);
        below.reverse();
        let edge = outline.clone();
        outline.extend(below);
        scene.shapes.push(Shape::Area {
            points: outline,
            paint: Paint::Series(number),
            opacity: if stacked { 0.75 } else { 0.25 },
        });
        if edge.len() > 1 {
            scene.shapes.push(Shape::Line {
                points: edge,
                paint: Paint::Series(number),
                width: 1.5,
            });
        }
        dots(data, frame, number, &base, scene);
        if stacked {
            base = tops;
        }
    }
}
