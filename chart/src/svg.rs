//! A scene as SVG: one file without references to others, light or dark as its reader has it.

use std::fmt::Write as _;

use crate::{
    scene::{Anchor, Point, Scene, Shape},
    theme::{Paint, SERIES},
};

/// The picture as one SVG element.
pub(crate) fn svg(scene: &Scene, title: &str) -> String {
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\">\n\
         <title>{}</title>\n<style>{}</style>\n\
         <rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n",
        escaped(title),
        style()
    );
    for shape in &scene.shapes {
        draw(shape, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// The colours of both themes.
fn style() -> String {
    let mut paints = vec![Paint::Ground, Paint::Ink, Paint::Quiet, Paint::Grid];
    paints.extend((0..SERIES.len()).map(Paint::Series));
    let rules = |dark: bool| {
        let mut rules = String::new();
        for paint in &paints {
            let (class, (light_colour, dark_colour)) = (paint.class(), paint.colours());
            let colour = if dark { dark_colour } else { light_colour };
            rules +=
                &format!(".{class}{{fill:{colour}}}.{class}-line{{stroke:{colour};fill:none}}");
        }
        rules
    };
    format!(
        "{}@media(prefers-color-scheme:dark){{{}}}",
        rules(false),
        rules(true)
    )
}

fn draw(shape: &Shape, out: &mut String) {
    match shape {
        Shape::Rect {
            at,
            size,
            paint,
            hint,
        } => {
            let element = format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"",
                number(at.0),
                number(at.1),
                number(size.0),
                number(size.1),
                paint.class()
            );
            hinted(&element, "rect", hint.as_deref(), out);
        }
        Shape::Dot {
            at,
            radius,
            paint,
            hint,
        } => {
            let element = format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{}\"",
                number(at.0),
                number(at.1),
                number(*radius),
                paint.class()
            );
            hinted(&element, "circle", hint.as_deref(), out);
        }
        Shape::Line {
            points,
            paint,
            width,
        } => push(
            out,
            &format!(
                "<polyline points=\"{}\" class=\"{}-line\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>\n",
                list(points),
                paint.class(),
                number(*width)
            ),
        ),
        Shape::Area {
            points,
            paint,
            opacity,
        } => push(
            out,
            &format!(
                "<polygon points=\"{}\" class=\"{}\" fill-opacity=\"{opacity}\"/>\n",
                list(points),
                paint.class()
            ),
        ),
        Shape::Text {
            at,
            text,
            size,
            anchor,
            paint,
        } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            push(
                out,
                &format!(
                    "<text x=\"{}\" y=\"{}\" font-size=\"{size}\" text-anchor=\"{anchor}\" class=\"{}\">{}</text>\n",
                    number(at.0),
                    number(at.1),
                    paint.class(),
                    escaped(text)
                ),
            );
        }
    }
}

fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

fn hinted(element: &str, name: &str, hint: Option<&str>, out: &mut String) {
    match hint {
        Some(hint) => push(
            out,
            &format!("{element}><title>{}</title></{name}>\n", escaped(hint)),
        ),
        None => push(out, &format!("{element}/>\n")),
    }
}

fn list(points: &[Point]) -> String {
    let mut out = String::new();
    for (x, y) in points {
        // Writing to a string does not fail.
        let _written = write!(out, "{},{} ", number(*x), number(*y));
    }
    out.trim_end().to_owned()
}

/// A hundredth of a pixel is enough, and keeps files small.
fn number(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The text as XML and HTML have it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
