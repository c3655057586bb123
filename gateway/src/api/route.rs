//! Which method of an API a request is for.

use crate::vtl::Names;

/// The part of a path between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{name}`
    Variable(String),
    /// `{name+}`: all that follows.
    Rest(String),
}

/// A path with its variables, such as `/users/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub text: String,
    segments: Vec<Segment>,
}

impl Path {
    pub(super) fn parse(text: &str) -> Self {
        let segment = |part: &str| match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Rest(name.to_owned()),
                None => Segment::Variable(name.to_owned()),
            },
            None => Segment::Literal(part.to_owned()),
        };
        Self {
            text: text.to_owned(),
            segments: split(text).map(segment).collect(),
        }
    }

    /// What the variables stand for, if a request's path is this one.
    pub(super) fn matches(&self, path: &str) -> Option<Names> {
        let mut names = Names::new();
        let mut parts = split(path);
        for segment in &self.segments {
            match segment {
                Segment::Rest(name) => {
                    let rest: Vec<&str> = parts.collect();
                    (!rest.is_empty()).then(|| names.insert(name.clone(), rest.join("/")))?;
                    return Some(names);
                }
                Segment::Literal(text) => (parts.next()? == text).then_some(())?,
                Segment::Variable(name) => {
                    names.insert(name.clone(), parts.next()?.to_owned());
                }
            }
        }
        parts.next().is_none().then_some(names)
    }

    /// Paths are asked in this order: literal segments before variables, variables before the rest.
    pub(super) fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Rest(_) => 2,
        };
        self.segments.iter().map(rank).collect()
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_take_one_part_and_a_plus_takes_all() {
        let names = |path: &str, request: &str| {
            let names = Path::parse(path).matches(request)?;
            Some(names.into_iter().collect::<Vec<_>>())
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(names("/event", "/event/"), Some(vec![]));
        assert_eq!(names("/event", "/events"), None);
        assert_eq!(
            names("/users/{id}", "/users/7"),
            Some(vec![pair("id", "7")])
        );
        assert_eq!(names("/users/{id}", "/users/7/x"), None);
        assert_eq!(names("/{all+}", "/a/b"), Some(vec![pair("all", "a/b")]));
        assert_eq!(names("/{all+}", "/"), None);
    }
}
