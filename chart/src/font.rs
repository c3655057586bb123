//! The one font of pictures, which the program carries with it.

use ttf_parser::{Face, GlyphId};

/// `DejaVu` Sans.
pub(crate) struct Font {
    face: Option<Face<'static>>,
}

impl Font {
    pub(crate) fn new() -> Self {
        Self {
            face: Face::parse(dejavu::sans::regular(), 0).ok(),
        }
    }

    pub(crate) fn face(&self) -> Option<&Face<'static>> {
        self.face.as_ref()
    }

    /// The glyphs of a text and how far each moves the next one, in pixels at `size`.
    pub(crate) fn glyphs(&self, text: &str, size: f64) -> Vec<(GlyphId, f64)> {
        let Some(face) = &self.face else {
            return Vec::new();
        };
        let scale = size / f64::from(face.units_per_em());
        text.chars()
            .map(|character| {
                let glyph = face.glyph_index(character).unwrap_or(GlyphId(0));
                let advance = face.glyph_hor_advance(glyph).unwrap_or_default();
                (glyph, f64::from(advance) * scale)
            })
            .collect()
    }

    /// The width of a text in pixels at `size`.
    pub(crate) fn width(&self, text: &str, size: f64) -> f64 {
        self.glyphs(text, size)
            .iter()
            .map(|(_, advance)| advance)
            .sum()
    }

    /// The text in at most `width` pixels, with `…` for what was cut.
    pub(crate) fn cut(&self, text: &str, size: f64, width: f64) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…", size);
        let mut used = 0.0;
        let kept: String = text
            .chars()
            .take_while(|character| {
                used += self.width(&character.to_string(), size);
                used <= room
            })
            .collect();
        kept + "…"
    }
}
