//! A reader that knows nothing of the generator but how to frame records.

use hydrant_generator::{Fault, Generator, Kind};
use serde_json::Value;

use crate::{file, options, records};

/// Frames a file of records as the crate's documentation says.
pub(crate) fn frame(file: &str) -> Vec<String> {
    let mut records = Vec::new();
    let (mut record, mut open, mut in_string, mut escaped) = (String::new(), 0i32, false, false);
    for line in file.lines() {
        record.push_str(line);
        for character in line.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                '{' | '[' if !in_string => open += 1,
                '}' | ']' if !in_string => open -= 1,
                _ => {}
            }
        }
        if open > 0 {
            record.push('\n');
        } else {
            records.push(std::mem::take(&mut record));
            open = 0;
        }
    }
    records
}

/// The objects of a record, if it is nothing but complete JSON values.
pub(crate) fn values(record: &str) -> Option<Vec<Value>> {
    serde_json::Deserializer::from_str(record)
        .into_iter()
        .collect::<Result<_, _>>()
        .ok()
}

/// The keys of a JSON object in the order in which they are written.
pub(crate) fn keys(object: &str) -> Vec<String> {
    let (mut keys, mut depth, mut string, mut escaped) = (Vec::new(), 0, None, false);
    let mut last = String::new();
    for character in object.chars() {
        if let Some(text) = &mut string {
            match character {
                '"' if !escaped => last = string.take().unwrap_or_default(),
                _ => String::push(text, character),
            }
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '"' => string = Some(String::new()),
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 1 => keys.push(last.clone()),
            _ => {}
        }
    }
    keys
}

#[test]
fn a_file_frames_into_its_records() {
    let options = options(4_000, 5, "40");
    let written = records(&mut Generator::new(&options).unwrap());
    let framed = frame(std::str::from_utf8(&file(&options)).unwrap());
    assert_eq!(framed.len(), written.len());
    for (framed, (_, written)) in framed.iter().zip(&written) {
        assert_eq!(framed, written);
    }
    let pretty = Kind::Malformed(Fault::PrettyPrinted);
    assert!(
        written.iter().any(|(kind, _)| *kind == pretty),
        "some records span lines"
    );
}
