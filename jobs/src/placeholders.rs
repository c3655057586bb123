//! `$start` and `$end` in a query.

use crate::interval::Interval;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Start,
    End,
}

/// A query in which the interval has places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

/// How a stretch of SQL that is taken as it is begins and ends.
const QUOTED: [(&str, &str); 4] = [("'", "'"), ("\"", "\""), ("--", "\n"), ("/*", "*/")];

impl Template {
    /// Finds the places; those in texts, quoted names and comments are none.
    ///
    /// # Errors
    ///
    /// The byte where another `$name` stands, and what is wrong with it.
    pub(crate) fn parse(sql: &str) -> Result<Self, (usize, String)> {
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), sql);
        while let Some(first) = rest.chars().next() {
            let quoted = QUOTED.iter().find(|(begin, _)| rest.starts_with(begin));
            if let Some((begin, end)) = quoted {
                let inside = rest.strip_prefix(begin).unwrap_or_default();
                let length = inside.find(end).map_or(inside.len(), |at| at + end.len());
                let (taken, left) = rest.split_at(begin.len() + length);
                text += taken;
                rest = left;
                continue;
            }
            let after = rest.strip_prefix('$').unwrap_or_default();
            let length = after.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (name, left) = after.split_at(length.unwrap_or(after.len()));
            let piece = match name {
                "start" => Piece::Start,
                "end" => Piece::End,
                name if name.starts_with(|c: char| c.is_alphabetic()) => {
                    let reason = format!("there is no ${name}: an interval has $start and $end");
                    return Err((sql.len() - rest.len(), reason));
                }
                _ => {
                    text.push(first);
                    rest = rest.strip_prefix(first).unwrap_or_default();
                    continue;
                }
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(piece);
            rest = left;
        }
        pieces.push(Piece::Text(text));
        Ok(Self(pieces))
    }

    /// Whether any interval has the same rows.
    pub(crate) fn is_constant(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// The query for an interval.
    pub(crate) fn fill(&self, interval: &Interval) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Start => format!("TIMESTAMP '{}'", interval.start),
            Piece::End => format!("TIMESTAMP '{}'", interval.end),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(sql: &str) -> String {
        let interval = Interval {
            start: "2026-11-02T00:00:00Z".parse().unwrap(),
            end: "2026-11-03T00:00:00Z".parse().unwrap(),
        };
        Template::parse(sql).unwrap().fill(&interval)
    }

    #[test]
    fn only_code_has_places() {
        assert_eq!(
            filled("select '$start', \"$end\", $start -- $end\n/* $start */ where time<$end"),
            "select '$start', \"$end\", TIMESTAMP '2026-11-02T00:00:00Z' -- $end\n/* $start */ where \
             time<TIMESTAMP '2026-11-03T00:00:00Z'"
        );
        assert_eq!(
            filled("select 'it''s', '$' || $1 -- it's"),
            "select 'it''s', '$' || $1 -- it's"
        );
    }

    #[test]
    fn another_name_is_a_mistake_at_its_place() {
        let (at, reason) = Template::parse("select 1\nwhere $stop").unwrap_err();
        assert_eq!(at, 15);
        insta::assert_snapshot!(reason, @"there is no $stop: an interval has $start and $end");
    }
}
