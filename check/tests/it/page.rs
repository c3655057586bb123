//! The page for a browser.

use hydrant_check::{
    Forecast, FunctionFacts, Landed, Report, StreamShape, Survey, html_page, prices::US_EAST_1,
};
use hydrant_template::Source;

const TYPES: [(&str, u64); 8] = [
    ("productview", 400),
    ("searching", 250),
    ("paging", 150),
    ("shopping", 90),
    ("addtocart", 60),
    ("checkout", 30),
    ("purchase", 15),
    ("loyaltypurchase", 5),
];

/// The project's stream, and a sample of events of the types of the sample.
fn example(with_clients: bool) -> (Survey, StreamShape) {
    let path = format!("{}/../examples/stream.json", env!("CARGO_MANIFEST_DIR"));
    let report = Report::of_definition(Source::new("s", std::fs::read_to_string(path).unwrap()));
    let input = report.streams[0].input.as_ref().unwrap();
    let facts = FunctionFacts {
        memory_mb: Some(512),
        ..FunctionFacts::default()
    };
    let shape = StreamShape::new(input, Some(&facts)).unwrap();
    let mut columns = vec!["eventType", "day", "hour"];
    if with_clients {
        columns.push("clientId");
    }
    let mut survey = Survey::new(columns, 128 << 20);
    for record in 0..20_000_u64 {
        let mut pick = record * 7919 % 1000;
        let (kind, _) = TYPES
            .iter()
            .find(|(_, weight)| {
                let found = pick < *weight;
                pick = pick.saturating_sub(*weight);
                found
            })
            .unwrap();
        let hour = format!("{:02}", record * 24 / 20_000);
        let client = format!("client-{}", record * 31 % 3001);
        let time = format!("2026-11-02T{hour}:00:00Z");
        survey.put(686);
        survey.accept(686);
        if record % 100 == 7 {
            survey.refuse(
                "Lambda.ProcessingFailedStatus",
                "not one JSON object: <b>",
                || format!("events.ndjson:{record}"),
            );
            continue;
        }
        let values = [*kind, "02", hour.as_str(), client.as_str()];
        survey.land(Landed {
            values: &values[..if with_clients { 4 } else { 3 }],
            bytes: 700,
            time: Some(&time),
        });
    }
    survey.compressed(700_000, 90_000);
    (survey, shape)
}

#[test]
fn a_page_stands_on_its_own() {
    for with_clients in [false, true] {
        let (survey, shape) = example(with_clients);
        let forecast = Forecast::new(&survey, &shape, 500.0, US_EAST_1).unwrap();
        let page = html_page(&survey, &shape, &forecast);
        for absent in ["http:", "https:", "<script", "url(", "<b>&", "object: <b>"] {
            assert!(!page.contains(absent), "{absent}");
        }
        for present in ["productview", "client-events", "US East"] {
            assert!(page.contains(present), "{present}");
        }
        // Every element that is opened is closed.
        for tag in [
            "section", "table", "tr", "td", "th", "div", "ul", "li", "p", "main",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert_eq!(forecast.breaks_quota(), with_clients);
    }
}

#[test]
fn a_forecast_reads_as_a_screen() {
    let (survey, shape) = example(true);
    let forecast = Forecast::new(&survey, &shape, 500.0, US_EAST_1).unwrap();
    let screen = [survey.lines(), vec![String::new()], forecast.lines(&shape)].concat();
    insta::assert_snapshot!(screen.join("\n"));
}
