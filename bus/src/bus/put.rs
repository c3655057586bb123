//! Events on their way to the lines that they match.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, Weak},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use hydrant_endpoint::{Batch, LogError};
use jiff::Timestamp;

use super::Buses;
use crate::{
    line::Line,
    notice::Notice,
    routes::Among,
    target::{Adapter, Bulk, Failure, Outgoing},
};

/// An event and its place in the request.
type Placed = (usize, Bytes);

/// A line and its id.
pub(super) type LineOf = (u32, Arc<Line>);

/// Events of one request, for one bus after the other.
#[derive(Debug, Default)]
pub(crate) struct Put {
    /// What each line gets: the place of each event in the request, and the event.
    lines: BTreeMap<u32, (Arc<Line>, Vec<Placed>)>,
}

impl Put {
    /// Notes where `event`, the one at `place` in the request, goes. An event of a bus that there is not goes
    /// nowhere, as on AWS.
    pub(crate) fn add(
        &mut self,
        buses: &Buses,
        bus: &str,
        (place, event): (usize, Bytes),
        among: Among<'_>,
    ) {
        let Ok(text) = std::str::from_utf8(&event) else {
            return;
        };
        let observer = &buses.surroundings.observer;
        let Some(routes) = buses.routes_of(bus) else {
            buses.unknown_bus.add(1);
            observer.observe(&Notice::UnknownBus { bus, event: text });
            return;
        };
        let mut scratch = {
            let mut all = buses
                .scratches
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            all.pop().unwrap_or_default()
        };
        let matched = routes.lines(text, among, &mut scratch, |id, line| {
            let (_, events) = self
                .lines
                .entry(id)
                .or_insert_with(|| (Arc::clone(line), Vec::new()));
            events.push((place, event.clone()));
        });
        buses
            .scratches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(scratch);
        if !matched {
            observer.observe(&Notice::Unmatched { bus, event: text });
        }
    }

    /// Notes that `event`, the only one of the request, goes to these lines.
    pub(crate) fn add_to(&mut self, lines: Vec<LineOf>, event: &Bytes) {
        for (id, line) in lines {
            self.lines.insert(id, (line, vec![(0, event.clone())]));
        }
    }

    /// Makes all of it durable; which places were not.
    pub(crate) async fn commit(
        self,
        buses: &Buses,
        arrival: Timestamp,
    ) -> BTreeMap<usize, Arc<LogError>> {
        let log = buses.log.read().await;
        let log = &*log;
        let appends = self.lines.into_values().map(|(line, events)| async move {
            let lengths = events.iter().map(|(_, event)| {
                // A request has at most a few million bytes.
                u32::try_from(event.len()).unwrap_or(u32::MAX)
            });
            let lengths = lengths.collect();
            let data = match &events[..] {
                [(_, one)] => one.clone(),
                many => {
                    let parts: Vec<&[u8]> = many.iter().map(|(_, event)| &event[..]).collect();
                    parts.concat().into()
                }
            };
            let batch = Batch {
                arrival,
                lengths,
                data,
            };
            let appended = log.append(&line.log, batch).await;
            (events, appended)
        });
        let mut failed = BTreeMap::new();
        for (events, appended) in join_all(appends).await {
            if let Err(error) = appended {
                let error = Arc::new(error);
                failed.extend(events.iter().map(|(place, _)| (*place, Arc::clone(&error))));
            }
        }
        failed
    }
}

/// Another bus as a target.
#[derive(Debug)]
pub(super) struct BusTarget {
    pub(super) bus: String,
    pub(super) buses: Weak<Buses>,
}

#[async_trait]
impl Adapter for BusTarget {
    fn bulk(&self) -> Bulk {
        Bulk {
            count: 100,
            bytes: 4 << 20,
        }
    }

    async fn send(&self, events: &[Outgoing]) -> Vec<Result<(), Failure>> {
        let Some(buses) = self.buses.upgrade() else {
            return vec![
                Err(Failure::passing("SDK_CLIENT_ERROR", "the bus stopped"));
                events.len()
            ];
        };
        let mut put = Put::default();
        for (place, event) in events.iter().enumerate() {
            put.add(
                &buses,
                &self.bus,
                (place, event.input.clone()),
                Among::FromBus,
            );
        }
        let failed = put.commit(&buses, buses.now()).await;
        (0..events.len())
            .map(|place| match failed.get(&place) {
                None => Ok(()),
                Some(error) => Err(Failure::passing("THROTTLING", error.to_string())),
            })
            .collect()
    }
}
