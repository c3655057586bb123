//! The alternatives of a leaf: values, and match expressions such as `{"prefix": "a"}`.

use super::{
    address::Addresses,
    compile::{PatternOptions, Refused},
    fold::Folded,
    glob::{Glob, NoGlob},
    json::{Kind, Node},
    matcher::{Bound, Excluded, Matcher, Range},
    number,
};

/// What is said of the value at a path: one of these holds, or it may be absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Alternatives {
    pub(super) matchers: Vec<Matcher>,
    /// `{"exists": false}`.
    pub(super) absent: bool,
}

type Read<T> = Result<T, Refused>;

fn refused<T>(reason: impl Into<String>, at: usize) -> Read<T> {
    Err((reason.into(), Some(at)))
}

/// Reads the array at a leaf.
pub(super) fn alternatives(
    items: &[Node],
    end: usize,
    options: PatternOptions,
) -> Read<Alternatives> {
    let mut found = Alternatives::default();
    for item in items {
        match &item.kind {
            Kind::Text(text) => found.matchers.push(exactly(text)),
            Kind::Number(text) => {
                found
                    .matchers
                    .extend(number::parse(text).map(Matcher::Number));
                found.matchers.push(Matcher::Token(text.as_str().into()));
            }
            Kind::Word(word) => found.matchers.push(Matcher::Token((*word).into())),
            Kind::Object(members, end) => {
                Expression { options }.add(members, *end, item.at, &mut found)?;
            }
            Kind::List(..) => {
                return refused(
                    "Match value must be String, number, true, false, or null",
                    item.at,
                );
            }
        }
    }
    if items.is_empty() {
        return refused("Empty arrays are not allowed", end);
    }
    Ok(found)
}

/// An address equals what spells the same address.
fn exactly(text: &str) -> Matcher {
    Addresses::one(text).map_or_else(|| Matcher::Text(text.into()), Matcher::Address)
}

struct Expression {
    options: PatternOptions,
}

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
const NO_TEXT_FOLD: &str = "equals-ignore-case match pattern must be a string";

impl Expression {
    fn add(
        &self,
        members: &[(String, usize, Node)],
        end: usize,
        start: usize,
        found: &mut Alternatives,
    ) -> Read<()> {
        let Some(((name, at, value), more)) = members.split_first() else {
            return refused("Match expression name not found", start.max(end));
        };
        let matcher = match name.as_str() {
            "exactly" => Matcher::Text(text(value, "exact match pattern must be a string")?.into()),
            "prefix" => match &value.kind {
                Kind::Object(members, _) => {
                    Matcher::FoldedPrefix(folded(members, value.at, "prefix")?)
                }
                _ => Matcher::Prefix(text(value, "prefix match pattern must be a string")?.into()),
            },
            "suffix" => match &value.kind {
                Kind::Object(members, _) => {
                    Matcher::FoldedSuffix(folded(members, value.at, "suffix")?)
                }
                _ => Matcher::Suffix(text(value, "suffix match pattern must be a string")?.into()),
            },
            "equals-ignore-case" => Matcher::Folded(Folded::new(text(value, NO_TEXT_FOLD)?)),
            "wildcard" => Matcher::Wildcard(self.glob(
                text(value, "wildcard match pattern must be a string")?,
                value.at,
            )?),
            "cidr" => {
                let block = text(value, "prefix match pattern must be a string")?;
                Matcher::Address(Addresses::block(block).map_err(|reason| (reason, None))?)
            }
            "numeric" => {
                let Kind::List(items, end) = &value.kind else {
                    return refused("Value of numeric must be an array.", value.at);
                };
                numeric(items, *end)?
            }
            "exists" => match value.kind {
                Kind::Word("true") => Matcher::Exists,
                Kind::Word("false") => {
                    one_key(more, ONE_KEY)?;
                    found.absent = true;
                    return Ok(());
                }
                _ => {
                    return refused(
                        "exists match pattern must be either true or false.",
                        value.at,
                    );
                }
            },
            "anything-but" => Matcher::AnythingBut(self.excluded(value)?),
            _ => return refused(format!("Unrecognized match type {name}"), *at),
        };
        let reason = if matches!(name.as_str(), "numeric" | "anything-but") {
            TOO_MANY
        } else {
            ONE_KEY
        };
        one_key(more, reason)?;
        found.matchers.push(matcher);
        Ok(())
    }

    fn glob(&self, text: &str, at: usize) -> Read<Glob> {
        Glob::new(text, self.options.wildcard_complexity).map_err(|error| match error {
            NoGlob::Escape(pos) => (format!("Invalid escape character at pos {pos}"), Some(at)),
            NoGlob::Consecutive(pos) => {
                (format!("Consecutive wildcard characters at pos {pos}"), Some(at))
            }
            NoGlob::Complex => (
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                 sequences after a wildcard character"
                    .to_owned(),
                None,
            ),
        })
    }

