//! How wide the columns of a table are, where not everything fits.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a cut column keeps at least, and the first one, which says what a row is about.
const MIN_WIDTH: usize = 12;
const MIN_FIRST_WIDTH: usize = 44;

/// What a column takes beside its cells: `| ` and a space behind.
const FRAME: usize = 3;

/// A column before it is given a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// As wide as its header and its widest cell.
    pub(super) natural: usize,
    /// As wide as its header.
    pub(super) header: usize,
    /// Whether its cells may be cut: half a text is of use, half a number is a lie.
    pub(super) is_flexible: bool,
}

impl Wish {
    fn least(self, is_first: bool) -> usize {
        if !self.is_flexible {
            return self.natural;
        }
        let least = if is_first { MIN_FIRST_WIDTH } else { MIN_WIDTH };
        self.natural.min(least.max(self.header.min(24)))
    }
}

/// The widths of the columns that fit into `room`, from the first; the rest finds no place. At least one
/// column does.
pub(super) fn widths(wishes: &[Wish], room: Option<usize>) -> Vec<usize> {
    let natural: Vec<usize> = wishes.iter().map(|wish| wish.natural).collect();
    let Some(room) = room.filter(|room| taken(&natural) > *room) else {
        return natural;
    };
    let mut shown = wishes.len();
    let mut least: Vec<usize> = wishes
        .iter()
        .enumerate()
        .map(|(at, wish)| wish.least(at == 0))
        .collect();
    while shown > 1 && taken(&least) + ellipsis(shown, wishes.len()) > room {
        shown -= 1;
        least.truncate(shown);
    }
    let spare = room.saturating_sub(taken(&least) + ellipsis(shown, wishes.len()));
    if shown == 1 && spare == 0 {
        // Even one column is too wide for the room: it is cut to what there is.
        return vec![least[0].min(room.saturating_sub(FRAME + 1).max(1))];
    }
    share(&mut least, wishes, spare);
    least
}

/// Characters that a row of these columns takes.
fn taken(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + FRAME).sum::<usize>() + 1
}

/// Characters that the column `…` takes, which stands for those without a place.
fn ellipsis(shown: usize, all: usize) -> usize {
    if shown < all { FRAME + 1 } else { 0 }
}

/// Gives what is spare to the columns that want it, the narrowest first: many are then shown whole.
fn share(widths: &mut [usize], wishes: &[Wish], mut spare: usize) {
    while spare > 0 {
        let narrowest = widths
            .iter_mut()
            .zip(wishes)
            .filter(|(width, wish)| **width < wish.natural)
            .min_by_key(|(width, _)| **width);
        let Some((width, _)) = narrowest else {
            return;
        };
        *width += 1;
        spare -= 1;
    }
}

/// The text in at most `width` characters' room, with `…` for what was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        out.push(character);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(natural: usize, is_flexible: bool) -> Wish {
        Wish {
            natural,
            header: 4,
            is_flexible,
        }
    }

    #[test]
    fn what_fits_is_as_wide_as_it_wants_to_be() {
        let wishes = [wish(10, true), wish(20, false)];
        assert_eq!(widths(&wishes, None), [10, 20]);
        assert_eq!(widths(&wishes, Some(37)), [10, 20]);
    }

    #[test]
    fn wide_texts_are_cut_before_columns_are_left_out_and_numbers_never_are() {
        let wishes = [
            wish(10, false),
            wish(100, true),
            wish(24, false),
            wish(14, true),
        ];
        assert_eq!(widths(&wishes, Some(93)), [10, 32, 24, 14]);
        assert_eq!(widths(&wishes, Some(73)), [10, 13, 24, 13]);
        assert_eq!(widths(&wishes, Some(63)), [10, 15, 24]);
        assert_eq!(widths(&wishes, Some(10)), [6]);
    }

    #[test]
    fn a_row_never_takes_more_than_its_room() {
        for room in 20..120 {
            for count in 1..12 {
                let wishes: Vec<_> = (0..count)
                    .map(|n| wish(5 + n * 7 % 40, n % 2 == 0))
                    .collect();
                let widths = widths(&wishes, Some(room));
                let all = taken(&widths) + ellipsis(widths.len(), count);
                assert!(
                    all <= room || widths.len() == 1,
                    "{room} {count} {widths:?}"
                );
            }
        }
    }

    #[test]
    fn cutting_counts_what_a_terminal_shows() {
        assert_eq!(cut("jeux vidéo", 10), "jeux vidéo");
        assert_eq!(cut("jeux vidéo", 6), "jeux …");
        assert_eq!(cut("電電電", 5), "電電…");
        assert_eq!(cut("電電電", 4), "電…");
    }
}
