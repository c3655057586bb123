//! What a query says about columns that keys give, as far as it can rule out folders before they are listed.
//!
//! It errs on one side: what it rules out cannot hold, what it lets through is looked at again by the engine.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr as SqlExpr, Query, Select, SetExpr, Statement, TableFactor,
    Value as SqlValue, visit_relations,
};

use crate::{
    hours::{HOUR, PARTS, interval, literal},
    shape::TIME,
};

/// A condition on columns that keys give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Predicate {
    /// All of these.
    All(Vec<Predicate>),
    /// At least one of these.
    Any(Vec<Predicate>),
    /// A column compared with a literal.
    Compare(String, Comparison, String),
    /// A text that begins so.
    Begins(String, String),
    /// No value.
    IsNull(String),
    /// The event time compared with an instant, in microseconds since the epoch.
    Time(Comparison, i64),
    /// Anything else: it may hold.
    Maybe,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is known of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// Nothing yet.
    Nothing,
    /// It is null.
    Null,
    /// Its value, as the key has it.
    Value(&'a str),
    /// How its value begins.
    Beginning(&'a str),
}

impl Comparison {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether it holds of a value, as numbers if both are.
    fn holds_of(self, value: &str, literal: &str, as_numbers: bool) -> bool {
        let numbers = value.parse::<i64>().ok().zip(literal.parse::<i64>().ok());
        match numbers.filter(|_| as_numbers) {
            Some((value, literal)) => self.holds(value.cmp(&literal)),
            None => self.holds(value.cmp(literal)),
        }
    }
}

/// Columns beyond these are only compared as numbers or only as texts, all of them alike.
const MAX_COLUMNS: usize = 6;

impl Predicate {
    /// Whether it may hold, given what is known of the columns.
    ///
    /// Whether a column is of numbers or of texts is decided by all of its values, which are not known yet:
    /// so each may be either, but is the same wherever it is named.
    pub(crate) fn may_hold<'a>(&self, known: &dyn Fn(&str) -> Known<'a>) -> bool {
        let mut columns = Vec::new();
        self.columns(&mut columns);
        let is_number = |column: &&str| match known(column) {
            Known::Value(value) => value.parse::<i64>().is_ok(),
            _ => false,
        };
        columns.retain(is_number);
        columns.truncate(MAX_COLUMNS);
        (0..1_u32 << columns.len()).any(|numbers| {
            self.holds(known, &|column| {
                let at = columns.iter().position(|it| *it == column);
                at.map_or(numbers & 1 == 1, |at| numbers >> at & 1 == 1)
            })
        })
    }

    fn columns<'a>(&'a self, columns: &mut Vec<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|it| it.columns(columns)),
            Self::Compare(name, ..) | Self::Begins(name, _) | Self::IsNull(name) => {
                if !columns.contains(&name.as_str()) {
                    columns.push(name);
                }
            }
            Self::Time(..) | Self::Maybe => {}
        }
    }

    fn holds<'a>(
        &self,
        known: &dyn Fn(&str) -> Known<'a>,
        is_number: &dyn Fn(&str) -> bool,
    ) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(known, is_number)),
            Self::Any(any) => any.iter().any(|one| one.holds(known, is_number)),
            Self::Compare(column, comparison, literal) => match known(column) {
                Known::Nothing => true,
                Known::Null => false,
                Known::Beginning(known) => {
                    *comparison != Comparison::Equal || literal.starts_with(known)
                }
                Known::Value(value) => comparison.holds_of(value, literal, is_number(column)),
            },
            Self::Begins(column, beginning) => match known(column) {
                Known::Nothing => true,
                Known::Null => false,
                Known::Beginning(known) => {
                    known.starts_with(beginning.as_str()) || beginning.starts_with(known)
                }
                Known::Value(value) => {
                    // `like` of a number compares its digits without the zeros before them.
                    value.starts_with(beginning.as_str())
                        || (is_number(column)
                            && value
                                .trim_start_matches('0')
                                .starts_with(beginning.as_str()))
                }
            },
            Self::IsNull(column) => !matches!(known(column), Known::Value(_)),
            Self::Time(comparison, time) => {
                let interval = interval(|part| match known(part) {
                    Known::Value(value) => Some(value),
                    Known::Null | Known::Nothing | Known::Beginning(_) => None,
                });
                // An hour more on either side: should folders be named after the time of arrival, then these
                // are where it shows.
                interval.is_none_or(|(from, to)| match comparison {
                    Comparison::Equal => from - HOUR <= *time && *time < to + HOUR,
                    Comparison::Less => from - HOUR < *time,
                    Comparison::LessOrEqual => from - HOUR <= *time,
                    Comparison::Greater | Comparison::GreaterOrEqual => *time < to + HOUR,
                })
            }
            Self::Maybe => true,
        }
    }

    /// Whether it may hold of an event from `first` to `last`, in microseconds since the epoch.
    pub(crate) fn may_hold_between(&self, first: i64, last: i64) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.may_hold_between(first, last)),
            Self::Any(any) => any.iter().any(|one| one.may_hold_between(first, last)),
            Self::Time(comparison, time) => match comparison {
                Comparison::Equal => first <= *time && *time <= last,
                Comparison::Less => first < *time,
                Comparison::LessOrEqual => first <= *time,
                Comparison::Greater => last > *time,
                Comparison::GreaterOrEqual => last >= *time,
            },
            _ => true,
        }
    }

    /// Whether it says anything about a column.
    pub(crate) fn mentions(&self, column: &str) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.mentions(column)),
            Self::Compare(name, ..) | Self::Begins(name, _) | Self::IsNull(name) => name == column,
            Self::Time(..) => PARTS.contains(&column),
            Self::Maybe => false,
        }
    }

    /// Whether it compares a column with a text that begins with `beginning` and goes on.
    pub(crate) fn goes_beyond(&self, column: &str, beginning: &str) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().any(|part| part.goes_beyond(column, beginning))
            }
            Self::Compare(name, Comparison::Equal, text) | Self::Begins(name, text) => {
                name == column && text.len() > beginning.len() && text.starts_with(beginning)
            }
            _ => false,
        }
    }

    /// Whether it says anything about the event time.
    pub(crate) fn is_of_time(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_of_time),
            Self::Time(..) => true,
            _ => false,
        }
    }

    /// The same, knowing nothing of the event time.
    pub(crate) fn without_time(self) -> Self {
        match self {
            Self::All(parts) => Self::all(parts.into_iter().map(Self::without_time)),
            Self::Any(parts) => Self::any(parts.into_iter().map(Self::without_time)),
            Self::Time(..) => Self::Maybe,
            other => other,
        }
    }

    /// The same, knowing nothing of the columns for which `unusable` is true.
    pub(crate) fn without(self, unusable: &dyn Fn(&str) -> bool) -> Self {
        match self {
            Self::All(parts) => Self::all(parts.into_iter().map(|it| it.without(unusable))),
            Self::Any(parts) => Self::any(parts.into_iter().map(|it| it.without(unusable))),
            Self::Compare(ref name, ..) | Self::Begins(ref name, _) | Self::IsNull(ref name)
                if unusable(name) =>
            {
                Self::Maybe
            }
            Self::Time(..) if PARTS.iter().any(|part| unusable(part)) => Self::Maybe,
            other => other,
        }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<_> = parts.into_iter().filter(|it| *it != Self::Maybe).collect();
        if parts.is_empty() {
            Self::Maybe
        } else {
            Self::All(parts)
        }
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<_> = parts.into_iter().collect();
        if parts.is_empty() || parts.contains(&Self::Maybe) {
            Self::Maybe
        } else {
            Self::Any(parts)
        }
    }

    fn compare(column: String, comparison: Comparison, text: String) -> Self {
        if column == TIME {
            return literal(&text).map_or(Self::Maybe, |time| Self::Time(comparison, time));
        }
        Self::Compare(column, comparison, text)
    }

    fn between(column: Option<String>, low: Option<String>, high: Option<String>) -> Self {
        let Some(column) = column else {
            return Self::Maybe;
        };
        let bound = |comparison, literal: Option<String>| {
            let column = column.clone();
            literal.map(|literal| Self::compare(column, comparison, literal))
        };
        let low = bound(Comparison::GreaterOrEqual, low);
        Self::all(low.into_iter().chain(bound(Comparison::LessOrEqual, high)))
    }

    fn among(column: Option<String>, literals: impl Iterator<Item = Option<String>>) -> Self {
        let Some(column) = column else {
            return Self::Maybe;
        };
        Self::any(literals.map(|literal| match literal {
            Some(literal) => Self::compare(column.clone(), Comparison::Equal, literal),
            None => Self::Maybe,
        }))
    }

    /// What a statement says about the rows of `table`, wherever it names it; [`Predicate::Maybe`] when that
    /// is more than can be told from the text.
    pub(crate) fn from_statement(statement: &Statement, table: &str) -> Self {
        let mut said = Vec::new();
        let understood = match statement {
            Statement::Query(query) => from_query(query, table, &mut said),
            Statement::Explain { statement, .. } => {
                return Self::from_statement(statement, table);
            }
            _ => false,
        };
        let mut named = 0;
        let flow: std::ops::ControlFlow<()> = visit_relations(statement, |relation| {
            let last = relation.0.last().map(ToString::to_string);
            let unquoted = last.unwrap_or_default();
            named += usize::from(unquoted.trim_matches('"').eq_ignore_ascii_case(table));
            std::ops::ControlFlow::Continue(())
        });
        if flow.is_continue() && understood && named == said.len() {
            Self::any(said)
        } else {
            Self::Maybe
        }
    }
}

