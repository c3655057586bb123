//! The account of what was generated, to check a pipeline's answers against.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    clock::hour_start,
    event_type::{EventType, SchemaVersion},
    fault::Kind,
};

const KINDS: usize = Kind::ALL.len();
const TYPES: usize = EventType::ALL.len();

/// What the account needs to know of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    /// Counted from the Unix epoch.
    pub(crate) hour: u64,
    pub(crate) event_type: EventType,
    pub(crate) schema_version: SchemaVersion,
    /// In cents.
    pub(crate) revenue: u64,
    /// The place of the term in the catalogue, for a search.
    pub(crate) search: Option<usize>,
}

impl Fact {
    /// Whether two events belong under one prefix.
    pub(crate) fn same_keys(&self, other: &Self) -> bool {
        let keys = |fact: &Self| (fact.event_type, fact.schema_version, fact.hour);
        keys(self) == keys(other)
    }
}

/// Events of one hour, type and kind.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    events: u64,
    revenue: u64,
}

type Hour = [[Count; KINDS]; TYPES];

/// Counts of everything written so far. One row an hour of the span, whatever the number of events.
///
/// Every question takes a filter on [`Kind`], because pipelines differ in what they refuse: one that insists on
/// a client id, say, asks for all kinds but `MissingClientId` and the others that it cannot read.
#[derive(Debug, Clone)]
pub struct Ledger {
    first_hour: u64,
    hours: Vec<Hour>,
    records: [u64; KINDS],
    terms: Vec<(String, [u64; KINDS])>,
    bytes: u64,
}

/// One line of the account: the events of one hour, type and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The start of the hour, by the events' own time.
    pub hour: Timestamp,
    /// What the clients did; for [`AnalyticType`](crate::Fault::AnalyticType), what they meant.
    pub event_type: EventType,
    /// What became of the records that carry the events.
    pub kind: Kind,
    /// How many events; a [`TwoObjects`](crate::Fault::TwoObjects) record carries two.
    pub events: u64,
    /// The totals of purchases and loyalty purchases, in cents.
    pub revenue_cents: u64,
}

