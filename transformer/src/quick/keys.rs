//! The partition keys of a common record, made of what its check has noted.

use hydrant_partitioner::{KeyError, KeyMemo, KeyPlace, KeyQuery, KeyReader};
use hydrant_records::json::{JsonError, Scanner};

use super::Taken;
use super::wanted::{SPOTS, Wanted};
use crate::envelope::{CLIENT_ID, DETAIL, RESOURCES};

/// Where a query looks in a common record.
#[derive(Debug)]
pub(crate) struct QuickKeys {
    /// Members of the envelope and of `detail`, in the order of the spots.
    members: Vec<Member>,
    resources: KeyPlace,
    detail: KeyPlace,
    client_id: KeyPlace,
}

#[derive(Debug)]
struct Member {
    name: String,
    place: KeyPlace,
    in_detail: bool,
}

impl QuickKeys {
    /// Of `query`; `None` where it looks at too many members.
    pub(crate) fn new(query: &KeyQuery) -> Option<Self> {
        let (resources, detail) = (query.place(&[RESOURCES]), query.place(&[DETAIL]));
        let client_id = query.place(&[DETAIL, CLIENT_ID]);
        // These are not in the record as they are in what it becomes.
        let elsewhere = |place: &KeyPlace| ![resources, detail, client_id].contains(place);
        let of = |object: KeyPlace, in_detail: bool| {
            let members = query
                .members(object)
                .filter(move |(_, place)| elsewhere(place));
            members.map(move |(name, place)| Member {
                name: name.to_owned(),
                place,
                in_detail,
            })
        };
        let members: Vec<_> = of(KeyPlace::RECORD, false)
            .chain(of(detail, true))
            .collect();
        (members.len() <= SPOTS).then_some(Self {
            members,
            resources,
            detail,
            client_id,
        })
    }

    /// What the check has to note.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for (number, member) in self.members.iter().enumerate() {
            let names = if member.in_detail {
                &mut wanted.in_detail
            } else {
                &mut wanted.in_envelope
            };
            names.add(&member.name, number);
        }
        wanted
    }

    /// Finds the keys of the record that was taken. `line` is what it became.
    #[inline]
    pub(crate) fn find(
        &self,
        taken: &Taken<'_>,
        line: &[u8],
        keys: &mut KeyMemo,
    ) -> Result<(), KeyError> {
        keys.read(line, |reader| self.read(taken, reader))
    }

    #[inline]
    fn read<'a>(&self, taken: &Taken<'a>, reader: &mut KeyReader<'_, 'a>) -> Result<(), JsonError> {
        reader.first_object(KeyPlace::RECORD);
        reader.first_object(self.detail);
        for (number, member) in self.members.iter().enumerate() {
            let Some(at) = taken.spots.get(number) else {
                continue;
            };
            // There is no escape in the record.
            let text = taken
                .record
                .get(at..)
                .and_then(|value| value.strip_prefix(b"\""));
            if let Some(text) = text
                && let Some(length) = memchr::memchr(b'"', text)
            {
                reader.string_at(member.place, text.get(..length).unwrap_or_default());
            } else {
                reader.value(member.place, &mut Scanner::new(taken.record, at))?;
            }
        }
        reader.value_at(self.resources, b"[]")?;
        reader.value_at(self.client_id, taken.id)
    }
}
