//! JSON text as a tree that knows where each value stands: the reason of a refusal says so.

/// Levels of nesting that are read.
const MAX_DEPTH: usize = 1000;

/// A value and the place behind its first token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Bytes of the text up to the end of the value's first token.
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `null`, `true`, `false`.
    Word(&'static str),
    /// As it is spelled.
    Number(String),
    Text(String),
    List(Vec<Node>, usize),
    /// Members in order, each with the place behind its name, and the place of the end. Of members with one
    /// name, the last stands, where the first was.
    Object(Vec<(String, usize, Node)>, usize),
}

/// Text that is no JSON: what was found and where.
#[derive(Debug, PartialEq)]
pub(super) struct NoJson {
    pub(super) what: String,
    pub(super) at: usize,
}

/// Reads one value and nothing behind it.
pub(super) fn parse(text: &str) -> Result<Node, NoJson> {
    let mut reader = Reader { text, at: 0 };
    reader.blanks();
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.unexpected("nothing more"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> NoJson {
        let rest = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        NoJson {
            what: match rest {
                Some(found) => format!("Unexpected character ('{found}'): expected {wanted}"),
                None => format!("Unexpected end-of-input: expected {wanted}"),
            },
            at: self.at,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, NoJson> {
        if depth > MAX_DEPTH {
            return Err(NoJson {
                what: format!("nested deeper than {MAX_DEPTH} levels"),
                at: self.at,
            });
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let kind = self.object(depth)?;
                return Ok(Node {
                    kind,
                    at: start + 1,
                });
            }
            Some(b'[') => {
                self.at += 1;
                let kind = self.list(depth)?;
                return Ok(Node {
                    kind,
                    at: start + 1,
                });
            }
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Kind::Number(self.number()?),
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return Err(self.unexpected("a JSON value")),
        };
        Ok(Node { kind, at: self.at })
    }

    fn word(&mut self, word: &'static str) -> Result<Kind, NoJson> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.unexpected("a JSON value"));
        }
        self.at += word.len();
        Ok(Kind::Word(word))
    }

    /// A number or a string, as serde's parser has it.
    fn scalar<T: serde::de::DeserializeOwned>(&mut self, end: usize) -> Result<T, NoJson> {
        let token = self.text.get(self.at..end).unwrap_or_default();
        let value = serde_json::from_str(token).map_err(|error| NoJson {
            what: error.to_string(),
            at: self.at,
        })?;
        self.at = end;
        Ok(value)
    }

    fn number(&mut self) -> Result<String, NoJson> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E'))
            .count();
        let end = self.at + length;
        let text = self.text.get(self.at..end).unwrap_or_default().to_owned();
        self.scalar::<serde::de::IgnoredAny>(end)?;
        Ok(text)
    }

    fn string(&mut self) -> Result<String, NoJson> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => {
                    self.at = bytes.len();
                    return Err(self.unexpected("the end of a string"));
                }
            }
        }
        self.scalar(end + 1)
    }

    fn list(&mut self, depth: usize) -> Result<Kind, NoJson> {
        let mut items = Vec::new();
        self.blanks();
        while self.peek() != Some(b']') {
            if !items.is_empty() {
                self.byte(b',', "a comma or the end of the array")?;
                self.blanks();
            }
            items.push(self.value(depth + 1)?);
            self.blanks();
        }
        self.at += 1;
        Ok(Kind::List(items, self.at))
    }

    fn object(&mut self, depth: usize) -> Result<Kind, NoJson> {
        let mut members: Vec<(String, usize, Node)> = Vec::new();
        let mut first = true;
        self.blanks();
        while self.peek() != Some(b'}') {
            if !std::mem::take(&mut first) {
                self.byte(b',', "a comma or the end of the object")?;
                self.blanks();
            }
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a field name in double quotes"));
            }
            let name = self.string()?;
            let at = self.at;
            self.blanks();
            self.byte(b':', "a colon")?;
            self.blanks();
            let value = self.value(depth + 1)?;
            self.blanks();
            match members.iter_mut().find(|(it, ..)| *it == name) {
                Some(member) => (member.1, member.2) = (at, value),
                None => members.push((name, at, value)),
            }
        }
        self.at += 1;
        Ok(Kind::Object(members, self.at))
    }

    fn byte(&mut self, byte: u8, wanted: &str) -> Result<(), NoJson> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected(wanted));
        }
        self.at += 1;
        Ok(())
    }
}
