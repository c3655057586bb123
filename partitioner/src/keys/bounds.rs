//! How long an expression can take at most, for those who evaluate queries that are not their own.
//!
//! jq is a programming language: it loops, recurses, and doubles what it holds. What is let through here
//! costs at most a constant and a multiple of the size of the record. The cost of each part of an expression
//! is an affine function of the size of its input, and so is the cost of the whole; what would be more than
//! that, and what is not known here, is refused by name.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::Part;

/// Most that may be done for each byte of a record, and besides, counted in values and bytes touched.
const MOST: Affine = Affine {
    fixed: 1_000_000,
    each: 10_000,
};

/// An expression that is not known to end soon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression may run without end or out of memory: {what}")]
pub struct Unbounded {
    /// What in it is to blame.
    pub what: String,
}

/// `fixed + each × size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Affine {
    fixed: u64,
    each: u64,
}

/// What an evaluation comes to, by the size of its input.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// How many results there are.
    results: Affine,
    /// Size of all results.
    size: Affine,
    /// Steps.
    work: Affine,
}

type Bounded<T> = Result<T, Unbounded>;

fn refused<T>(what: impl Into<String>) -> Bounded<T> {
    Err(Unbounded { what: what.into() })
}

/// Refuses an expression whose evaluation is not known to be short.
pub(super) fn check(term: &Term<&str>) -> Bounded<()> {
    let cost = cost(term)?;
    let all = cost.work.plus(cost.size).plus(cost.results);
    if all.fixed > MOST.fixed || all.each > MOST.each {
        return refused("it makes too much of what it is given");
    }
    Ok(())
}

impl Affine {
    const ONE: Self = Self { fixed: 1, each: 0 };
    /// The size of the input.
    const INPUT: Self = Self { fixed: 1, each: 1 };

    fn fixed(fixed: u64) -> Self {
        Self { fixed, each: 0 }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            fixed: self.fixed.saturating_add(other.fixed),
            each: self.each.saturating_add(other.each),
        }
    }

    fn times(self, other: Self) -> Bounded<Self> {
        let (constant, other) = match (self.each, other.each) {
            (0, _) => (self.fixed, other),
            (_, 0) => (other.fixed, self),
            _ => return refused("it goes through the record again for each part of the record"),
        };
        Ok(other.scaled(constant))
    }

    fn scaled(self, by: u64) -> Self {
        Self {
            fixed: self.fixed.saturating_mul(by),
            each: self.each.saturating_mul(by),
        }
    }

    /// The sum of this function over inputs of which there are `results` and whose sizes add up to `size`.
    fn over(self, results: Self, size: Self) -> Self {
        results.scaled(self.fixed).plus(size.scaled(self.each))
    }
}

impl Cost {
    /// One result of that size.
    fn one(size: Affine, work: Affine) -> Self {
        let results = Affine::ONE;
        Self {
            results,
            size,
            work,
        }
    }

    /// One result that is a number, a boolean or a short text.
    fn small(work: Affine) -> Self {
        Self::one(Affine::fixed(64), work)
    }

    /// Both, one after the other, on one input.
    fn and_then(self, other: Self) -> Self {
        Self {
            results: self.results.plus(other.results),
            size: self.size.plus(other.size),
            work: self.work.plus(other.work),
        }
    }

    /// `self | next`.
    fn pipe(self, next: Self) -> Self {
        let over = |cost: Affine| cost.over(self.results, self.size);
        Self {
            results: over(next.results),
            size: over(next.size),
            work: self.work.plus(over(next.work)),
        }
    }

    /// Each result of one with each of the other.
    fn product(self, other: Self) -> Bounded<Self> {
        let size = self.size.times(other.results)?;
        Ok(Self {
            results: self.results.times(other.results)?,
            size: size.plus(other.size.times(self.results)?),
            work: self.work.plus(other.work.times(self.results)?),
        })
    }

    /// All results in one.
    fn collected(self) -> Self {
        Self::one(self.size.plus(self.results), self.work)
    }
}

