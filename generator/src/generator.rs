//! Records as they reach Amazon Data Firehose.

use crate::{
    clock::{Clock, HOUR_MS},
    envelope,
    fault::{Fate, Fault, Faults, Kind, pretty},
    ledger::Ledger,
    options::{Options, OptionsError},
    traffic::{Traffic, Turn},
};

/// Room for most records.
const TYPICAL: usize = 2_048;

/// Writes EventBridge envelopes, one record at a time, in time order.
///
/// The time of a record is that of its event; of a [`Fault::TwoObjects`] record, that of the second, because the
/// client held back the first.
#[derive(Debug)]
pub struct Generator {
    traffic: Traffic,
    faults: Faults,
    clock: Clock,
    compact: Vec<u8>,
    ledger: Ledger,
}

impl Generator {
    /// Prepares a run; a catalogue is drawn, no event yet.
    ///
    /// # Errors
    /// If the span is empty, longer than [`MAX_SPAN`](crate::MAX_SPAN), or outside the years 1970 to 9999.
    pub fn new(options: &Options) -> Result<Self, OptionsError> {
        let bounds = options.bounds()?;
        let traffic = Traffic::new(options)?;
        Ok(Self {
            ledger: Ledger::new(bounds.start / HOUR_MS, traffic.terms()),
            traffic,
            faults: Faults::new(options.seed, options.malformed),
            clock: Clock::new(),
            compact: Vec::with_capacity(TYPICAL),
        })
    }

    /// Appends the bytes of one record to `out`, without a newline at its end, and says what it is; `None` when all
    /// events have been written. The crate's documentation says how to frame a file of records.
    pub fn next_record(&mut self, out: &mut Vec<u8>) -> Option<Kind> {
        out.reserve(TYPICAL);
        loop {
            let turn = self.traffic.next_turn()?;
            let before = out.len();
            let kind = self.act(turn, out);
            self.traffic.finish(turn);
            if let Some(kind) = kind {
                self.ledger.add_record(kind);
                self.ledger.add_bytes(out.len() - before);
                return Some(kind);
            }
        }
    }

    /// What has been written so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Lets a session act: a record, unless it holds its event back for the next.
    fn act(&mut self, turn: Turn, out: &mut Vec<u8>) -> Option<Kind> {
        let session = self.traffic.session_mut(turn);
        if let Some(held) = session.held.take() {
            return Some(self.pair(turn, held, out));
        }
        let kind = match self.faults.record(session.remaining() > 1) {
            Fate::Pair => {
                session.held = Some(turn.time);
                return None;
            }
            Fate::Single(fault) => Kind::from(fault),
        };
        let event = &mut self.traffic.play(turn);
        match kind {
            Kind::Malformed(Fault::PrettyPrinted) => {
                self.compact.clear();
                envelope::write(event, &mut self.clock, turn.time, None, &mut self.compact);
                pretty(&self.compact, out);
            }
            Kind::Malformed(fault) => {
                envelope::write(event, &mut self.clock, turn.time, Some(fault), out);
            }
            Kind::Valid => envelope::write(event, &mut self.clock, turn.time, None, out),
        }
        self.ledger.add_event(&event.fact(turn.time), kind);
        Some(kind)
    }

    /// Writes the event that was held back and the one that follows it as one record.
    fn pair(&mut self, turn: Turn, held: u64, out: &mut Vec<u8>) -> Kind {
        let facts = [held, turn.time].map(|time| {
            let mut event = self.traffic.play(turn);
            envelope::write(&mut event, &mut self.clock, time, None, out);
            event.fact(time)
        });
        let same_keys = facts[0].same_keys(&facts[1]);
        let kind = Kind::Malformed(Fault::TwoObjects { same_keys });
        for fact in &facts {
            self.ledger.add_event(fact, kind);
        }
        kind
    }
}
