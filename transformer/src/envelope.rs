use std::ops::Range;

use hydrant_records::json::{JsonError, Scanner, key_equals};

use crate::client_id::ClientIdFrom;
use crate::cuts::Cuts;
use crate::keys::Keys;
use crate::refusal::Refusal;

/// One object of a record: where the members are that decide whose event it is. Found in the same pass that
/// checks the object to be JSON.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// The object.
    pub(crate) span: Range<usize>,
    /// It goes over several lines.
    pub(crate) line_break: bool,
    /// The top-level `clientId`, if it is looked at.
    pub(crate) client_id: Option<Place>,
    /// `resources`, if it is looked at.
    pub(crate) resources: Option<Place>,
    /// `detail`, if it is there.
    pub(crate) detail: Option<Detail>,
    /// What goes when the top-level `clientId` does.
    pub(crate) cuts: Cuts,
}

/// A place in the envelope that may hold the client's id.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its value.
    pub(crate) value: Range<usize>,
    /// What is in it.
    pub(crate) content: Content,
}

/// What a place in the envelope holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A string that is not empty, with its quotes.
    Id(Range<usize>),
    /// `null` or `""`: what a mapping template writes where the authorizer gave no id.
    Blank,
    /// An empty array: nothing, as where the member is not there at all.
    Vacant,
    /// A value of another type.
    Other,
}

/// The value of `detail`.
#[derive(Debug)]
pub(crate) enum Detail {
    /// Not an object.
    Other,
    /// An object.
    Object {
        /// Where it starts.
        start: usize,
        /// What goes when its `clientId`s do.
        cuts: Cuts,
        /// What each `clientId` in it holds.
        client_ids: ClientIds,
    },
}

/// The members of `detail` that name the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientIds {
    /// There is none.
    None,
    /// One, a string that is not empty.
    OneId,
    /// One of another kind, or several.
    Unusable,
}

pub(crate) const CLIENT_ID: &str = "clientId";
pub(crate) const RESOURCES: &str = "resources";
pub(crate) const DETAIL: &str = "detail";

impl Envelope {
    /// Reads the object where `scanner` stands, and leaves the scanner behind it.
    pub(crate) fn read<'a>(
        bytes: &'a [u8],
        scanner: &mut Scanner<'a>,
        from: ClientIdFrom,
        keys: &mut Keys<'_, 'a>,
    ) -> Result<Self, Refusal> {
        let start = scanner.offset();
        scanner.forget_line_breaks();
        scanner.enter_object()?;
        let mut envelope = Self {
            span: start..start,
            line_break: false,
            client_id: None,
            resources: None,
            detail: None,
            cuts: Cuts::new(scanner.offset()),
        };
        while let Some(key) = scanner.next_member()? {
            let value = scanner.offset();
            let member = key.start - 1;
            let name = bytes.get(key).unwrap_or_default();
            if key_equals(name, DETAIL) {
                unique(envelope.detail.is_none(), DETAIL, member)?;
                envelope.detail = Some(Detail::read(bytes, scanner, keys)?);
            } else if from.resources() && key_equals(name, RESOURCES) {
                unique(envelope.resources.is_none(), RESOURCES, member)?;
                let content = read_resources(bytes, scanner)?;
                envelope.resources = Some(Place {
                    value: value..scanner.offset(),
                    content,
                });
            } else if from.client_id() && key_equals(name, CLIENT_ID) {
                unique(envelope.client_id.is_none(), CLIENT_ID, member)?;
                let value = scanner.skip_value()?;
                let content = content(bytes, value.clone());
                envelope.cuts.remove(member..value.end);
                envelope.client_id = Some(Place { value, content });
                continue;
            } else {
                keys.record_member(name, scanner)?;
            }
            envelope.cuts.keep(member..scanner.offset());
        }
        envelope.cuts.finish();
        envelope.span.end = scanner.offset();
        envelope.line_break = scanner.saw_line_break();
        scanner.check_utf8(envelope.span.clone())?;
        Ok(envelope)
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self::InvalidJson(error)
    }
}

fn unique(first: bool, name: &'static str, offset: usize) -> Result<(), Refusal> {
    if first {
        Ok(())
    } else {
        Err(Refusal::DuplicateMember { name, offset })
    }
}

impl Detail {
    fn read<'a>(
        bytes: &'a [u8],
        scanner: &mut Scanner<'a>,
        keys: &mut Keys<'_, 'a>,
    ) -> Result<Self, JsonError> {
        if scanner.peek() != Some(b'{') {
            keys.record_member(DETAIL.as_bytes(), scanner)?;
            return Ok(Self::Other);
        }
        let start = scanner.offset();
        scanner.enter_object()?;
        keys.enter_detail();
        let mut cuts = Cuts::new(scanner.offset());
        let mut client_ids = ClientIds::None;
        while let Some(key) = scanner.next_member()? {
            let name = bytes.get(key.clone()).unwrap_or_default();
            let value = keys.detail_member(name, scanner)?;
            let member = key.start - 1..value.end;
            if key_equals(name, CLIENT_ID) {
                cuts.remove(member);
                client_ids = match (client_ids, content(bytes, value)) {
                    (ClientIds::None, Content::Id(_)) => ClientIds::OneId,
                    _ => ClientIds::Unusable,
                };
            } else {
                cuts.keep(member);
            }
        }
        cuts.finish();
        Ok(Self::Object {
            start,
            cuts,
            client_ids,
        })
    }
}

/// What the value of `resources`, where `scanner` stands, says of the client: its first element decides.
fn read_resources(bytes: &[u8], scanner: &mut Scanner<'_>) -> Result<Content, JsonError> {
    if scanner.peek() != Some(b'[') {
        let value = scanner.skip_value()?;
        // A lone string is no list of resources, even if it might be meant as one.
        return Ok(match content(bytes, value) {
            Content::Blank => Content::Blank,
            _ => Content::Other,
        });
    }
    scanner.enter_array()?;
    if !scanner.next_element()? {
        return Ok(Content::Vacant);
    }
    let first = content(bytes, scanner.skip_value()?);
    while scanner.next_element()? {
        scanner.skip_value()?;
    }
    Ok(first)
}

/// What a value that passed as JSON says of the client.
fn content(bytes: &[u8], value: Range<usize>) -> Content {
    match bytes.get(value.clone()) {
        Some(b"\"\"" | b"null") => Content::Blank,
        Some([b'"', ..]) => Content::Id(value),
        _ => Content::Other,
    }
}
