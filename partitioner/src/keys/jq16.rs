//! What jq 1.6, which AWS runs, does not take and jaq does: found out here, and not when the stream is
//! created.

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::Term;

use super::error::QueryError;
use super::syntax::all_terms;

/// Filters of jaq that came to jq later or never, sorted. Those of jq's names that the crate leaves out are
/// not here.
const LATER: [(&str, usize); 25] = [
    ("@htmld", 0),
    ("@urid", 0),
    ("abs", 0),
    ("add", 1),
    ("capture_of_match", 0),
    ("decode_base64", 0),
    ("decode_uri", 0),
    ("encode_base64", 0),
    ("encode_uri", 0),
    ("isarray", 0),
    ("isboolean", 0),
    ("isnumber", 0),
    ("isobject", 0),
    ("isstring", 0),
    ("key_values", 0),
    ("ltrim", 0),
    ("matches", 2),
    ("pick", 1),
    ("rtrim", 0),
    ("scan", 2),
    ("skip", 2),
    ("toboolean", 0),
    ("tobytes", 0),
    ("totype", 2),
    ("trim", 0),
];

/// Words that jq 1.6 does not read as the value of a key, unless in parentheses.
const EXPRESSIONS: [&str; 9] = [
    "if", "try", "reduce", "foreach", "def", "label", "as", "and", "or",
];

/// Checks the value of a key.
pub(super) fn check_term(term: &Term<&str>) -> Result<(), QueryError> {
    let terms = all_terms(term);
    let defined = |name: &str, arity: usize| {
        terms.iter().any(|term| match term {
            Term::Def(definitions, _) => definitions
                .iter()
                .any(|it| it.name == name && it.args.len() == arity),
            _ => false,
        })
    };
    let later = |name: &str, arity: usize| LATER.contains(&(name, arity)) && !defined(name, arity);
    for term in &terms {
        let missing = match term {
            Term::Call(name, arguments) if later(name, arguments.len()) => {
                format!("the filter {name}/{}", arguments.len())
            }
            Term::Str(Some(format), _) if later(format, 0) => format!("the format {format}"),
            Term::IfThenElse(_, None) => "an if without an else".to_owned(),
            _ => continue,
        };
        return Err(QueryError::NotInJq16 { missing });
    }
    Ok(())
}

/// Checks the values of all object constructors among these tokens. Recursion is bounded as in
/// [`super::syntax::parse`].
pub(super) fn check_tokens(tokens: &[Token<&str>]) -> Result<(), QueryError> {
    for Token(text, kind) in tokens {
        match kind {
            Tok::Block(inner) => {
                if text.starts_with('{') {
                    check_object(inner)?;
                }
                check_tokens(inner)?;
            }
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(token) = part {
                        check_tokens(std::slice::from_ref(token))?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The values are paths, calls and the like with pipes between them; all else needs parentheses.
fn check_object(tokens: &[Token<&str>]) -> Result<(), QueryError> {
    let mut key = "";
    let mut in_value = false;
    let mut before = "";
    for Token(text, kind) in tokens {
        let starts = matches!(before, ":" | "|");
        let refused = match kind {
            Tok::Word => EXPRESSIONS.contains(text),
            Tok::Sym if *text == "-" => !starts,
            Tok::Sym => !text.starts_with('.') && !matches!(*text, "|" | ":" | "," | "}" | "?"),
            _ => false,
        };
        match *text {
            ":" if matches!(kind, Tok::Sym) => in_value = true,
            "," if matches!(kind, Tok::Sym) => (in_value, key) = (false, ""),
            text if !in_value => key = text,
            text if refused => {
                return Err(QueryError::NoParentheses {
                    key: key.trim_matches('"').to_owned(),
                    operator: text.to_owned(),
                });
            }
            _ => {}
        }
        before = text;
    }
    Ok(())
}
