//! The `JSONPath` of `$input.path` and `$input.json`: members, indices, wildcards and descent. No filters, and
//! no slices.

use super::{
    error::RenderError,
    value::{Heap, Value},
};

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Member(String),
    /// From the end, where it is negative.
    Index(i64),
    Every,
    /// The part that follows, at any depth.
    Descent,
}

/// What a path finds: with a wildcard or a descent in it the list of all, otherwise the one, or nothing.
pub(super) fn find(
    heap: &mut Heap,
    root: &Value,
    path: &str,
) -> Result<Option<Value>, RenderError> {
    let parts = parts(path).map_err(|reason| RenderError::Path {
        path: path.to_owned(),
        reason,
    })?;
    let many = parts
        .iter()
        .any(|part| matches!(part, Part::Every | Part::Descent));
    let mut found = vec![root.clone()];
    let mut descent = false;
    for part in parts {
        if part == Part::Descent {
            descent = true;
            continue;
        }
        let mut next = Vec::new();
        for value in &found {
            if descent {
                descend(heap, value, &part, &mut next, 0);
            } else {
                step(heap, value, &part, &mut next);
            }
        }
        heap.charge(32 * next.len())?;
        descent = false;
        found = next;
    }
    if many {
        return heap.list(found).map(Some);
    }
    Ok(found.into_iter().next())
}

/// What `part` finds in `value`.
fn step(heap: &Heap, value: &Value, part: &Part, found: &mut Vec<Value>) {
    match (part, value) {
        (Part::Member(name), Value::Map(map)) => {
            let member = heap.entries(*map).and_then(|map| map.get(name.as_str()));
            found.extend(member.cloned());
        }
        (Part::Index(index), Value::List(list)) => {
            let items = heap.items(*list);
            let index = usize::try_from(*index).ok().or_else(|| {
                usize::try_from(index.unsigned_abs())
                    .ok()
                    .and_then(|back| items.len().checked_sub(back))
            });
            found.extend(index.and_then(|index| items.get(index)).cloned());
        }
        (Part::Every, Value::List(list)) => found.extend_from_slice(heap.items(*list)),
        (Part::Every, Value::Map(map)) => {
            found.extend(
                heap.entries(*map)
                    .into_iter()
                    .flat_map(|map| map.values())
                    .cloned(),
            );
        }
        _ => {}
    }
}

/// What `part` finds in `value` and in everything in it.
fn descend(heap: &Heap, value: &Value, part: &Part, found: &mut Vec<Value>, depth: usize) {
    // A body is nested at most this deep: the JSON parser sees to it.
    if depth > 128 {
        return;
    }
    step(heap, value, part, found);
    let mut inner = Vec::new();
    step(heap, value, &Part::Every, &mut inner);
    for value in inner {
        descend(heap, &value, part, found, depth + 1);
    }
}

/// The steps of a path.
fn parts(path: &str) -> Result<Vec<Part>, &'static str> {
    let mut rest = path
        .trim()
        .strip_prefix('$')
        .ok_or("a path begins with $")?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (part, behind) = bracket(inner)?;
            parts.push(part);
            rest = behind;
            continue;
        }
        let Some(mut name) = rest.strip_prefix('.') else {
            return Err("a member follows a point, as in $.name, or stands in brackets");
        };
        if let Some(deeper) = name.strip_prefix('.') {
            parts.push(Part::Descent);
            if deeper.starts_with('[') {
                rest = deeper;
                continue;
            }
            name = deeper;
        }
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (member, behind) = name.split_at(end);
        parts.push(match member {
            "" => return Err("a member has no name"),
            "*" => Part::Every,
            member if member.contains(['(', '?', '@']) => {
                return Err("functions and filters are not supported");
            }
            member => Part::Member(member.to_owned()),
        });
        rest = behind;
    }
    if parts.last() == Some(&Part::Descent) {
        return Err("a member follows ..");
    }
    Ok(parts)
}

/// What stands in brackets, and what is behind them.
fn bracket(inner: &str) -> Result<(Part, &str), &'static str> {
    for quote in ['\'', '"'] {
        if let Some(name) = inner.strip_prefix(quote) {
            let (name, behind) = name.split_once(quote).ok_or("a quote is not closed")?;
            let behind = behind.trim_start().strip_prefix(']');
            let behind = behind.ok_or("a bracket holds one name")?;
            return Ok((Part::Member(name.to_owned()), behind));
        }
    }
    let (index, behind) = inner.split_once(']').ok_or("a bracket is not closed")?;
    let part = match index.trim() {
        "*" => Part::Every,
        index => Part::Index(
            index
                .parse()
                .map_err(|_| "a bracket holds a number, a quoted name or *")?,
        ),
    };
    Ok((part, behind))
}
