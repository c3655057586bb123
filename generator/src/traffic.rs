//! Whose turn it is: sessions start as the calendar says and interleave in time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

use crate::{
    calendar::Calendar,
    catalogue::Catalogue,
    clients::{Population, uuid},
    detail::Moment,
    dice::{Dice, Stream},
    options::{Bounds, Options, OptionsError},
    session::{Session, Story},
};

/// The most sessions alive at once, which bounds the memory. Traffic that would need more hurries its sessions.
pub(crate) const MAX_LIVE: usize = 1 << 16;

/// Subdivisions of an event's share of the span, for the jitter of a session's start.
const PARTS: u32 = 1 << 8;

/// A session's turn to act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// In milliseconds since the Unix epoch.
    pub(crate) time: u64,
    slot: u32,
}

/// A session that is about to start.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    time: u64,
    story: Story,
}

/// All sessions, past and to come. The lengths of their stories add up to the number of events.
#[derive(Debug)]
pub(crate) struct Traffic {
    dice: Dice,
    catalogue: Catalogue,
    calendar: Calendar,
    bounds: Bounds,
    population: Population,
    events: u64,
    /// Events that the sessions drawn so far account for.
    planned: u64,
    arrival: Option<Arrival>,
    sessions: Vec<Session>,
    free: Vec<u32>,
    /// When each live session acts next.
    live: BinaryHeap<Reverse<(u64, u32)>>,
    max_live: usize,
}

impl Traffic {
    pub(crate) fn new(options: &Options) -> Result<Self, OptionsError> {
        Self::with_max_live(options, MAX_LIVE)
    }

    fn with_max_live(options: &Options, max_live: usize) -> Result<Self, OptionsError> {
        let bounds = options.bounds()?;
        let mut dice = Dice::new(options.seed, Stream::Traffic);
        Ok(Self {
            catalogue: Catalogue::new(options.seed),
            calendar: Calendar::new(bounds),
            bounds,
            population: Population::new(options.events, &mut dice),
            dice,
            events: options.events,
            planned: 0,
            arrival: None,
            sessions: Vec::new(),
            free: Vec::new(),
            live: BinaryHeap::new(),
            max_live,
        })
    }

    /// The next turn in time; `None` when every event has been played.
    ///
    /// The session must then [`play`](Session::play) at least one step and hand the turn back to
    /// [`finish`](Self::finish).
    pub(crate) fn next_turn(&mut self) -> Option<Turn> {
        loop {
            let due = self.live.peek().map(|&Reverse(due)| due);
            let arrival = self.next_arrival();
            match (due, arrival) {
                (None, None) => return None,
                (Some((time, slot)), None) => return Some(Turn { time, slot }),
                (Some((time, slot)), Some(arrival)) if time < arrival.time => {
                    return Some(Turn { time, slot });
                }
                (Some((_, slot)), Some(arrival)) if self.live.len() >= self.max_live => {
                    return Some(Turn {
                        time: arrival.time,
                        slot,
                    });
                }
                (_, Some(arrival)) => self.start(arrival),
            }
        }
    }

    pub(crate) fn session_mut(&mut self, turn: Turn) -> &mut Session {
        &mut self.sessions[turn.slot as usize]
    }

