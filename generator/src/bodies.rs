//! Request bodies for the HTTP front door.

use crate::{
    clock::HOUR_MS,
    envelope,
    fault::{Fault, Faults, Kind, pretty},
    ledger::Ledger,
    options::{Options, OptionsError},
    text::{Text as _, escape},
    traffic::{Traffic, Turn},
};

/// The most entries in a body, as many as EventBridge's `PutEvents` takes in one call.
pub const MAX_ENTRIES: u32 = 10;

/// Writes request bodies, `{"entries":[{"entry":"<the detail as JSON text>"}, …]}`. The entries of a body are
/// consecutive events of one session; they do not name the client, which the front door adds.
#[derive(Debug)]
pub struct Bodies {
    traffic: Traffic,
    faults: Faults,
    compact: Vec<u8>,
    entry: Vec<u8>,
    ledger: Ledger,
}

impl Bodies {
    /// Prepares a run.
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
            compact: Vec::new(),
            entry: Vec::new(),
        })
    }

    /// Appends one body to `out` as one line without its newline, and returns the number of its entries, from 1 to
    /// [`MAX_ENTRIES`]; `None` when all events have been written.
    pub fn next_body(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let turn = self.traffic.next_turn()?;
        let before = out.len();
        let entries = self.traffic.draw_up_to(turn, MAX_ENTRIES);
        out.text("{\"entries\":[");
        for at in 0..entries {
            out.text(if at == 0 {
                "{\"entry\":\""
            } else {
                ",{\"entry\":\""
            });
            self.write_entry(turn, out);
            out.text("\"}");
        }
        out.text("]}");
        self.traffic.finish(turn);
        self.ledger.add_bytes(out.len() - before);
        Some(entries)
    }

    /// What has been written so far; its records are the entries. Its times are those at which the clients sent;
    /// the front door stamps events with its own clock.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Appends one entry's text: a detail as the inside of a JSON string.
    fn write_entry(&mut self, turn: Turn, out: &mut Vec<u8>) {
        let fault = self.faults.entry();
        let event = &mut self.traffic.play(turn);
        self.compact.clear();
        envelope::write_detail(event, fault, &mut self.compact);
        if fault == Some(Fault::PrettyPrinted) {
            self.entry.clear();
            pretty(&self.compact, &mut self.entry);
            escape(&self.entry, out);
        } else {
            escape(&self.compact, out);
        }
        let kind = Kind::from(fault);
        self.ledger.add_record(kind);
        self.ledger.add_event(&event.fact(turn.time), kind);
    }
}