/// What an expression comes to.
fn cost(term: &Term<&str>) -> Bounded<Cost> {
    Ok(match term {
        Term::Id => Cost::one(Affine::INPUT, Affine::ONE),
        Term::Num(_) | Term::Break(_) | Term::Arr(None) => Cost::small(Affine::ONE),
        Term::Recurse => every_value(),
        Term::Str(format, parts) => string(format.is_some(), parts)?,
        Term::Arr(Some(term)) => cost(term)?.collected(),
        Term::Obj(members) => object(members)?,
        Term::Neg(term) | Term::Label(_, term) | Term::TryCatch(term, None) => cost(term)?,
        Term::BinOp(left, operation, right) => operator(left, operation, right)?,
        // What is caught may quote the input.
        Term::TryCatch(body, Some(catch)) => {
            cost(body)?.and_then(Cost::one(Affine::INPUT, Affine::ONE).pipe(cost(catch)?))
        }
        Term::IfThenElse(conditions, otherwise) => cases(conditions, otherwise.as_deref())?,
        Term::Call(name, arguments) => call(name, arguments)?,
        Term::Path(head, jaq_core::path::Path(parts)) => path(head, parts)?,
        Term::Var(name) => return refused(format!("the variable {name}")),
        Term::Fold(name, ..) => return refused(format!("a {name}")),
        Term::Def(..) => return refused("a definition of its own"),
    })
}

fn object(members: &[(Term<&str>, Option<Term<&str>>)]) -> Bounded<Cost> {
    let mut all = Cost::small(Affine::ONE);
    for (name, value) in members {
        all = all.product(cost(name)?)?;
        // `{name}` is `{name: .name}`.
        let field = || Ok(Cost::one(Affine::INPUT, Affine::ONE));
        all = all.product(value.as_ref().map_or_else(field, cost)?)?;
    }
    Ok(all)
}

fn string(formatted: bool, parts: &[StrPart<&str, Term<&str>>]) -> Bounded<Cost> {
    let mut all = Cost::small(Affine::ONE);
    for part in parts {
        match part {
            StrPart::Str(text) => {
                all.size = all.size.plus(Affine::fixed(text.len() as u64));
            }
            StrPart::Char(_) => all.size = all.size.plus(Affine::fixed(4)),
            StrPart::Term(term) => {
                let mut value = cost(term)?;
                // As JSON, and perhaps encoded.
                value.size = value.size.scaled(if formatted { 24 } else { 8 });
                all = all.product(value)?;
            }
        }
    }
    Ok(all)
}

fn operator(left: &Term<&str>, operator: &BinaryOp<&str>, right: &Term<&str>) -> Bounded<Cost> {
    let (first, second) = (cost(left)?, cost(right));
    match operator {
        BinaryOp::Pipe(None) => Ok(first.pipe(second?)),
        BinaryOp::Pipe(Some(pattern)) => {
            let name = match pattern {
                Pattern::Var(name) => *name,
                Pattern::Arr(_) | Pattern::Obj(_) => "of a pattern",
            };
            refused(format!("the variable {name}"))
        }
        BinaryOp::Comma | BinaryOp::Alt => Ok(first.and_then(second?)),
        BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => {
            let both = first.product(second?)?;
            let work = both.work.plus(both.size);
            let size = both.results;
            Ok(Cost { size, work, ..both })
        }
        BinaryOp::Math(Math::Mul) => match (times(left), times(right)) {
            (None, None) => refused("a multiplication whose factors are both not written out"),
            (Some(factor), _) | (_, Some(factor)) => {
                let both = first.product(second?)?;
                let size = both.size.scaled(factor.max(1));
                let work = both.work.plus(size);
                Ok(Cost { size, work, ..both })
            }
        },
        BinaryOp::Math(_) => {
            let both = first.product(second?)?;
            let work = both.work.plus(both.size);
            Ok(Cost { work, ..both })
        }
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
            refused("an assignment")
        }
    }
}

fn cases(cases: &[(Term<&str>, Term<&str>)], otherwise: Option<&Term<&str>>) -> Bounded<Cost> {
    let mut all = match otherwise {
        Some(term) => cost(term)?,
        None => Cost::one(Affine::INPUT, Affine::ONE),
    };
    for (condition, then) in cases.iter().rev() {
        all = cost(condition)?.product(cost(then)?.and_then(all))?;
    }
    Ok(all)
}

fn path(head: &Term<&str>, parts: &[(Part<Term<&str>>, jaq_core::path::Opt)]) -> Bounded<Cost> {
    let mut all = cost(head)?;
    for (part, _) in parts {
        let (bounds, step) = match part {
            Part::Range(None, None) => (vec![], every_member()),
            Part::Range(start, end) => (
                start.iter().chain(end).collect(),
                Cost::one(Affine::INPUT, Affine::INPUT),
            ),
            Part::Index(index) => (vec![index], Cost::one(Affine::INPUT, Affine::ONE)),
        };
        for bound in bounds {
            if !matches!(bound, Term::Num(_) | Term::Str(None, _) | Term::Neg(_)) {
                return refused("an index that is not written out");
            }
        }
        all = all.pipe(step);
    }
    Ok(all)
}

