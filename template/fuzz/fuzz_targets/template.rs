//! Whatever a template says: reading, resolving and checking it never panic and end soon, every finding lies in
//! the text, and the page and the screen can be made.

#![no_main]

use hydrant_check::Report;
use hydrant_template::{Overrides, Source, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let overrides = Overrides::from([("Stage".to_owned(), "prod".to_owned())]);
    if let Ok(template) = Template::parse(text) {
        let stack = template.resolve(&overrides);
        for stream in stack.streams() {
            drop(stream.to_json());
        }
        assert_eq!(stack.functions().count(), template.resolve(&overrides).functions().count());
    }
    for report in [
        Report::of_template(Source::new("t", text), &overrides),
        Report::of_definition(Source::new("s", text)),
    ] {
        for found in &report.diagnostics {
            let length = report.source.text().len();
            assert!(found.span.start <= length && found.span.end <= length, "{found:?}");
            assert!(report.source.text().is_char_boundary(found.span.start), "{found:?}");
            assert!(report.source.text().is_char_boundary(found.span.end), "{found:?}");
        }
        drop(report.text());
        drop(report.json());
    }
});
