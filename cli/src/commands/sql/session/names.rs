//! What can be completed.

use std::sync::{Arc, PoisonError, RwLock};

use futures::TryStreamExt;
use hydrant_query::{ERRORS, EVENTS, Engine};

/// Words of SQL that are worth completing and colouring.
pub(super) const KEYWORDS: [&str; 79] = [
    "all",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "copy",
    "create",
    "cross",
    "cube",
    "current",
    "date",
    "desc",
    "describe",
    "distinct",
    "drop",
    "else",
    "end",
    "except",
    "exclude",
    "exists",
    "explain",
    "false",
    "filter",
    "first",
    "following",
    "format",
    "from",
    "full",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "range",
    "right",
    "rollup",
    "row",
    "rows",
    "select",
    "set",
    "show",
    "similar",
    "table",
    "then",
    "timestamp",
    "to",
    "true",
    "union",
    "unnest",
    "using",
    "view",
    "when",
    "where",
];

/// Behind those, words that complete but seldom stand alone.
const MORE_KEYWORDS: [&str; 3] = ["with", "within", "window"];

/// Names of tables, columns with their paths, and functions.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) tables: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) functions: Vec<String>,
}

impl Names {
    /// What is known before the lake is read.
    pub(super) fn new(engine: &Engine) -> Self {
        Self {
            tables: vec![EVENTS.to_owned(), ERRORS.to_owned()],
            columns: Vec::new(),
            functions: engine.functions(),
        }
    }

    /// Names that go on from what was typed: of columns, the next part of the path.
    pub(super) fn starting_with(&self, typed: &str) -> Vec<String> {
        let lower = typed.to_lowercase();
        let begins = |name: &str| name.to_lowercase().starts_with(&lower);
        let mut found: Vec<String> = Vec::new();
        for name in self.columns.iter().filter(|name| begins(name)) {
            // `detail.` before `detail.data.price`: a path is completed part by part.
            let next = name
                .get(typed.len()..)
                .and_then(|rest| rest.find('.'))
                .and_then(|dot| name.get(..=typed.len() + dot));
            let next = next.unwrap_or(name);
            if !found.iter().any(|it| it == next) {
                found.push(next.to_owned());
            }
        }
        if typed.contains('.') {
            return found;
        }
        found.extend(self.tables.iter().filter(|name| begins(name)).cloned());
        if !typed.is_empty() {
            let functions = self.functions.iter().filter(|name| begins(name));
            found.extend(functions.map(|name| format!("{name}(")));
            let upper = typed.chars().all(|c| !c.is_lowercase());
            let words = KEYWORDS.iter().chain(&MORE_KEYWORDS);
            found.extend(words.filter(|word| begins(word)).map(|word| {
                if upper {
                    word.to_uppercase()
                } else {
                    (*word).to_owned()
                }
            }));
        }
        found
    }
}

/// Learns the columns of the lake's tables.
pub(super) async fn learn(engine: Arc<Engine>, names: Arc<RwLock<Names>>) {
    for table in [EVENTS, ERRORS] {
        // A lake without events has none to complete; the query will say so.
        let Ok(rows) = engine.run(&format!("describe {table}")).await else {
            continue;
        };
        let Ok(batches) = rows.try_collect::<Vec<_>>().await else {
            continue;
        };
        let mut found = Vec::new();
        for batch in &batches {
            found.extend(hydrant_query::column_names(batch));
        }
        let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
        for name in found {
            if !names.columns.contains(&name) {
                names.columns.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let owned = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        Names {
            tables: owned(&["events", "errors"]),
            columns: owned(&[
                "time",
                "detail",
                "detail.eventType",
                "detail.data",
                "detail.data.price",
                "eventType",
            ]),
            functions: owned(&["count", "window_funnel"]),
        }
    }

    #[test]
    fn paths_are_completed_part_by_part() {
        assert_eq!(names().starting_with("det"), ["detail", "detail."]);
        assert_eq!(
            names().starting_with("detail."),
            ["detail.eventType", "detail.data", "detail.data."]
        );
        assert_eq!(
            names().starting_with("detail.data.p"),
            ["detail.data.price"]
        );
        assert_eq!(names().starting_with("DETAIL.E"), ["detail.eventType"]);
    }

    #[test]
    fn columns_come_before_tables_functions_and_keywords() {
        assert_eq!(names().starting_with("ev"), ["eventType", "events"]);
        assert_eq!(names().starting_with("win"), ["window_funnel(", "window"]);
        assert_eq!(names().starting_with("SEL"), ["SELECT"]);
        assert_eq!(names().starting_with("xyz"), Vec::<String>::new());
    }

    #[test]
    fn keywords_are_sorted_as_their_search_needs() {
        assert!(KEYWORDS.is_sorted());
    }
}
