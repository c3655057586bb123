//! A scene as PNG, two pixels for one.

use tiny_skia::{
    Color, FillRule, LineJoin, Paint as Brush, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};
use ttf_parser::OutlineBuilder;

use crate::{
    error::ChartError,
    font::Font,
    scene::{Anchor, Point, Scene, Shape},
    theme::Paint,
};

/// Pixels of the file for one of the scene.
const SCALE: f32 = 2.0;

/// The picture as the bytes of a PNG file.
pub(crate) fn png(scene: &Scene) -> Result<Vec<u8>, ChartError> {
    let refused = |what: &str| ChartError::Picture(what.to_owned());
    let mut pixels = Pixmap::new(pixel_count(scene.width), pixel_count(scene.height))
        .ok_or_else(|| refused("it would have no size, or be too large"))?;
    pixels.fill(colour(Paint::Ground, 1.0));
    let font = Font::new();
    for shape in &scene.shapes {
        draw(shape, &font, &mut pixels);
    }
    pixels
        .encode_png()
        .map_err(|error| refused(&error.to_string()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size of a few thousand pixels"
)]
fn pixel_count(length: f64) -> u32 {
    (length * f64::from(SCALE)).clamp(0.0, 20_000.0) as u32
}

fn colour(paint: Paint, opacity: f64) -> Color {
    let hex = paint.colours().0.trim_start_matches('#');
    let value = u32::from_str_radix(hex, 16).unwrap_or_default();
    let [_, red, green, blue] = value.to_be_bytes();
    Color::from_rgba8(red, green, blue, byte(opacity))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of 255"
)]
fn byte(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[expect(clippy::cast_possible_truncation, reason = "a position in a picture")]
fn near(value: f64) -> f32 {
    value as f32
}

fn brush(paint: Paint, opacity: f64) -> Brush<'static> {
    let mut brush = Brush::default();
    brush.set_color(colour(paint, opacity));
    brush.anti_alias = true;
    brush
}

fn draw(shape: &Shape, font: &Font, pixels: &mut Pixmap) {
    let scale = Transform::from_scale(SCALE, SCALE);
    let mut fill = |path: Option<Path>, paint: Paint, opacity: f64| {
        if let Some(path) = path {
            let brush = brush(paint, opacity);
            pixels.fill_path(&path, &brush, FillRule::Winding, scale, None);
        }
    };
    match shape {
        Shape::Rect {
            at, size, paint, ..
        } => {
            let rect = Rect::from_xywh(near(at.0), near(at.1), near(size.0), near(size.1));
            fill(rect.map(PathBuilder::from_rect), *paint, 1.0);
        }
        Shape::Dot {
            at, radius, paint, ..
        } => fill(
            PathBuilder::from_circle(near(at.0), near(at.1), near(*radius)),
            *paint,
            1.0,
        ),
        Shape::Area {
            points,
            paint,
            opacity,
        } => fill(along(points, true), *paint, *opacity),
        Shape::Text {
            at,
            text,
            size,
            anchor,
            paint,
        } => fill(letters(font, *at, text, *size, *anchor), *paint, 1.0),
        Shape::Line {
            points,
            paint,
            width,
        } => {
            let stroke = Stroke {
                width: near(*width),
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            if let Some(path) = along(points, false) {
                pixels.stroke_path(&path, &brush(*paint, 1.0), &stroke, scale, None);
            }
        }
    }
}

fn along(points: &[Point], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(near(first.0), near(first.1));
    for (x, y) in rest {
        path.line_to(near(*x), near(*y));
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// The outlines of a text's letters.
fn letters(font: &Font, at: Point, text: &str, size: f64, anchor: Anchor) -> Option<Path> {
    let face = font.face()?;
    let width = font.width(text, size);
    let start = match anchor {
        Anchor::Start => at.0,
        Anchor::Middle => at.0 - width / 2.0,
        Anchor::End => at.0 - width,
    };
    let mut pen = Pen {
        path: PathBuilder::new(),
        x: near(start),
        y: near(at.1),
        scale: near(size / f64::from(face.units_per_em())),
    };
    for (glyph, advance) in font.glyphs(text, size) {
        face.outline_glyph(glyph, &mut pen);
        pen.x += near(advance);
    }
    pen.path.finish()
}

/// Draws glyphs, whose units go up where ours go down.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
