//! Scripts: their statements, and where in them a mistake is.

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};
use unicode_width::UnicodeWidthStr;

use crate::error::QueryError;

/// One statement of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text, without the semicolon.
    pub text: &'a str,
    /// The line of the script that it begins in, from 1.
    pub line: u64,
    /// The character of that line that it begins at, from 1.
    pub column: u64,
}

impl Statement<'_> {
    /// The place in the script of a place in the statement.
    pub fn in_script(&self, (line, column): (u64, u64)) -> (u64, u64) {
        match line {
            0 | 1 => (self.line, self.column + column.saturating_sub(1)),
            line => (self.line + line - 1, column),
        }
    }
}

/// The statements of a script, which semicolons separate; those in texts and comments do not count.
pub fn statements(script: &str) -> Vec<Statement<'_>> {
    let (tokens, complete) = tokens(script);
    let mut found = Vec::new();
    let mut begin: Option<Location> = None;
    let mut ends = Cursor::new(script);
    let mut begin_at = 0;
    for TokenWithSpan { token, span } in &tokens {
        match token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::SemiColon => {
                let end = ends.offset(span.start);
                if let Some(location) = begin.take() {
                    found.push(statement(script, begin_at, end, location));
                }
            }
            _ if begin.is_none() => {
                begin_at = ends.offset(span.start);
                begin = Some(span.start);
            }
            _ => {}
        }
    }
    match begin {
        Some(location) => found.push(statement(script, begin_at, script.len(), location)),
        // What cannot be told apart is a statement, so that its mistake is found.
        None if !complete => {
            let at = tokens.last().map_or(Location::new(1, 1), |it| it.span.end);
            let rest = ends.offset(at);
            found.push(statement(script, rest, script.len(), at));
        }
        None => {}
    }
    found
}

fn statement(script: &str, begin: usize, end: usize, at: Location) -> Statement<'_> {
    Statement {
        text: script.get(begin..end).unwrap_or_default().trim_end(),
        line: at.line,
        column: at.column,
    }
}

/// Whether what was typed so far ends in a semicolon, or is nothing at all.
pub fn is_complete(text: &str) -> bool {
    let (tokens, complete) = tokens(text);
    let last = tokens
        .iter()
        .rev()
        .find(|it| !matches!(it.token, Token::Whitespace(_) | Token::EOF));
    complete && last.is_none_or(|it| it.token == Token::SemiColon)
}

/// The tokens up to the first mistake, and whether there is none.
fn tokens(text: &str) -> (Vec<TokenWithSpan>, bool) {
    let mut tokens = Vec::new();
    let complete = Tokenizer::new(&GenericDialect {}, text)
        .tokenize_with_location_into_buf(&mut tokens)
        .is_ok();
    (tokens, complete)
}

/// From lines and columns, which must not go back, to bytes.
struct Cursor<'a> {
    rest: std::str::CharIndices<'a>,
    at: Location,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.char_indices(),
            at: Location::new(1, 1),
        }
    }

    fn offset(&mut self, location: Location) -> usize {
        while (self.at.line, self.at.column) < (location.line, location.column) {
            match self.rest.next() {
                Some((_, '\n')) => self.at = Location::new(self.at.line + 1, 1),
                Some(_) => self.at.column += 1,
                None => break,
            }
        }
        self.rest.offset()
    }
}

/// Where in a statement an error is: line and column, from 1.
pub fn locate(statement: &str, error: &QueryError) -> Option<(u64, u64)> {
    if let QueryError::Syntax { line, column, .. } = error {
        return Some((*line, *column)).filter(|(line, _)| *line > 0);
    }
    let name = error.wrong_name()?;
    let (tokens, _) = tokens(statement);
    let mut places = tokens.iter().filter_map(|it| match &it.token {
        Token::Word(word) if word.value.eq_ignore_ascii_case(&name) => Some(it.span.start),
        _ => None,
    });
    places
        .next()
        .map(|location| (location.line, location.column))
}

/// The line of a script with a caret under one column of it.
pub fn excerpt(script: &str, (line, column): (u64, u64)) -> Option<String> {
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let before = usize::try_from(column.checked_sub(1)?).ok()?;
    let text = script.lines().nth(index)?.replace('\t', " ");
    let start: String = text.chars().take(before).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let caret = " ".repeat(start.width());
    Some(format!("  {number} | {text}\n  {margin} | {caret}^"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_separated_by_semicolons_outside_of_texts_and_comments() {
        let script =
            "-- first; one\nselect ';' as \"a;b\";;\n  select /* ; */ 'é;' ; select 3\n-- end";
        let found: Vec<_> = statements(script)
            .iter()
            .map(|it| (it.text, it.line, it.column))
            .collect();
        assert_eq!(
            found,
            [
                ("select ';' as \"a;b\"", 2, 1),
                ("select /* ; */ 'é;'", 3, 3),
                ("select 3\n-- end", 3, 25),
            ]
        );
        assert_eq!(statements(" -- nothing\n;"), []);
        assert_eq!(statements("select 'open; select 2").len(), 1);
    }

    #[test]
    fn a_statement_is_complete_with_its_semicolon() {
        for (text, complete) in [
            ("", true),
            ("select 1;", true),
            ("select 1; -- done", true),
            ("select 1", false),
            ("select ';", false),
            ("select 1 -- ;", false),
            ("/* ;", false),
        ] {
            assert_eq!(is_complete(text), complete, "{text}");
        }
    }

    #[test]
    fn a_caret_stands_under_the_mistake() {
        let script = "select 1;\nselect '電', oops\nfrom events";
        let second = statements(script)[1];
        let at = second.in_script((1, 13));
        assert_eq!(at, (2, 13));
        insta::assert_snapshot!(excerpt(script, at).unwrap(), @r"
          2 | select '電', oops
            |              ^
        ");
        assert_eq!(excerpt(script, (9, 1)), None);
    }
}
