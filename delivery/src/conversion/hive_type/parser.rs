//! How a type is spelled.

use super::HiveType;

/// Most digits of a decimal (Hive language manual).
const MAX_PRECISION: u8 = 38;

/// Deepest nesting of types. Ours: a hostile schema must not exhaust the stack.
const MAX_DEPTH: usize = 32;

/// Reads a type, or says what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<HiveType, String> {
    let mut parser = Parser { rest: text };
    let parsed = parser.any(0)?;
    parser.blank();
    if parser.rest.is_empty() {
        Ok(parsed)
    } else {
        Err(format!("goes on after its end, at `{}`", parser.rest))
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<HiveType, String> {
        if depth > MAX_DEPTH {
            return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
        }
        let word = self.word().to_ascii_lowercase();
        match word.as_str() {
            "boolean" => Ok(HiveType::Boolean),
            "tinyint" => Ok(HiveType::TinyInt),
            "smallint" => Ok(HiveType::SmallInt),
            "int" | "integer" => Ok(HiveType::Int),
            "bigint" => Ok(HiveType::BigInt),
            "float" => Ok(HiveType::Float),
            "double" => Ok(HiveType::Double),
            "string" => Ok(HiveType::Text),
            "binary" => Ok(HiveType::Binary),
            "date" => Ok(HiveType::Date),
            "timestamp" => Ok(HiveType::Timestamp),
            "char" | "varchar" => match self.numbers()?.as_slice() {
                [_] => Ok(HiveType::Text),
                _ => Err(format!("needs a length: {word}(255)")),
            },
            "decimal" => self.decimal(),
            "array" => {
                self.expect('<')?;
                let element = self.any(depth + 1)?;
                self.expect('>')?;
                Ok(HiveType::Array(Box::new(element)))
            }
            "map" => {
                self.expect('<')?;
                let key = self.any(depth + 1)?;
                if matches!(
                    key,
                    HiveType::Array(_) | HiveType::Map(..) | HiveType::Struct(_)
                ) {
                    return Err(format!(
                        "has a map with keys of {key}; keys are simple types"
                    ));
                }
                self.expect(',')?;
                let value = self.any(depth + 1)?;
                self.expect('>')?;
                Ok(HiveType::Map(Box::new(key), Box::new(value)))
            }
            "struct" => self.members(depth),
            "" => Err("has no type where one belongs".to_owned()),
            _ => Err(format!(
                "has `{word}`; there are boolean, tinyint, smallint, int, bigint, float, double, \
                 decimal(p,s), string, char(n), varchar(n), binary, date, timestamp, array<…>, map<…,…> \
                 and struct<…:…>"
            )),
        }
    }

    fn decimal(&mut self) -> Result<HiveType, String> {
        let (precision, scale) = match self.numbers()?.as_slice() {
            [] => (10, 0),
            [precision] => (*precision, 0),
            [precision, scale] => (*precision, *scale),
            _ => return Err("has a decimal of more than two numbers".to_owned()),
        };
        match (u8::try_from(precision), i8::try_from(scale)) {
            (Ok(precision @ 1..=MAX_PRECISION), Ok(scale))
                if u32::from(precision) >= scale_of(scale) =>
            {
                Ok(HiveType::Decimal { precision, scale })
            }
            _ => Err(format!(
                "has a decimal of {precision} digits, {scale} of them after the point; it has 1 to \
                 {MAX_PRECISION}, and no more after the point than in all"
            )),
        }
    }

    fn members(&mut self, depth: usize) -> Result<HiveType, String> {
        self.expect('<')?;
        let mut members: Vec<(String, HiveType)> = Vec::new();
        loop {
            let name = self.name()?;
            if members
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(&name))
            {
                return Err(format!("has two members called `{name}`"));
            }
            self.expect(':')?;
            members.push((name, self.any(depth + 1)?));
            if !self.takes(',') {
                break;
            }
        }
        self.expect('>')?;
        Ok(HiveType::Struct(members))
    }

    /// `(1, 2)`, or nothing.
    fn numbers(&mut self) -> Result<Vec<u32>, String> {
        let mut numbers = Vec::new();
        if !self.takes('(') {
            return Ok(numbers);
        }
        loop {
            let word = self.word();
            numbers.push(
                word.parse()
                    .map_err(|_| format!("has `{word}` where a number belongs"))?,
            );
            if !self.takes(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(numbers)
    }

    /// The name of a struct's member; between backquotes any characters, a backquote twice.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        if self.takes('`') {
            while let Some((part, rest)) = self.rest.split_once('`') {
                name += part;
                self.rest = rest;
                let Some(rest) = rest.strip_prefix('`') else {
                    break;
                };
                name.push('`');
                self.rest = rest;
            }
        } else {
            let end = self
                .rest
                .find([':', '<', '>', ','])
                .unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            word.trim().clone_into(&mut name);
            self.rest = rest;
        }
        if name.is_empty() {
            return Err("has a struct with a member without a name".to_owned());
        }
        Ok(name)
    }

    fn word(&mut self) -> &'a str {
        self.blank();
        let end = self
            .rest
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.blank();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.takes(wanted) {
            return Ok(());
        }
        Err(match self.rest.chars().next() {
            Some(found) => format!("has `{found}` where `{wanted}` belongs"),
            None => format!("ends where `{wanted}` belongs"),
        })
    }
}

fn scale_of(scale: i8) -> u32 {
    u32::from(scale.unsigned_abs())
}
