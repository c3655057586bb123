//! What can be wrong with a record: the faults of the AWS sample, and those that its users meet.

use std::fmt;

use crate::{
    dice::{Dice, Stream},
    options::Percentage,
    text::Text as _,
};

/// Something wrong, or at least awkward, with a record or an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// One closing brace too many after the detail, as the sample generator's `shopping` event has it: not JSON.
    ExtraBrace,
    /// `analyticType` for `eventType`, as the sample's `events/event.json` has it: JSON whose partition key is null.
    AnalyticType,
    /// `resources` is empty and nothing else names the client. Not in entries, which never name it.
    MissingClientId,
    /// A valid record, but pretty-printed over many lines.
    PrettyPrinted,
    /// Two valid records back to back on one line: consecutive events of one session, the first of which the client
    /// held back. Not in entries.
    TwoObjects {
        /// Whether event type, schema version and hour agree, so that both belong under one prefix.
        same_keys: bool,
    },
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] = [
        Self::ExtraBrace,
        Self::AnalyticType,
        Self::MissingClientId,
        Self::PrettyPrinted,
        Self::TwoObjects { same_keys: false },
        Self::TwoObjects { same_keys: true },
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExtraBrace => "extra brace",
            Self::AnalyticType => "analyticType for eventType",
            Self::MissingClientId => "missing client id",
            Self::PrettyPrinted => "pretty-printed",
            Self::TwoObjects { same_keys: true } => "two objects, same partition keys",
            Self::TwoObjects { same_keys: false } => "two objects, other partition keys",
        })
    }
}

/// What a record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One compact, complete event.
    Valid,
    /// Something else.
    Malformed(Fault),
}

impl Kind {
    /// Every kind, in the ledger's order.
    pub const ALL: [Self; 7] = [
        Self::Valid,
        Self::Malformed(Fault::ExtraBrace),
        Self::Malformed(Fault::AnalyticType),
        Self::Malformed(Fault::MissingClientId),
        Self::Malformed(Fault::PrettyPrinted),
        Self::Malformed(Fault::TwoObjects { same_keys: false }),
        Self::Malformed(Fault::TwoObjects { same_keys: true }),
    ];

    /// The place in [`Kind::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Valid => 0,
            Self::Malformed(fault) => match fault {
                Fault::ExtraBrace => 1,
                Fault::AnalyticType => 2,
                Fault::MissingClientId => 3,
                Fault::PrettyPrinted => 4,
                Fault::TwoObjects { same_keys: false } => 5,
                Fault::TwoObjects { same_keys: true } => 6,
            },
        }
    }
}

impl From<Option<Fault>> for Kind {
    fn from(fault: Option<Fault>) -> Self {
        fault.map_or(Self::Valid, Self::Malformed)
    }
}

/// What chance has in store for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A record of one event.
    Single(Option<Fault>),
    /// The event waits for the session's next, and both share a record.
    Pair,
}

/// Draws which records are malformed, and how; every fault is as likely as the others.
#[derive(Debug)]
pub(crate) struct Faults {
    dice: Dice,
    share: Percentage,
    /// Pairs that fell on a session's last event, and fall to a later record instead.
    owed: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, share: Percentage) -> Self {
        Self {
            dice: Dice::new(seed, Stream::Faults),
            share,
            owed: 0,
        }
    }

    fn strikes(&mut self) -> bool {
        self.dice.below(Percentage::ALL.millionths()) < self.share.millionths()
    }

    /// The fate of a record; only where another event follows `can_pair`.
    pub(crate) fn record(&mut self, can_pair: bool) -> Fate {
        if !self.strikes() {
            return Fate::Single(None);
        }
        let single = self.dice.pick(&[
            Fault::ExtraBrace,
            Fault::AnalyticType,
            Fault::MissingClientId,
            Fault::PrettyPrinted,
        ]);
        let pair = self.dice.below(5) == 0;
        match (pair, can_pair) {
            (true, true) => Fate::Pair,
            (true, false) => {
                self.owed += 1;
                Fate::Single(Some(single))
            }
            (false, true) if self.owed > 0 => {
                self.owed -= 1;
                Fate::Pair
            }
            (false, _) => Fate::Single(Some(single)),
        }
    }

    /// The fault of an entry, if any.
    pub(crate) fn entry(&mut self) -> Option<Fault> {
        let faults = [Fault::ExtraBrace, Fault::AnalyticType, Fault::PrettyPrinted];
        self.strikes().then(|| self.dice.pick(&faults))
    }
}

/// Appends compact JSON as a person would lay it out: two spaces a level, a line a member.
pub(crate) fn pretty(compact: &[u8], out: &mut Vec<u8>) {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, &byte) in compact.iter().enumerate() {
        if in_string {
            out.push(byte);
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        let empty = |pair: [u8; 2]| compact.get(at..at + 2) == Some(&pair);
        let closes_empty = at > 0 && matches!(&compact[at - 1..=at], b"{}" | b"[]");
        match byte {
            b'{' | b'[' if !empty(*b"{}") && !empty(*b"[]") => {
                out.push(byte);
                depth += 1;
                new_line(depth, out);
            }
            b'}' | b']' if !closes_empty => {
                depth = depth.saturating_sub(1);
                new_line(depth, out);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(depth, out);
            }
            b':' => {
                out.text(": ");
            }
            _ => {
                in_string = byte == b'"';
                out.push(byte);
            }
        }
    }
}

fn new_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_kind_knows_its_place() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), at);
        }
    }

    #[test]
    fn each_fault_is_as_likely_as_the_others_even_where_pairs_are_rare() {
        let mut faults = Faults::new(1, "50".parse().unwrap());
        let mut dice = Dice::new(1, Stream::Traffic);
        let (mut struck, mut pairs) = (0u32, 0u32);
        for _ in 0..100_000 {
            match faults.record(dice.percent(40)) {
                Fate::Single(None) => {}
                Fate::Single(Some(_)) => struck += 1,
                Fate::Pair => (struck, pairs) = (struck + 1, pairs + 1),
            }
        }
        assert!(
            (49_000..51_000).contains(&struck),
            "{struck} of 100,000 struck"
        );
        assert!(
            (9_500..10_500).contains(&pairs),
            "{pairs} pairs of {struck}"
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn pretty_printing_is_what_serde_json_calls_pretty(value in json()) {
            let mut out = Vec::new();
            pretty(value.to_string().as_bytes(), &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