fn call(name: &str, arguments: &[Term<&str>]) -> Bounded<Cost> {
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

/// `.[]`: values that lie beside one another.
fn every_member() -> Cost {
    Cost {
        results: Affine::INPUT,
        size: Affine::INPUT,
        work: Affine::INPUT,
    }
}

/// `..`: values that lie within one another, so that each is in as many results as it is deep.
fn every_value() -> Cost {
    Cost {
        results: Affine::INPUT,
        size: Affine::INPUT.scaled(16),
        work: Affine::INPUT.scaled(16),
    }
}

/// A number that is written out.
fn times(term: &Term<&str>) -> Option<u64> {
    match term {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded up, and saturating"
        )]
        Term::Num(digits) => digits.parse().ok().map(|number: f64| number.ceil() as u64),
        _ => None,
    }
}

/// Bytes of a text that is written out.
fn literal(term: &Term<&str>) -> Option<u64> {
    match term {
        Term::Str(None, parts) => super::plain_text(parts).map(|text| text.len() as u64),
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

#[cfg(test)]
mod tests {
    use crate::keys::KeyQuery;

    fn bounds(expression: &str) -> String {
        let query = KeyQuery::partition_keys(&format!("k={expression}")).unwrap();
        match query.check_bounds() {
            Ok(()) => "ends".to_owned(),
            Err(error) => error.what,
        }
    }

    #[test]
    fn expressions_of_everyday_are_known_to_end() {
        for expression in [
            ".detail.eventType",
            r#".detail.eventType | if . == null or . == "" then "unknown" else tostring end"#,
            r#".time | strptime("%Y-%m-%dT%H:%M:%SZ") | strftime("%Y")"#,
            r#"[.detail.tags[] | select(. != "a") | ascii_downcase] | sort | join("+")"#,
            r#""\(.a)/\(.b | tostring)""#,
            r#".detail.name | gsub("[^a-z]+"; "-") | .[0:20]"#,
            ".price * 100 | floor",
            ".a // .b // (.c | tostring)",
            r#"(.a | split(",") | map(tonumber) | add) + 1"#,
            r#"try (.a | ascii_downcase) catch "none""#,
            "[..] | length",
            ".detail | to_entries | map(.key) | first",
        ] {
            assert_eq!(bounds(expression), "ends", "{expression}");
        }
    }

    #[test]
    fn what_may_run_on_is_refused_by_name() {
        let doubling = vec![". + ."; 30].join(" | ");
        let choices = vec!["(1, 2)"; 30].join(" | ");
        let told = [
            "recurse(.)",
            "[range(0; 1e18)] | length",
            "last(repeat(1))",
            "until(false; .)",
            "def f: f; f",
            "reduce range(1e9) as $x (0; . + $x)",
            r#""x" * 1e12"#,
            r#""x" * .n"#,
            "[.[] as $a | .[] as $b | 1] | length",
            "[.[] + .[]] | length",
            "[.[] | .[]] | map([.] | tojson | tojson | tojson | tojson) | length",
            ".[1e9] = 1 | length",
            "test(.pattern)",
            r#"test("(a{1000}){1000}{1000}")"#,
            &doubling,
            &choices,
            "limit(5; repeat(.))",
        ]
        .map(|expression| format!("{:.40}: {}", expression, bounds(expression)));
        insta::assert_snapshot!(told.join("\n"), @r#"
        recurse(.): the filter recurse/1
        [range(0; 1e18)] | length: the filter range/2
        last(repeat(1)): the filter repeat/1
        until(false; .): the filter until/2
        def f: f; f: a definition of its own
        reduce range(1e9) as $x (0; . + $x): a reduce
        "x" * 1e12: it makes too much of what it is given
        "x" * .n: a multiplication whose factors are both not written out
        [.[] as $a | .[] as $b | 1] | length: the variable $a
        [.[] + .[]] | length: it goes through the record again for each part of the record
        [.[] | .[]] | map([.] | tojson | tojson : it makes too much of what it is given
        .[1e9] = 1 | length: an assignment
        test(.pattern): test with a pattern that is long or not written out
        test("(a{1000}){1000}{1000}"): test with a pattern that repeats too much
        . + . | . + . | . + . | . + . | . + . | : it makes too much of what it is given
        (1, 2) | (1, 2) | (1, 2) | (1, 2) | (1, : it makes too much of what it is given
        limit(5; repeat(.)): the filter repeat/1
        "#);
    }
}
