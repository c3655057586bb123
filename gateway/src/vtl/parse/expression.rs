//! Expressions: what stands in parentheses.

use super::{Parser, TemplateError};
use crate::vtl::ast::{Expression, Operator};

/// Operators, longer spellings before shorter ones that they begin with.
const OPERATORS: [(&str, Operator); 21] = [
    ("||", Operator::Or),
    ("&&", Operator::And),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
    ("or", Operator::Or),
    ("and", Operator::And),
    ("eq", Operator::Equal),
    ("ne", Operator::NotEqual),
    ("le", Operator::LessOrEqual),
    ("ge", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("gt", Operator::Greater),
];

impl Parser<'_> {
    /// An expression, with the blanks around it.
    pub(super) fn expression(&mut self) -> Result<Expression, TemplateError> {
        self.deeper(|parser| parser.binary(0))
    }

    /// Operands, joined by operators that bind more tightly than `strength`.
    fn binary(&mut self, strength: u8) -> Result<Expression, TemplateError> {
        let mut left = self.operand()?;
        loop {
            self.blanks();
            let Some((spelling, operator)) = self.operator() else {
                return Ok(left);
            };
            if operator.strength() <= strength {
                return Ok(left);
            }
            self.at += spelling.len();
            let right = self.deeper(|parser| parser.binary(operator.strength()))?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn operator(&self) -> Option<(&'static str, Operator)> {
        let ends = |spelling: &str| {
            let next = self.text.get(self.at + spelling.len());
            !spelling.starts_with(char::is_alphabetic)
                || !next.is_some_and(|next| next.is_alphanumeric() || *next == '_')
        };
        OPERATORS
            .into_iter()
            .find(|(spelling, _)| self.next_is(spelling) && ends(spelling))
    }

    fn operand(&mut self) -> Result<Expression, TemplateError> {
        self.blanks();
        let Some(character) = self.peek() else {
            return Err(self.error("expected a value, found the end"));
        };
        match character {
            '!' => {
                self.at += 1;
                self.deeper(Self::operand)
                    .map(|of| Expression::Not(Box::new(of)))
            }
            '(' => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            '$' => match self.reference()? {
                Some(reference) => Ok(Expression::Reference(reference)),
                None => Err(self.error("expected a name behind `$`")),
            },
            '\'' => self
                .quoted('\'')
                .map(|text| Expression::Text(text.iter().collect())),
            '"' => self.interpolated(),
            '[' => self.deeper(Self::list_or_range),
            '{' => self.deeper(Self::map),
            '-' if !self.text.get(self.at + 1).is_some_and(char::is_ascii_digit) => {
                self.at += 1;
                self.deeper(Self::operand)
                    .map(|of| Expression::Negative(Box::new(of)))
            }
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Expression, TemplateError> {
        let from = self.at;
        match self.identifier().as_deref() {
            Some("true") => Ok(Expression::Boolean(true)),
            Some("false") => Ok(Expression::Boolean(false)),
            Some("null") => Ok(Expression::Null),
            Some("not") => self
                .deeper(Self::operand)
                .map(|of| Expression::Not(Box::new(of))),
            other => {
                self.at = from;
                let found = other.map_or_else(
                    || self.peek().map(String::from).unwrap_or_default(),
                    str::to_owned,
                );
                Err(self.error(format!(
                    "expected a value, found `{found}`; names begin with `$`, strings with a quote"
                )))
            }
        }
    }

    fn number(&mut self) -> Result<Expression, TemplateError> {
        let mut digits = String::new();
        if self.take("-") {
            digits.push('-');
        }
        let take_digits = |parser: &mut Self, digits: &mut String| {
            while let Some(digit) = parser.peek().filter(char::is_ascii_digit) {
                digits.push(digit);
                parser.at += 1;
            }
        };
        take_digits(self, &mut digits);
        // `1..3` is a range.
        let point = self.peek() == Some('.')
            && self.text.get(self.at + 1).is_some_and(char::is_ascii_digit);
        if point {
            self.at += 1;
            digits.push('.');
            take_digits(self, &mut digits);
            return match digits.parse() {
                Ok(number) => Ok(Expression::Float(number)),
                Err(_) => Err(self.error(format!("{digits} is no number"))),
            };
        }
        match digits.parse() {
            Ok(number) => Ok(Expression::Integer(number)),
            Err(_) => Err(self.error(format!("{digits} is too large a number"))),
        }
    }

    /// The characters between two quotes, as they stand: a backslash before anything, a quote even, stays.
    fn quoted(&mut self, quote: char) -> Result<Vec<char>, TemplateError> {
        let start = self.at;
        self.at += 1;
        let mut text = Vec::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            if character == quote {
                // Two quotes stand for one.
                if self.peek() != Some(quote) {
                    return Ok(text);
                }
                self.at += 1;
            } else if character == '\\' && quote == '"' && matches!(self.peek(), Some('"' | '\\')) {
                text.push(character);
                text.extend(self.peek());
                self.at += 1;
                continue;
            }
            text.push(character);
        }
        self.at = start;
        Err(self.error(format!("a string without its closing {quote}")))
    }

    fn interpolated(&mut self) -> Result<Expression, TemplateError> {
        let start = self.at;
        let text = self.quoted('"')?;
        if !text.contains(&'$') && !text.contains(&'#') {
            return Ok(Expression::Text(text.iter().collect()));
        }
        let inner = Parser::new(&text, self.depth + 1);
        if self.depth + 1 >= super::MOST_DEPTH {
            return Err(self.error(format!("nested more than {} deep", super::MOST_DEPTH)));
        }
        inner
            .template()
            .map(Expression::Interpolated)
            .map_err(|error| {
                // The place in the string is of no use; where the string begins is.
                self.at = start;
                self.error(format!("in this string: {}", error.reason))
            })
    }

    /// Expressions with commas between, up to `close`, which is taken.
    pub(super) fn list(&mut self, close: &str) -> Result<Vec<Expression>, TemplateError> {
        let mut items = Vec::new();
        self.blanks();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            self.blanks();
            if self.take(close) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn list_or_range(&mut self) -> Result<Expression, TemplateError> {
        self.expect("[")?;
        self.blanks();
        if self.take("]") {
            return Ok(Expression::List(Vec::new()));
        }
        let first = self.expression()?;
        self.blanks();
        if self.take("..") {
            let last = self.expression()?;
            self.expect("]")?;
            return Ok(Expression::Range(Box::new(first), Box::new(last)));
        }
        let mut items = vec![first];
        if !self.take("]") {
            self.expect(",")?;
            items.extend(self.list("]")?);
        }
        Ok(Expression::List(items))
    }

    fn map(&mut self) -> Result<Expression, TemplateError> {
        self.expect("{")?;
        let mut entries = Vec::new();
        self.blanks();
        if self.take("}") {
            return Ok(Expression::Map(entries));
        }
        loop {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            self.blanks();
            if self.take("}") {
                return Ok(Expression::Map(entries));
            }
            self.expect(",")?;
        }
    }
}