/// Adds what a query says about each mention of `table` in it; false when that cannot be told.
fn from_query(query: &Query, table: &str, said: &mut Vec<Predicate>) -> bool {
    let mut understood = true;
    if let Some(with) = &query.with {
        for part in &with.cte_tables {
            understood &= !part.alias.name.value.eq_ignore_ascii_case(table);
            understood &= from_query(&part.query, table, said);
        }
    }
    understood && from_set(&query.body, table, said)
}

fn from_set(set: &SetExpr, table: &str, said: &mut Vec<Predicate>) -> bool {
    match set {
        SetExpr::Select(select) => from_select(select, table, said),
        SetExpr::Query(query) => from_query(query, table, said),
        SetExpr::SetOperation { left, right, .. } => {
            from_set(left, table, said) && from_set(right, table, said)
        }
        SetExpr::Values(_) => true,
        _ => false,
    }
}

fn from_select(select: &Select, table: &str, said: &mut Vec<Predicate>) -> bool {
    // With another table beside it, whose column a name means, and whether the condition holds for every
    // row of this one, is for the planner to say.
    let alone = matches!(select.from.as_slice(), [from] if from.joins.is_empty());
    for from in &select.from {
        for factor in
            std::iter::once(&from.relation).chain(from.joins.iter().map(|it| &it.relation))
        {
            match factor {
                TableFactor::Table { name, .. } => {
                    let last = name.0.last().map(ToString::to_string).unwrap_or_default();
                    if last.trim_matches('"').eq_ignore_ascii_case(table) {
                        let condition = select.selection.as_ref().filter(|_| alone);
                        said.push(condition.map_or(Predicate::Maybe, from_sql));
                    }
                }
                TableFactor::Derived { subquery, .. } => {
                    if !from_query(subquery, table, said) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }
    true
}

fn from_sql(expr: &SqlExpr) -> Predicate {
    match expr {
        SqlExpr::Nested(inner) => from_sql(inner),
        SqlExpr::BinaryOp { left, op, right } => {
            let comparison = match op {
                BinaryOperator::And => return Predicate::all([from_sql(left), from_sql(right)]),
                BinaryOperator::Or => return Predicate::any([from_sql(left), from_sql(right)]),
                BinaryOperator::Eq => Comparison::Equal,
                BinaryOperator::Lt => Comparison::Less,
                BinaryOperator::LtEq => Comparison::LessOrEqual,
                BinaryOperator::Gt => Comparison::Greater,
                BinaryOperator::GtEq => Comparison::GreaterOrEqual,
                _ => return Predicate::Maybe,
            };
            if let (Some(column), Some(literal)) = (sql_column(left), sql_literal(right)) {
                Predicate::compare(column, comparison, literal)
            } else if let (Some(literal), Some(column)) = (sql_literal(left), sql_column(right)) {
                Predicate::compare(column, comparison.turned(), literal)
            } else {
                Predicate::Maybe
            }
        }
        SqlExpr::Between {
            expr,
            negated: false,
            low,
            high,
        } => Predicate::between(sql_column(expr), sql_literal(low), sql_literal(high)),
        SqlExpr::InList {
            expr,
            list,
            negated: false,
        } => Predicate::among(sql_column(expr), list.iter().map(sql_literal)),
        SqlExpr::IsNull(of) => sql_column(of).map_or(Predicate::Maybe, Predicate::IsNull),
        SqlExpr::Like {
            negated: false,
            any: false,
            expr,
            pattern,
            escape_char: None,
        } => match (sql_column(expr), sql_literal(pattern)) {
            (Some(column), Some(pattern)) if !pattern.contains('\\') => {
                let beginning = pattern.split(['%', '_']).next().unwrap_or_default();
                Predicate::Begins(column, beginning.to_owned())
            }
            _ => Predicate::Maybe,
        },
        _ => Predicate::Maybe,
    }
}

fn sql_column(expr: &SqlExpr) -> Option<String> {
    match expr {
        SqlExpr::Identifier(name) => Some(name.value.clone()),
        // `events.hour`; a longer path leads into a field, and a field of such a name is not in a key.
        SqlExpr::CompoundIdentifier(path) if path.len() == 2 => {
            path.last().map(|name| name.value.clone())
        }
        _ => None,
    }
}

fn sql_literal(expr: &SqlExpr) -> Option<String> {
    match expr {
        SqlExpr::Value(value) => match &value.value {
            SqlValue::Number(number, _) => number.parse::<i64>().ok().map(|it| it.to_string()),
            SqlValue::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        // `timestamp '…'`; of other types the text is not the value.
        SqlExpr::TypedString(typed) if matches!(typed.data_type, DataType::Timestamp(..)) => {
            match &typed.value.value {
                SqlValue::SingleQuotedString(text) => Some(text.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::{dialect::GenericDialect, parser::Parser};

    use super::*;

    fn said(sql: &str) -> Predicate {
        let statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        Predicate::from_statement(&statements[0], "events")
    }

    fn lets_through(sql: &str, hour: &str) -> bool {
        said(sql).may_hold(&|column| match column {
            "hour" => Known::Value(hour),
            "kind" => Known::Value("buy"),
            "none" => Known::Null,
            _ => Known::Nothing,
        })
    }

    #[test]
    fn what_cannot_hold_is_ruled_out() {
        for condition in [
            "hour = 8",
            "hour = '08'",
            "8 = hour",
            "hour in (7, 8)",
            "hour between 8 and 9",
            "hour < 9 and events.hour >= 8",
            "hour = 8 and (detail.x = 1 or kind = 'sell')",
            "(hour = 8 or kind = 'sell')",
            "hour like '08%'",
        ] {
            for from in [
                "select * from events where ",
                "select * from (select * from EVENTS e where ",
            ] {
                let close = if from.contains('(') { ") t" } else { "" };
                let sql = format!("{from}{condition}{close}");
                assert!(lets_through(&sql, "08"), "{sql}");
                assert!(!lets_through(&sql, "10"), "{sql}");
            }
        }
        for (condition, hours) in [
            (
                "time >= '2026-11-02T08:00:00Z' and time < '2026-11-02T09:00:00Z'",
                7..=9,
            ),
            (
                "time between timestamp '2026-11-02 08:30:00' and '2026-11-02T08:40:00Z'",
                7..=9,
            ),
            ("'2026-11-02T02:30:00Z' > time", 0..=3),
        ] {
            let predicate = said(&format!("select 1 from events where {condition}"));
            for hour in 0..24 {
                let text = hour.to_string();
                let holds = predicate.may_hold(&|column| match column {
                    "year" => Known::Value("2026"),
                    "month" => Known::Value("11"),
                    "day" => Known::Value("02"),
                    "hour" => Known::Value(&text),
                    _ => Known::Nothing,
                });
                assert_eq!(holds, hours.contains(&hour), "{condition} {hour}");
            }
        }
        assert!(!lets_through("select 1 from events where none = 1", "1"));
        assert!(lets_through("select 1 from events where none is null", "1"));
    }

    #[test]
    fn what_is_not_understood_is_let_through() {
        for sql in [
            "select * from events where hour <> 8",
            "select * from events where not hour = 8",
            "select * from events where hour = 8 or detail.x = 1",
            "select * from events a left join events b on a.x = b.x where b.hour = 8",
            "select * from events where hour = 8 and x in (select x from events)",
            "with events as (select 1 as hour) select * from events where hour = 8",
            "select * from events where hour = 8 union all select * from events",
            "select * from events where detail.data.hour = 8",
            "select * from events where hour + 1 = 8",
        ] {
            assert!(lets_through(sql, "10"), "{sql}");
        }
        let both =
            "select * from events where hour = 8 union all select * from events where hour = 9";
        assert!(lets_through(both, "9") && !lets_through(both, "10"));
    }
}
