//! What the filters cost that a query may call.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;

use super::cost::{Affine, Cost, every_member, every_value};
use super::{Bounded, cost, refused};
use crate::keys::plain_text;

pub(super) fn call(name: &str, arguments: &[Term<&str>]) -> Bounded<Cost> {
    let unknown = || {
        let arity = arguments.len();
        refused(format!("the filter {name}/{arity}"))
    };
    Ok(match (name, arguments) {
        (name, []) if SMALL.contains(&name) => Cost::small(Affine::INPUT),
        (name, []) if NO_LARGER.contains(&name) => Cost::one(Affine::INPUT, Affine::INPUT),
        (name, []) if LARGER.contains(&name) => {
            let size = Affine::INPUT.scaled(8).plus(Affine::fixed(64));
            Cost::one(size, size)
        }
        ("recurse", []) => every_value(),
        ("any" | "all", [of_each]) => Cost::small(every_member().pipe(cost(of_each)?).work),
        (
            "has" | "contains" | "inside" | "startswith" | "endswith" | "index" | "rindex",
            [text],
        ) => {
            if literal(text).is_none() {
                return refused(format!("{name} with a text that is not written out"));
            }
            Cost::small(Affine::INPUT)
        }
        ("ltrimstr" | "rtrimstr" | "split" | "join" | "strftime" | "strptime" | "utc", [text]) => {
            let Some(length) = literal(text) else {
                return refused(format!("{name} with a text that is not written out"));
            };
            let size = match name {
                "join" => Affine::INPUT.scaled(length + 1),
                "strftime" | "strptime" | "utc" => Affine::fixed(64 + 16 * length),
                _ => Affine::INPUT.scaled(2),
            };
            Cost::one(size, size.plus(Affine::INPUT))
        }
        ("test", [pattern]) => {
            let work = regex(name, pattern)?;
            Cost::small(work)
        }
        ("capture" | "match" | "scan", [pattern]) => {
            let work = regex(name, pattern)?;
            Cost {
                results: Affine::INPUT,
                size: work,
                work,
            }
        }
        ("sub" | "gsub", [pattern, by]) => {
            let (work, Some(length)) = (regex(name, pattern)?, literal(by)) else {
                return refused(format!("{name} with a text that is not written out"));
            };
            Cost::one(work.scaled(length + 1), work.scaled(length + 1))
        }
        ("select", [condition]) => {
            let condition = cost(condition)?;
            condition.product(Cost::one(Affine::INPUT, Affine::ONE))?
        }
        ("map", [of_each]) => every_member().pipe(cost(of_each)?).collected(),
        ("first" | "last", [results]) => {
            let results = cost(results)?;
            Cost::one(results.size, results.work)
        }
        ("limit", [Term::Num(_), results]) => cost(results)?,
        ("error", [message]) => cost(message)?,
        _ => return unknown(),
    })
}

/// Filters whose result is a number, a boolean or a short text.
const SMALL: [&str; 21] = [
    "length",
    "utf8bytelength",
    "not",
    "type",
    "floor",
    "sqrt",
    "round",
    "ceil",
    "tonumber",
    "mktime",
    "true",
    "false",
    "null",
    "empty",
    "error",
    "any",
    "all",
    "isnan",
    "infinite",
    "nan",
    "fromdate",
];

/// Filters whose result is at most as large as their input.
const NO_LARGER: [&str; 25] = [
    "ascii_downcase",
    "ascii_upcase",
    "trim",
    "ltrim",
    "rtrim",
    "fromjson",
    "implode",
    "@base64d",
    "@text",
    "keys",
    "keys_unsorted",
    "values",
    "nulls",
    "strings",
    "numbers",
    "scalars",
    "reverse",
    "sort",
    "unique",
    "flatten",
    "add",
    "min",
    "max",
    "first",
    "last",
];

/// Filters whose result is at most eight times as large as their input.
const LARGER: [&str; 11] = [
    "tostring",
    "tojson",
    "explode",
    "@base64",
    "@uri",
    "@html",
    "@sh",
    "@json",
    "to_entries",
    "gmtime",
    "todate",
];

/// Bytes of a text that is written out.
fn literal(term: &Term<&str>) -> Option<u64> {
    match term {
        Term::Str(None, parts) => plain_text(parts).map(|text| text.len() as u64),
        _ => None,
    }
}

/// What a regular expression costs on its input: it is compiled anew for each.
fn regex(name: &str, pattern: &Term<&str>) -> Bounded<Affine> {
    const LONGEST: u64 = 256;
    match literal(pattern) {
        Some(length) if length <= LONGEST => {
            let repeats = matches!(pattern, Term::Str(_, parts) if parts.iter().any(
                |part| matches!(part, StrPart::Str(text) if text.contains("}{") || text.matches('{').count() > 4)
            ));
            if repeats {
                return refused(format!("{name} with a pattern that repeats too much"));
            }
            Ok(Affine::INPUT.scaled(64).plus(Affine::fixed(10_000)))
        }
        _ => refused(format!(
            "{name} with a pattern that is long or not written out"
        )),
    }
}
