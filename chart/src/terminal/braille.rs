//! A canvas of Braille patterns: two by four dots a character.

/// Dots and the series that each character belongs to.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<(u8, usize)>,
}

/// The bit of each dot in its pattern, by column and row.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions on a screen"
)]
impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            cells: vec![(0, 0); width * height],
        }
    }

    /// The row of characters that a height from 0 to 1 is in, from the top.
    pub(super) fn row(&self, share: f64) -> usize {
        self.dot_row(share) / 4
    }

    fn dot_row(&self, share: f64) -> usize {
        let dots = (self.height * 4 - 1) as f64;
        ((1.0 - share.clamp(0.0, 1.0)) * dots).round() as usize
    }

    fn dot_column(&self, share: f64) -> usize {
        let dots = (self.width * 2 - 1) as f64;
        (share.clamp(0.0, 1.0) * dots).round() as usize
    }

    fn set(&mut self, column: usize, row: usize, series: usize) {
        let bit = BITS[column % 2][row % 4];
        if let Some(cell) = self.cells.get_mut(row / 4 * self.width + column / 2) {
            *cell = (cell.0 | bit, series);
        }
    }

    /// A line between two points, each from 0 to 1 along and up; with everything below it when it is filled.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), series: usize, filled: bool) {
        let (x0, x1) = (self.dot_column(from.0), self.dot_column(to.0));
        let (y0, y1) = (self.dot_row(from.1), self.dot_row(to.1));
        let steps = x1.abs_diff(x0).max(y1.abs_diff(y0)).max(1);
        for step in 0..=steps {
            let share = step as f64 / steps as f64;
            let between =
                |a: usize, b: usize| (a as f64 + (b as f64 - a as f64) * share).round() as usize;
            let (column, row) = (between(x0, x1), between(y0, y1));
            self.set(column, row, series);
            if filled {
                for below in row..self.height * 4 {
                    self.set(column, below, series);
                }
            }
        }
    }

    /// One row; `paint` gets each run of characters of one series.
    pub(super) fn text(&self, row: usize, paint: impl Fn(&str, usize) -> String) -> String {
        let cells = self.cells.get(row * self.width..(row + 1) * self.width);
        let mut out = String::new();
        let mut run = String::new();
        let mut of = 0;
        for (bits, series) in cells.unwrap_or_default() {
            if *bits != 0 && *series != of {
                out += &paint(&run, of);
                run.clear();
                of = *series;
            }
            run.push(match bits {
                0 => ' ',
                bits => char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' '),
            });
        }
        out + &paint(run.trim_end(), of)
    }
}
