//! Colours for what is typed.

use super::names::KEYWORDS;

const KEYWORD: &str = "\u{1b}[1;34m";
const TEXT: &str = "\u{1b}[32m";
const NUMBER: &str = "\u{1b}[36m";
const COMMENT: &str = "\u{1b}[2m";
const END: &str = "\u{1b}[0m";

/// The line with colours; without them it is the same text.
pub(super) fn coloured(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 64);
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (end, colour) = piece(rest, first);
        let (piece, behind) = rest.split_at(end.clamp(first.len_utf8(), rest.len()));
        match colour {
            Some(colour) => {
                out.push_str(colour);
                out.push_str(piece);
                out.push_str(END);
            }
            None => out.push_str(piece),
        }
        rest = behind;
    }
    out
}

/// How far the first piece of a text goes, and its colour.
fn piece(text: &str, first: char) -> (usize, Option<&'static str>) {
    let all = text.len();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '\'' => (quoted(text, '\''), Some(TEXT)),
        '"' => (quoted(text, '"'), None),
        '-' if text.starts_with("--") => (text.find('\n').unwrap_or(all), Some(COMMENT)),
        '/' if text.starts_with("/*") => {
            (text.find("*/").map_or(all, |end| end + 2), Some(COMMENT))
        }
        digit if digit.is_ascii_digit() => {
            let end = text.find(|c: char| !is_word(c) && c != '.');
            (end.unwrap_or(all), Some(NUMBER))
        }
        letter if is_word(letter) => {
            // A path is one piece: `detail.from` is no keyword.
            let end = text.find(|c: char| !is_word(c) && c != '.').unwrap_or(all);
            let word = text.get(..end).unwrap_or_default().to_lowercase();
            let is_keyword = KEYWORDS.binary_search(&word.as_str()).is_ok();
            (end, is_keyword.then_some(KEYWORD))
        }
        other => (other.len_utf8(), None),
    }
}

/// Where a quoted text ends; doubled quotes are inside.
fn quoted(text: &str, quote: char) -> usize {
    let behind = |at: usize| text.get(at..).unwrap_or_default();
    let mut end = 1;
    while let Some(at) = behind(end).find(quote) {
        end += at + 1;
        if !behind(end).starts_with(quote) {
            return end;
        }
        end += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keywords_texts_numbers_and_comments_have_colours() {
        let shown =
            coloured("select 'it''s', 1.5, detail.from from events -- all").replace('\u{1b}', "^");
        insta::assert_snapshot!(shown, @"^[1;34mselect^[0m ^[32m'it''s'^[0m, ^[36m1.5^[0m, detail.from ^[1;34mfrom^[0m events ^[2m-- all^[0m");
    }

    proptest! {
        #[test]
        fn colours_change_no_text(line in "[a-z0-9'\"\\-/* .,;é\n]{0,40}") {
            let mut plain = coloured(&line);
            for colour in [KEYWORD, TEXT, NUMBER, COMMENT, END] {
                plain = plain.replace(colour, "");
            }
            prop_assert_eq!(plain, line);
        }
    }
}