impl Ledger {
    pub(crate) fn new<'a>(first_hour: u64, terms: impl Iterator<Item = &'a str>) -> Self {
        Self {
            first_hour,
            hours: Vec::new(),
            records: [0; KINDS],
            terms: terms.map(|term| (term.to_owned(), [0; KINDS])).collect(),
            bytes: 0,
        }
    }

    pub(crate) fn add_record(&mut self, kind: Kind) {
        self.records[kind.index()] += 1;
    }

    pub(crate) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(crate) fn add_event(&mut self, fact: &Fact, kind: Kind) {
        let row = usize::try_from(fact.hour.saturating_sub(self.first_hour)).unwrap_or(usize::MAX);
        if row >= self.hours.len() {
            self.hours.resize(row + 1, Hour::default());
        }
        let count = &mut self.hours[row][fact.event_type as usize][kind.index()];
        count.events += 1;
        count.revenue += fact.revenue;
        if let Some(term) = fact.search {
            self.terms[term].1[kind.index()] += 1;
        }
    }

    /// Records (or entries) of a kind.
    pub fn records(&self, kind: Kind) -> u64 {
        self.records[kind.index()]
    }

    /// All records (or entries).
    pub fn total_records(&self) -> u64 {
        self.records.iter().sum()
    }

    /// All records (or entries) but the valid ones.
    pub fn malformed_records(&self) -> u64 {
        self.total_records() - self.records(Kind::Valid)
    }

    /// The bytes of all records, without what separates them; for entries, the bytes of the bodies.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Every line of the account that is not empty, in order of hour, event type and kind.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        (self.first_hour..)
            .zip(&self.hours)
            .flat_map(|(hour, types)| {
                let hour = hour_start(hour);
                EventType::ALL
                    .into_iter()
                    .zip(types)
                    .flat_map(move |(event_type, kinds)| {
                        Kind::ALL
                            .into_iter()
                            .zip(kinds)
                            .filter(|(_, count)| count.events > 0)
                            .map(move |(kind, &Count { events, revenue })| Cell {
                                hour,
                                event_type,
                                kind,
                                events,
                                revenue_cents: revenue,
                            })
                    })
            })
    }

    /// Events of the chosen kinds.
    pub fn events(&self, mut chosen: impl FnMut(Kind) -> bool) -> u64 {
        self.cells()
            .filter(|cell| chosen(cell.kind))
            .map(|cell| cell.events)
            .sum()
    }

    /// Events of the chosen kinds by UTC day and type.
    pub fn events_by_day_and_type(
        &self,
        mut chosen: impl FnMut(Kind) -> bool,
    ) -> BTreeMap<(Date, EventType), u64> {
        let mut days = BTreeMap::new();
        for cell in self.cells().filter(|cell| chosen(cell.kind)) {
            let day = cell.hour.to_zoned(TimeZone::UTC).date();
            *days.entry((day, cell.event_type)).or_default() += cell.events;
        }
        days
    }

    /// Revenue of the chosen kinds in cents, by the start of the hour; hours without revenue are left out.
    pub fn revenue_by_hour(
        &self,
        mut chosen: impl FnMut(Kind) -> bool,
    ) -> BTreeMap<Timestamp, u64> {
        let mut hours = BTreeMap::new();
        for cell in self
            .cells()
            .filter(|cell| cell.revenue_cents > 0 && chosen(cell.kind))
        {
            *hours.entry(cell.hour).or_default() += cell.revenue_cents;
        }
        hours
    }

    /// Search terms of `searching` events of the chosen kinds with their counts, the most frequent first, equals in
    /// the terms' own order; terms that were never searched for are left out.
    pub fn search_terms(&self, mut chosen: impl FnMut(Kind) -> bool) -> Vec<(&str, u64)> {
        let chosen = Kind::ALL.map(&mut chosen);
        let count = |counts: &[u64; KINDS]| -> u64 {
            counts
                .iter()
                .zip(chosen)
                .filter(|(_, chosen)| *chosen)
                .map(|(count, _)| count)
                .sum()
        };
        let mut terms: Vec<(&str, u64)> = self
            .terms
            .iter()
            .map(|(term, counts)| (term.as_str(), count(counts)))
            .filter(|(_, count)| *count > 0)
            .collect();
        terms.sort_by(|(a, few), (b, many)| many.cmp(few).then_with(|| a.cmp(b)));
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn an_account_answers_by_kind() {
        let pretty = Kind::Malformed(Fault::PrettyPrinted);
        let mut ledger = Ledger::new(10, ["tea", "boots"].into_iter());
        for (hour, event_type, kind, revenue) in [
            (10, EventType::Searching, Kind::Valid, 0),
            (40, EventType::Purchase, Kind::Valid, 1_999),
            (40, EventType::Purchase, pretty, 1),
        ] {
            let search = (event_type == EventType::Searching).then_some(1);
            let schema_version = SchemaVersion::One;
            ledger.add_record(kind);
            ledger.add_event(
                &Fact {
                    hour,
                    event_type,
                    schema_version,
                    revenue,
                    search,
                },
                kind,
            );
        }
        ledger.add_bytes(300);

        assert_eq!(
            (
                ledger.total_records(),
                ledger.malformed_records(),
                ledger.bytes()
            ),
            (3, 1, 300)
        );
        assert_eq!(
            (
                ledger.events(|_| true),
                ledger.events(|kind| kind == pretty)
            ),
            (3, 1)
        );
        let days: Vec<String> = ledger
            .events_by_day_and_type(|_| true)
            .into_iter()
            .map(|((day, event_type), events)| format!("{day} {event_type} {events}"))
            .collect();
        assert_eq!(days, ["1970-01-01 searching 1", "1970-01-02 purchase 2"]);
        let revenue = ledger.revenue_by_hour(|kind| kind == Kind::Valid);
        assert_eq!(
            revenue,
            [("1970-01-02T16:00:00Z".parse().unwrap(), 1_999)].into()
        );
        assert_eq!(ledger.search_terms(|_| true), [("boots", 1)]);
    }

    #[test]
    fn every_type_knows_its_place() {
        for (at, event_type) in EventType::ALL.into_iter().enumerate() {
            assert_eq!(event_type as usize, at);
        }
    }
}
