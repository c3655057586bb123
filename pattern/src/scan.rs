//! The leaves of an event at the paths that patterns name, and in which array elements they lie. What no
//! pattern names is passed over.

use std::{borrow::Cow, collections::HashMap};

use memchr::memchr2;

use super::{hash::Quick, matcher::Value};

/// Levels of nesting that are looked into, as on AWS.
const MAX_DEPTH: usize = 1000;

/// The paths that patterns name.
#[derive(Debug, Default)]
pub(super) struct Paths {
    nodes: Vec<PathNode>,
    pub(super) count: u32,
}

#[derive(Debug, Default)]
struct PathNode {
    children: HashMap<Box<[u8]>, u32, Quick>,
    path: Option<u32>,
}

impl Paths {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![PathNode::default()],
            count: 0,
        }
    }

    /// The number of a path.
    pub(super) fn number(&mut self, path: &[String]) -> u32 {
        let mut node = 0;
        for step in path {
            let next = index(self.nodes.len());
            let child = self.nodes[node]
                .children
                .entry(step.as_bytes().into())
                .or_insert(next);
            node = *child as usize;
            if *child == next {
                self.nodes.push(PathNode::default());
            }
        }
        *self.nodes[node].path.get_or_insert_with(|| {
            self.count += 1;
            self.count - 1
        })
    }

    /// The node that a member called `name` of an object leads to: a dot in it is a step.
    fn step(&self, node: u32, name: &[u8]) -> Option<u32> {
        let children = &self.nodes[node as usize].children;
        if let Some(child) = children.get(name) {
            return Some(*child);
        }
        if !name.contains(&b'.') {
            return None;
        }
        name.split(|byte| *byte == b'.')
            .try_fold(node, |node, step| {
                self.nodes[node as usize].children.get(step).copied()
            })
    }
}

pub(super) fn index(number: usize) -> u32 {
    // An event has at most a few million bytes, a bus a few hundred rules.
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A leaf that is at a path of a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) path: u32,
    /// Where its text lies in the event, without quotes.
    start: u32,
    end: u32,
    kind: LeafKind,
    /// In which elements of arrays it is; the chain of no element is 0.
    pub(super) chain: u32,
    /// The next leaf with the same path.
    pub(super) next: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LeafKind {
    Text,
    Escaped,
    Token,
}

impl Leaf {
    pub(super) fn value<'a>(&self, event: &'a str) -> Value<'a> {
        let range = self.start as usize..self.end as usize;
        match self.kind {
            LeafKind::Text => Value::Text(Cow::Borrowed(event.get(range).unwrap_or_default())),
            LeafKind::Token => Value::Token(event.get(range).unwrap_or_default()),
            LeafKind::Escaped => {
                let quoted = event
                    .get(range.start - 1..range.end + 1)
                    .unwrap_or_default();
                Value::Text(Cow::Owned(serde_json::from_str(quoted).unwrap_or_default()))
            }
        }
    }
}

/// An element of an array, and the one around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) around: u32,
    pub(super) array: u32,
    pub(super) index: u32,
}

/// What was found in an event.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) leaves: Vec<Leaf>,
    pub(super) elements: Vec<Element>,
    arrays: u32,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.elements.clear();
        self.elements.push(Element {
            around: 0,
            array: 0,
            index: 0,
        });
        self.arrays = 0;
    }
}

/// Finds the leaves of `event`, a JSON object; `None` when it is none.
pub(super) fn scan(event: &str, paths: &Paths, found: &mut Found) -> Option<()> {
    found.clear();
    let mut scanner = Scanner {
        text: event.as_bytes(),
        at: 0,
        paths,
        found,
    };
    scanner.blanks();
    if scanner.peek()? != b'{' {
        return None;
    }
    scanner.object(0, 0, 0)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    paths: &'a Paths,
    found: &'a mut Found,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The inside of the string that begins here, and whether there are escapes in it.
    fn string(&mut self) -> Option<(usize, usize, bool)> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let (mut end, mut escaped) = (start, false);
        loop {
            end += memchr2(b'"', b'\\', self.text.get(end..)?)?;
            if self.text[end] == b'"' {
                break;
            }
            escaped = true;
            end += 2;
        }
        self.at = end + 1;
        Some((start, end, escaped))
    }

    fn name(&mut self) -> Option<Cow<'a, [u8]>> {
        let (start, end, escaped) = self.string()?;
        if !escaped {
            return Some(Cow::Borrowed(self.text.get(start..end)?));
        }
        let name: String = serde_json::from_slice(self.text.get(start - 1..=end)?).ok()?;
        Some(Cow::Owned(name.into_bytes()))
    }

    fn object(&mut self, node: u32, chain: u32, depth: usize) -> Option<()> {
        if self.paths.nodes[node as usize].children.is_empty() || depth > MAX_DEPTH {
            return self.skip();
        }
        self.at += 1;
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.blanks();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.blanks();
            match self.paths.step(node, &name) {
                Some(child) => self.value(child, chain, depth + 1)?,
                None => self.skip()?,
            }
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.blanks();
        }
    }

    fn value(&mut self, node: u32, chain: u32, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(node, chain, depth),
            b'[' => self.array(node, chain, depth),
            b'"' => {
                let (start, end, escaped) = self.string()?;
                let kind = if escaped {
                    LeafKind::Escaped
                } else {
                    LeafKind::Text
                };
                self.leaf(node, (start, end), kind, chain);
                Some(())
            }
            _ => {
                let start = self.at;
                self.token()?;
                self.leaf(node, (start, self.at), LeafKind::Token, chain);
                Some(())
            }
        }
    }

    fn leaf(&mut self, node: u32, (start, end): (usize, usize), kind: LeafKind, chain: u32) {
        if let Some(path) = self.paths.nodes[node as usize].path {
            self.found.leaves.push(Leaf {
                path,
                start: index(start),
                end: index(end),
                kind,
                chain,
                next: u32::MAX,
            });
        }
    }

    fn array(&mut self, node: u32, chain: u32, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return self.skip();
        }
        let array = self.found.arrays;
        self.found.arrays += 1;
        self.at += 1;
        self.blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        let mut number = 0;
        loop {
            // Only what is inside an element can be in the same element as something else.
            let within = if matches!(self.peek()?, b'{' | b'[') {
                self.found.elements.push(Element {
                    around: chain,
                    array,
                    index: number,
                });
                index(self.found.elements.len() - 1)
            } else {
                chain
            };
            self.value(node, within, depth + 1)?;
            number += 1;
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.blanks();
        }
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn token(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'a'..=b'z' | b'E' | b'0'..=b'9' | b'-' | b'+' | b'.') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Passes over a value.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            _ => self.token(),
        }
    }
}
