//! The axes, and from values to pixels.

use super::{LINE, MARGIN, is_stacked};
use crate::{
    axis::Axis,
    chart::Kind,
    data::Data,
    font::Font,
    number::short,
    scene::{Anchor, Point, SMALL, Scene},
    theme::Paint,
    ticks,
};

/// Where values are in a picture.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Room left and right of the first and the last place, so that bars do not leave the frame.
    inset: f64,
    marks: Vec<f64>,
}

impl Frame {
    pub(super) fn new(data: &Data, kind: Kind, top: f64, font: &Font, scene: &Scene) -> Self {
        let (low, high) = extent(data, kind);
        let marks = ticks::numbers(low, high, 5);
        let widest = marks
            .iter()
            .map(|mark| font.width(&short(*mark), SMALL))
            .fold(0.0, f64::max);
        let left = MARGIN + widest + 10.0;
        let right = scene.width - MARGIN;
        let inset = match (&data.axis, kind) {
            (_, Kind::Bar) | (Axis::Names(_), _) => {
                let share = data.axis.step();
                (right - left) * share / (1.0 + share) / 2.0
            }
            _ => 6.0,
        };
        Self {
            left,
            right,
            top: top + LINE,
            bottom: scene.height - MARGIN - LINE * 1.4,
            inset,
            marks,
        }
    }

    /// The pixel of a place along the axis.
    pub(super) fn x(&self, axis: &Axis, place: usize) -> f64 {
        self.along(axis.position(place))
    }

    fn along(&self, share: f64) -> f64 {
        let (from, to) = (self.left + self.inset, self.right - self.inset);
        from + (to - from) * share
    }

    /// The pixels that one place may take.
    pub(super) fn step(&self, axis: &Axis) -> f64 {
        if axis.len() < 2 {
            return (self.right - self.left).min(160.0);
        }
        (self.right - self.left - 2.0 * self.inset) * axis.step()
    }

    /// The pixel of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        let (low, high) = (
            self.marks.first().copied().unwrap_or_default(),
            self.marks.last().copied().unwrap_or(1.0),
        );
        self.bottom - (self.bottom - self.top) * (value - low) / (high - low)
    }

    pub(super) fn point(&self, data: &Data, place: usize, value: f64) -> Point {
        (self.x(&data.axis, place), self.y(value))
    }

    /// Draws axes, marks and their names.
    pub(super) fn draw(&self, data: &Data, font: &Font, scene: &mut Scene) {
        for mark in &self.marks {
            let y = self.y(*mark);
            let paint = if *mark == 0.0 {
                Paint::Quiet
            } else {
                Paint::Grid
            };
            scene.line((self.left, y), (self.right, y), paint);
            let label = short(*mark);
            let at = (self.left - 8.0, y + 4.5);
            scene.text(at, label, Anchor::End, Paint::Quiet);
        }
        let name = font.cut(&data.y_name, SMALL, self.right - self.left);
        let at = (MARGIN, self.top - 12.0);
        scene.text(at, name, Anchor::Start, Paint::Quiet);
        for (share, label) in self.labels(data, font) {
            let x = self.along(share);
            scene.line((x, self.bottom), (x, self.bottom + 5.0), Paint::Quiet);
            let room = font.width(&label, SMALL) / 2.0;
            let x = x.clamp(MARGIN + room, self.right + MARGIN - 4.0 - room);
            let at = (x, self.bottom + 20.0);
            scene.text(at, label, Anchor::Middle, Paint::Quiet);
        }
        let at = (f64::midpoint(self.left, self.right), scene.height - 12.0);
        let name = match &data.axis {
            Axis::Times(_) => format!("{} (UTC)", data.x_name),
            _ => data.x_name.clone(),
        };
        scene.text(at, name, Anchor::Middle, Paint::Quiet);
    }

    /// The marks along the axis: where, from 0 to 1, and what they say.
    fn labels(&self, data: &Data, font: &Font) -> Vec<(f64, String)> {
        let marks = match &data.axis {
            Axis::Times(times) => {
                let (Some(low), Some(high)) = (times.first(), times.last()) else {
                    return Vec::new();
                };
                if low == high {
                    return vec![(0.5, ticks::moment(*low))];
                }
                #[expect(clippy::cast_precision_loss, reason = "a position in a picture")]
                let share = |at: i64| at.abs_diff(*low) as f64 / high.abs_diff(*low) as f64;
                ticks::times(*low, *high, 10)
                    .into_iter()
                    .map(|(at, label)| (share(at), label))
                    .collect()
            }
            Axis::Numbers(numbers) => {
                let (Some(low), Some(high)) = (numbers.first(), numbers.last()) else {
                    return Vec::new();
                };
                if low >= high {
                    return vec![(0.5, short(*low))];
                }
                ticks::numbers(*low, *high, 10)
                    .into_iter()
                    .filter(|mark| mark >= low && mark <= high)
                    .map(|mark| ((mark - low) / (high - low), short(mark)))
                    .collect()
            }
            Axis::Names(names) => (0..names.len())
                .map(|place| (data.axis.position(place), data.axis.label(place)))
                .collect(),
        };
        self.without_overlap(marks, font)
    }

    /// The marks that have room, from the first.
    fn without_overlap(&self, marks: Vec<(f64, String)>, font: &Font) -> Vec<(f64, String)> {
        let mut free = f64::NEG_INFINITY;
        let mut kept = Vec::new();
        for (share, label) in marks {
            let label = font.cut(&label, SMALL, 200.0);
            let half = font.width(&label, SMALL) / 2.0;
            let x = self.along(share);
            if x - half > free {
                free = x + half + 6.0;
                kept.push((share, label));
            }
        }
        kept
    }
}

/// The least and the greatest value drawn. Bars and areas begin at 0, lines near their values when those are far
/// from it.
fn extent(data: &Data, kind: Kind) -> (f64, f64) {
    let mut tops: Vec<f64> = Vec::new();
    if is_stacked(data) && kind != Kind::Line {
        for place in 0..data.axis.len() {
            let parts = data
                .series
                .iter()
                .filter_map(|it| it.values.get(place).copied().flatten());
            tops.push(parts.sum());
        }
    } else {
        let values = data.series.iter().flat_map(|it| it.values.iter().flatten());
        tops.extend(values.copied());
    }
    let low = tops.iter().copied().fold(f64::INFINITY, f64::min);
    let high = tops.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if kind == Kind::Line && low > 0.0 && low > high * 0.6 {
        return (low, high);
    }
    (low.min(0.0), high.max(0.0))
}