    /// The search terms in the order of the catalogue.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &str> {
        self.catalogue.terms.iter().map(|term| term.text.as_str())
    }

    /// A number of steps that the session can play in one turn: from one to `most`, and no more than it has.
    pub(crate) fn draw_up_to(&mut self, turn: Turn, most: u32) -> usize {
        let drawn = 1 + self.dice.below(most) as usize;
        drawn.min(self.session_mut(turn).remaining())
    }

    /// Plays the next step of the session whose turn it is.
    pub(crate) fn play(&mut self, turn: Turn) -> Moment<'_> {
        let Self {
            sessions,
            catalogue,
            dice,
            ..
        } = self;
        let session = &mut sessions[turn.slot as usize];
        let event_type = session.play(catalogue, dice);
        Moment {
            event_type,
            session,
            catalogue,
            dice,
        }
    }

    /// Ends a turn: the session acts again some time later, or is over.
    pub(crate) fn finish(&mut self, turn: Turn) {
        let pending = self.sessions[turn.slot as usize].remaining();
        let Some(mut top) = self.live.peek_mut() else {
            return;
        };
        debug_assert_eq!(
            top.0.1, turn.slot,
            "a turn belongs to the session that is due"
        );
        if pending == 0 {
            PeekMut::pop(top);
            self.free.push(turn.slot);
            return;
        }
        let left = self.bounds.end.saturating_sub(turn.time + 1);
        // A story that starts late is told faster, so that it ends within the span.
        let longest = left / (pending as u64 + 1);
        *top = Reverse((turn.time + gap(&mut self.dice).min(longest), turn.slot));
    }

    fn next_arrival(&mut self) -> Option<Arrival> {
        if self.arrival.is_none() && self.planned < self.events {
            let story = Story::draw(&mut self.dice, self.events - self.planned);
            let share = story.len() as u64;
            let jitter = self.dice.below(PARTS * u32::try_from(share).unwrap_or(1));
            let part = u128::from(self.planned) * u128::from(PARTS) + u128::from(jitter);
            let whole = u128::from(self.events) * u128::from(PARTS);
            self.planned += share;
            self.arrival = Some(Arrival {
                time: self.calendar.time(part, whole),
                story,
            });
        }
        self.arrival
    }

    fn start(&mut self, arrival: Arrival) {
        self.arrival = None;
        let client = self.population.draw(&mut self.dice);
        let id = uuid(self.dice.bits(), self.dice.bits());
        let session = Session::new(client, id, arrival.story, &self.catalogue, &mut self.dice);
        let slot = if let Some(slot) = self.free.pop() {
            self.sessions[slot as usize] = session;
            slot
        } else {
            self.sessions.push(session);
            // Below `MAX_LIVE`, and so far below 2³².
            u32::try_from(self.sessions.len() - 1).unwrap_or(u32::MAX)
        };
        self.live.push(Reverse((arrival.time, slot)));
    }
}

/// The time to the next step, in milliseconds: from three seconds to about four minutes, and a minute on average.
fn gap(dice: &mut Dice) -> u64 {
    const ROOT: u32 = 488;
    3_000 + u64::from(dice.below(ROOT)) * u64::from(dice.below(ROOT))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::options::Percentage;

    fn options(events: u64, span: Duration) -> Options {
        let start = "2026-11-02T00:00:00Z".parse().unwrap();
        Options {
            events,
            seed: 1,
            malformed: Percentage::ZERO,
            span,
            start,
        }
    }

    fn times(traffic: &mut Traffic) -> Vec<u64> {
        let mut times = Vec::new();
        while let Some(turn) = traffic.next_turn() {
            times.push(turn.time);
            traffic.play(turn);
            traffic.finish(turn);
            assert!(traffic.live.len() <= traffic.max_live);
        }
        times
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_event_has_its_turn_in_order_and_within_the_span(
            events in 0u64..1_000, span_ms in 1u64..1_000_000_000, max_live in 1usize..50,
        ) {
            let options = options(events, Duration::from_millis(span_ms));
            let mut traffic = Traffic::with_max_live(&options, max_live).unwrap();
            let times = times(&mut traffic);
            prop_assert_eq!(times.len() as u64, events);
            prop_assert!(times.is_sorted());
            let bounds = options.bounds().unwrap();
            prop_assert!(times.iter().all(|t| (bounds.start..bounds.end).contains(t)));
            prop_assert!(traffic.sessions.len() <= max_live);
        }
    }

    #[test]
    fn memory_follows_the_live_sessions_and_not_the_events() {
        // An event a second, at whatever length: a session lives some nine minutes.
        let hours = |hours: u64| options(hours * 3_600, Duration::from_hours(hours));
        let live = |options: &Options| {
            let mut traffic = Traffic::new(options).unwrap();
            times(&mut traffic);
            traffic.sessions.len()
        };
        let (day, days) = (live(&hours(24)), live(&hours(24 * 3)));
        assert!(day > 50, "sessions interleave: {day} at most");
        assert!(days < day * 2, "{day} in a day, {days} in three");
    }
}
