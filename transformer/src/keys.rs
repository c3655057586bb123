use std::ops::Range;

use hydrant_partitioner::{KeyError, KeyPlace, KeyQuery, KeyReader, PartitionKeys};
use hydrant_records::json::{JsonError, Scanner};

use crate::envelope::{CLIENT_ID, DETAIL, Envelope, RESOURCES};
use crate::rewrite::Move;

/// Where a query looks among the members that are read for the client's id. The same for every record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyPlaces {
    client_id: KeyPlace,
    resources: KeyPlace,
    detail: KeyPlace,
    detail_client_id: KeyPlace,
}

impl KeyPlaces {
    /// Of `query`.
    pub(crate) fn new(query: &KeyQuery) -> Self {
        Self {
            client_id: query.place(&[CLIENT_ID]),
            resources: query.place(&[RESOURCES]),
            detail: query.place(&[DETAIL]),
            detail_client_id: query.place(&[DETAIL, CLIENT_ID]),
        }
    }
}

/// The partition keys of one object, if any are configured: found in the pass over what came in, as they
/// are in what goes out.
pub(crate) struct Keys<'q, 'a>(Option<Reader<'q, 'a>>);

struct Reader<'q, 'a> {
    keys: KeyReader<'q, 'a>,
    places: &'q KeyPlaces,
}

impl<'q, 'a> Keys<'q, 'a> {
    /// For an object that is about to be read; the places are the query's.
    pub(crate) fn new(query: Option<(&'q KeyQuery, &'q KeyPlaces)>) -> Self {
        Self(query.map(|(query, places)| {
            let mut keys = query.reader();
            keys.enter_object(KeyPlace::RECORD);
            Reader { keys, places }
        }))
    }

    /// Passes the value of a member of the record, other than those that are read for the client's id.
    #[inline]
    pub(crate) fn record_member(
        &mut self,
        name: &[u8],
        scanner: &mut Scanner<'a>,
    ) -> Result<Range<usize>, JsonError> {
        self.member(|_| KeyPlace::RECORD, name, scanner)
    }

    /// Passes the value of a member of `detail`.
    #[inline]
    pub(crate) fn detail_member(
        &mut self,
        name: &[u8],
        scanner: &mut Scanner<'a>,
    ) -> Result<Range<usize>, JsonError> {
        self.member(|places| places.detail, name, scanner)
    }

    #[inline]
    fn member(
        &mut self,
        object: impl Fn(&KeyPlaces) -> KeyPlace,
        name: &[u8],
        scanner: &mut Scanner<'a>,
    ) -> Result<Range<usize>, JsonError> {
        match &mut self.0 {
            None => scanner.skip_value(),
            Some(Reader { keys, places }) => keys.value(keys.member(object(places), name), scanner),
        }
    }

    /// Says that `detail` is an object, whose members follow.
    pub(crate) fn enter_detail(&mut self) {
        if let Some(Reader { keys, places }) = &mut self.0 {
            keys.enter_object(places.detail);
        }
    }

    /// The keys as they are once the client's id is moved. `object` is the object of the output.
    pub(crate) fn finish(
        &mut self,
        record: &'a [u8],
        envelope: &Envelope,
        how: &Move,
        object: &[u8],
        keys: &mut PartitionKeys,
    ) -> Result<(), KeyError> {
        let Some(reader) = &mut self.0 else {
            return Ok(());
        };
        let moved = reader.move_client_id(record, envelope, how);
        moved.map_err(KeyError::NotJson)?;
        reader.keys.finish(object, keys)
    }
}

impl<'a> Reader<'_, 'a> {
    /// Reads what a move leaves in the places of the client's id: missing is as good as null.
    fn move_client_id(
        &mut self,
        record: &'a [u8],
        envelope: &Envelope,
        how: &Move,
    ) -> Result<(), JsonError> {
        let Self { keys, places } = self;
        let text = |range: &Range<usize>| record.get(range.clone()).unwrap_or_default();
        let moved = matches!(how, Move::Put(_));
        if let Some(place) = &envelope.client_id {
            let left: &[u8] = if moved { b"null" } else { text(&place.value) };
            keys.value_at(places.client_id, left)?;
        }
        if let Some(place) = &envelope.resources {
            let left: &[u8] = if moved { b"[]" } else { text(&place.value) };
            keys.value_at(places.resources, left)?;
        }
        match how {
            Move::Keep => Ok(()),
            Move::Strip => keys.value_at(places.detail_client_id, b"null"),
            Move::Put(id) => keys.value_at(places.detail_client_id, text(id)),
        }
    }
}
