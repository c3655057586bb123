use hydrant_partitioner::PartitionKeys;
use hydrant_records::json::{JsonError, JsonErrorKind, Scanner};

use crate::client_id::ClientId;
use crate::envelope::{ClientIds, Content, Detail, Envelope};
use crate::keys::{KeyPlaces, Keys};
use crate::line::compact;
use crate::options::Options;
use crate::refusal::Refusal;
use crate::rewrite::{Move, write};

/// Transforms records; see the crate's documentation for the rules. Cheap to call from several threads.
#[derive(Debug, Default)]
pub struct Transformer {
    options: Options,
    /// Of the partition keys, if any.
    key_places: Option<KeyPlaces>,
}

/// A record that was transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transformed {
    /// What became of the client's id; of several objects the greatest.
    pub client_id: ClientId,
    /// JSON objects in the record, each on its line of the output; at least one.
    pub objects: usize,
}

impl Transformer {
    /// A transformer that works as `options` say.
    pub fn new(options: Options) -> Self {
        let key_places = options.partition_keys.as_ref().map(KeyPlaces::new);
        Self {
            options,
            key_places,
        }
    }

    /// How this transformer works.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Appends the lines that `record` becomes to `out`, for a caller that does not want the partition keys.
    ///
    /// # Errors
    /// As [`transform_with_keys`](Self::transform_with_keys).
    pub fn transform(&self, record: &[u8], out: &mut Vec<u8>) -> Result<Transformed, Refusal> {
        self.transform_with_keys(record, out, &mut PartitionKeys::new())
    }

    /// Appends the lines that `record` becomes to `out`, and puts the record's partition keys, if any are
    /// configured, into `keys`, whose earlier content goes.
    ///
    /// A line is the object as it came, but for the client's id, which becomes the last member of `detail`,
    /// and for the white space around the object. An object that goes over several lines loses all white
    /// space outside strings. Several objects become several lines, all of them or none.
    ///
    /// # Errors
    /// A [`Refusal`] says why the record cannot be transformed; `out` is then as it was.
    pub fn transform_with_keys(
        &self,
        record: &[u8],
        out: &mut Vec<u8>,
        keys: &mut PartitionKeys,
    ) -> Result<Transformed, Refusal> {
        let before = out.len();
        keys.clear();
        let result = self.append(record, out, keys);
        if result.is_err() {
            out.truncate(before);
            keys.clear();
        }
        result
    }

    fn append(
        &self,
        record: &[u8],
        out: &mut Vec<u8>,
        keys: &mut PartitionKeys,
    ) -> Result<Transformed, Refusal> {
        let mut scanner = Scanner::new(record, 0);
        let mut done = Transformed {
            client_id: ClientId::Found,
            objects: 0,
        };
        loop {
            scanner.skip_whitespace();
            let Some(first) = scanner.peek() else { break };
            if first != b'{' {
                return Err(not_an_object(first, scanner.offset(), done.objects));
            }
            if done.objects > 0 {
                out.push(b'\n');
            }
            let offset = scanner.offset();
            let client_id = if done.objects == 0 {
                self.append_object(record, &mut scanner, out, keys)?
            } else {
                let mut others = PartitionKeys::new();
                let client_id = self.append_object(record, &mut scanner, out, &mut others)?;
                if others != *keys {
                    return Err(Refusal::KeysDiffer { offset });
                }
                client_id
            };
            done.client_id = done.client_id.max(client_id);
            done.objects += 1;
        }
        if done.objects == 0 {
            return Err(Refusal::Empty);
        }
        if self.options.append_newline {
            out.push(b'\n');
        }
        Ok(done)
    }

    /// Appends the object where `scanner` stands, without a newline, and puts its keys into `keys`.
    fn append_object<'a>(
        &self,
        record: &'a [u8],
        scanner: &mut Scanner<'a>,
        out: &mut Vec<u8>,
        keys: &mut PartitionKeys,
    ) -> Result<ClientId, Refusal> {
        let query = self.options.partition_keys.as_ref();
        let mut reader = Keys::new(query.zip(self.key_places.as_ref()));
        let envelope = Envelope::read(record, scanner, self.options.client_id_from, &mut reader)?;
        let (client_id, how) = self.decide(&envelope)?;
        let line = out.len();
        write(record, &envelope, &how, out);
        if envelope.line_break {
            compact(out, line);
        }
        let object = out.get(line..).unwrap_or_default();
        reader
            .finish(record, &envelope, &how, object, keys)
            .map_err(|error| Refusal::PartitionKey {
                offset: envelope.span.start,
                error,
            })?;
        Ok(client_id)
    }

    /// Whose word the client's id is; the crate's documentation has the rules.
    fn decide(&self, envelope: &Envelope) -> Result<(ClientId, Move), Refusal> {
        let mut vacant = true;
        for place in [&envelope.client_id, &envelope.resources]
            .into_iter()
            .flatten()
        {
            match &place.content {
                Content::Id(id) => {
                    if !matches!(envelope.detail, Some(Detail::Object { .. })) {
                        return Err(Refusal::DetailNotAnObject {
                            offset: envelope.span.start,
                        });
                    }
                    return Ok((ClientId::Found, Move::Put(id.clone())));
                }
                Content::Other => {
                    return Err(Refusal::ClientIdNotAString {
                        offset: place.value.start,
                    });
                }
                Content::Blank => vacant = false,
                Content::Vacant => {}
            }
        }
        let client_ids = match &envelope.detail {
            Some(Detail::Object { client_ids, .. }) => *client_ids,
            _ => ClientIds::None,
        };
        if client_ids == ClientIds::OneId && vacant && self.options.trust_moved {
            return Ok((ClientId::AlreadyMoved, Move::Keep));
        }
        if self.options.require_client_id {
            return Err(Refusal::MissingClientId {
                offset: envelope.span.start,
            });
        }
        let how = if client_ids == ClientIds::None {
            Move::Keep
        } else {
            Move::Strip
        };
        Ok((ClientId::Missing, how))
    }
}

/// What to say of a record where `byte` stands in an object's place, after `objects` of them.
fn not_an_object(byte: u8, offset: usize, objects: usize) -> Refusal {
    match byte {
        b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Refusal::NotAnObject { offset },
        _ if objects == 0 => Refusal::InvalidJson(JsonError {
            kind: JsonErrorKind::ExpectedValue,
            offset,
        }),
        _ => Refusal::InvalidJson(JsonError {
            kind: JsonErrorKind::AfterValue,
            offset,
        }),
    }
}
