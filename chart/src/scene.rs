//! A picture as shapes, before it is one of a kind of file.

use crate::theme::Paint;

/// Shapes in pixels, the origin at the top left, later ones over earlier ones.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

/// A point.
pub(crate) type Point = (f64, f64);

/// Where a text is relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape. `hint` is what a pointer over it shows, where the kind of file can.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Rect {
        at: Point,
        size: Point,
        paint: Paint,
        hint: Option<String>,
    },
    Line {
        points: Vec<Point>,
        paint: Paint,
        width: f64,
    },
    Area {
        points: Vec<Point>,
        paint: Paint,
        opacity: f64,
    },
    Dot {
        at: Point,
        radius: f64,
        paint: Paint,
        hint: Option<String>,
    },
    Text {
        /// On the base line.
        at: Point,
        text: String,
        size: f64,
        anchor: Anchor,
        paint: Paint,
    },
}

impl Scene {
    pub(crate) fn text(
        &mut self,
        at: Point,
        text: impl Into<String>,
        anchor: Anchor,
        paint: Paint,
    ) {
        self.shapes.push(Shape::Text {
            at,
            text: text.into(),
            size: SMALL,
            anchor,
            paint,
        });
    }

    pub(crate) fn line(&mut self, from: Point, to: Point, paint: Paint) {
        self.shapes.push(Shape::Line {
            points: vec![from, to],
            paint,
            width: 1.0,
        });
    }
}

/// The size of labels, and of the title.
pub(crate) const SMALL: f64 = 13.0;
pub(crate) const LARGE: f64 = 18.0;