    fn excluded(&self, value: &Node) -> Read<Excluded> {
        const NO_VALUE: &str =
            "Value of anything-but must be an array or single string/number value.";
        match &value.kind {
            Kind::List(items, end) => plain(items, *end),
            Kind::Text(_) | Kind::Number(_) => plain(std::slice::from_ref(value), value.at),
            Kind::Word(_) => refused(NO_VALUE, value.at),
            Kind::Object(members, _) => {
                let Some(((name, at, value), more)) = members.split_first() else {
                    return refused("Anything-But expression name not found", value.at);
                };
                let reason = match name.as_str() {
                    "prefix" | "suffix" => "prefix/suffix match pattern must be a string",
                    "wildcard" => "wildcard match pattern must be a string",
                    "equals-ignore-case" => {
                        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not \
                         supported."
                    }
                    _ => return refused(format!("Unsupported anything-but pattern: {name}"), *at),
                };
                let items = match &value.kind {
                    Kind::List(items, _) => items,
                    Kind::Text(_) | Kind::Number(_) => std::slice::from_ref(value),
                    Kind::Word(_) | Kind::Object(..) => return refused(NO_VALUE, value.at),
                };
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    let text = text(item, reason)?;
                    if text.is_empty() && matches!(name.as_str(), "prefix" | "suffix") {
                        return refused("Null prefix/suffix not allowed", item.at);
                    }
                    texts.push(text.to_owned());
                }
                one_key(more, TOO_MANY)?;
                Ok(match name.as_str() {
                    "prefix" => Excluded::Prefixes(texts),
                    "suffix" => Excluded::Suffixes(texts),
                    "wildcard" => {
                        let globs = texts.iter().map(|text| self.glob(text, value.at));
                        Excluded::Wildcards(globs.collect::<Read<_>>()?)
                    }
                    _ => Excluded::Folded(texts.iter().map(|text| Folded::new(text)).collect()),
                })
            }
        }
    }
}

/// `anything-but` with values.
fn plain(items: &[Node], end: usize) -> Read<Excluded> {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for item in items {
        match &item.kind {
            Kind::Text(text) => texts.push(text.clone()),
            Kind::Number(text) => match number::parse(text) {
                Some(number) => numbers.push(number),
                None => return refused(format!("Value must be a number: {text}"), item.at),
            },
            _ => {
                return refused(
                    "Inside anything but list, start|null|boolean is not supported.",
                    item.at,
                );
            }
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(Excluded::Texts(texts)),
        (true, false) => Ok(Excluded::Numbers(numbers)),
        _ => refused(
            "Inside anything but list, either all values are number or string, mixed type is not supported",
            end,
        ),
    }
}

fn one_key(more: &[(String, usize, Node)], reason: &str) -> Read<()> {
    more.first()
        .map_or(Ok(()), |(_, at, _)| refused(reason, *at))
}

fn text<'a>(value: &'a Node, reason: &str) -> Read<&'a str> {
    match &value.kind {
        Kind::Text(text) => Ok(text),
        _ => refused(reason, value.at),
    }
}

/// `{"equals-ignore-case": …}` inside `prefix` and `suffix`.
fn folded(members: &[(String, usize, Node)], at: usize, outer: &str) -> Read<Folded> {
    let Some(((name, place, value), more)) = members.split_first() else {
        let mut outer = outer.to_owned();
        if let Some(first) = outer.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        return refused(format!("{outer} expression name not found"), at);
    };
    if name != "equals-ignore-case" {
        return refused(format!("Unsupported {outer} pattern: {name}"), *place);
    }
    let text = text(value, NO_TEXT_FOLD)?;
    one_key(more, ONE_KEY)?;
    Ok(Folded::new(text))
}

/// `numeric`: `["=", 1]`, `["<", 1]`, `[">", 1, "<=", 2]`.
fn numeric(items: &[Node], end: usize) -> Read<Matcher> {
    let mut items = items.iter();
    let (operator, value, at) = term(&mut items, end)?;
    let bound = |inclusive| Some(Bound { value, inclusive });
    let mut range = Range {
        low: None,
        high: None,
    };
    match operator.as_str() {
        "=" | "<" | "<=" => {
            if let Some(more) = items.next() {
                return refused(TOO_MANY, more.at);
            }
            match operator.as_str() {
                "=" => return Ok(Matcher::Number(value)),
                "<" => range.high = bound(false),
                _ => range.high = bound(true),
            }
            return Ok(Matcher::Range(range));
        }
        ">" => range.low = bound(false),
        ">=" => range.low = bound(true),
        _ => {
            return refused(
                format!("Unrecognized numeric range operator: {operator}"),
                at,
            );
        }
    }
    if items.len() == 0 {
        return Ok(Matcher::Range(range));
    }
    let (second, high, at) = term(&mut items, end)?;
    let inclusive = match second.as_str() {
        "<" => false,
        "<=" => true,
        _ => return refused(format!("Bad numeric range operator: {second}"), at),
    };
    if let Some(more) = items.next() {
        return refused("Too many terms in numeric range expression", more.at);
    }
    if value >= high {
        return refused("Bottom must be less than top", end);
    }
    range.high = Some(Bound {
        value: high,
        inclusive,
    });
    Ok(Matcher::Range(range))
}

/// An operator and its number.
fn term(items: &mut std::slice::Iter<'_, Node>, end: usize) -> Read<(String, f64, usize)> {
    let Some(first) = items.next() else {
        return refused("Invalid member in numeric match: ]", end);
    };
    let Kind::Text(operator) = &first.kind else {
        let member = match &first.kind {
            Kind::Number(text) => text.clone(),
            Kind::Word(word) => (*word).to_owned(),
            Kind::List(..) => "[".to_owned(),
            _ => "{".to_owned(),
        };
        return refused(
            format!("Invalid member in numeric match: {member}"),
            first.at,
        );
    };
    if !["=", "<", "<=", ">", ">="].contains(&operator.as_str()) {
        return Ok((operator.clone(), 0.0, first.at));
    }
    let number = items.next().and_then(|value| match &value.kind {
        Kind::Number(text) => number::parse(text),
        _ => None,
    });
    match number {
        Some(number) => Ok((operator.clone(), number, first.at)),
        None => refused(format!("Value of {operator} must be numeric"), end),
    }
}
