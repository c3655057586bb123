use std::collections::BTreeMap;

use hydrant_generator::{Fault, Generator, Kind};

use crate::{options, reader::values, records};

/// A count by parsing: events by day and type, revenue in cents by hour, searches by term.
#[derive(Debug, Default, PartialEq)]
struct Recount {
    days: BTreeMap<String, u64>,
    revenue: BTreeMap<String, u64>,
    terms: BTreeMap<String, u64>,
}

impl Recount {
    fn add(&mut self, event: &serde_json::Value) {
        let (time, detail) = (event["time"].as_str().unwrap(), &event["detail"]);
        let event_type = detail
            .get("eventType")
            .or_else(|| detail.get("analyticType"))
            .and_then(|t| t.as_str())
            .unwrap();
        let day: String = time.chars().take(10).collect();
        *self.days.entry(format!("{day} {event_type}")).or_default() += 1;
        if matches!(event_type, "purchase" | "loyaltypurchase") {
            let hour: String = time.chars().take(13).collect();
            let euros = detail["data"]["total"].as_f64().unwrap();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "totals are small and positive"
            )]
            let cents = (euros * 100.0).round() as u64;
            *self.revenue.entry(hour + ":00:00Z").or_default() += cents;
        }
        if event_type == "searching" {
            let term = detail["data"]["searchTerm"].as_str().unwrap().to_owned();
            *self.terms.entry(term).or_default() += 1;
        }
    }

    fn of(ledger: &hydrant_generator::Ledger, chosen: fn(Kind) -> bool) -> Self {
        let days = ledger.events_by_day_and_type(chosen).into_iter();
        Self {
            days: days
                .map(|((day, of_type), n)| (format!("{day} {of_type}"), n))
                .collect(),
            revenue: ledger
                .revenue_by_hour(chosen)
                .into_iter()
                .map(|(h, c)| (h.to_string(), c))
                .collect(),
            terms: ledger
                .search_terms(chosen)
                .into_iter()
                .map(|(t, n)| (t.to_owned(), n))
                .collect(),
        }
    }
}

/// Kinds of which every event can be read back.
fn readable(kind: Kind) -> bool {
    kind != Kind::Malformed(Fault::ExtraBrace)
}

#[test]
fn the_ledger_agrees_with_a_recount_of_the_bytes() {
    let mut generator = Generator::new(&options(12_000, 1, "10")).unwrap();
    let (mut recount, mut bytes, mut kinds) = (Recount::default(), 0, BTreeMap::<Kind, u64>::new());
    let mut valid = Recount::default();
    for (kind, record) in records(&mut generator) {
        bytes += record.len() as u64;
        *kinds.entry(kind).or_default() += 1;
        for event in values(&record).iter().flatten() {
            recount.add(event);
            if kind == Kind::Valid {
                valid.add(event);
            }
        }
    }
    let ledger = generator.ledger();
    assert_eq!(Recount::of(ledger, readable), recount);
    assert_eq!(Recount::of(ledger, |kind| kind == Kind::Valid), valid);
    assert_eq!(ledger.bytes(), bytes);
    for kind in Kind::ALL {
        assert_eq!(
            ledger.records(kind),
            kinds.get(&kind).copied().unwrap_or(0),
            "{kind:?}"
        );
    }
}

#[test]
fn the_lines_of_the_account_add_up() {
    let mut generator = Generator::new(&options(5_000, 2, "10")).unwrap();
    records(&mut generator);
    let ledger = generator.ledger();
    let total: u64 = ledger.cells().map(|cell| cell.events).sum();
    assert_eq!(total, 5_000);
    let two: u64 = [true, false]
        .map(|same_keys| ledger.records(Kind::Malformed(Fault::TwoObjects { same_keys })))
        .iter()
        .sum();
    assert_eq!(
        ledger.total_records() + two,
        total,
        "a record of two objects carries two events"
    );
    assert!(ledger.cells().collect::<Vec<_>>().is_sorted_by_key(|c| (
        c.hour,
        c.event_type,
        c.kind
    )));
}
