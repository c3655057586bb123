//! Serde for bytes that travel as base64 text (standard alphabet, padded): `data` of a Lambda record,
//! `rawData` of an error record.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// Writes `bytes` as one base64 string.
pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&base64_simd::STANDARD.encode_to_string(bytes))
}

/// Reads one base64 string.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = Text::deserialize(deserializer)?;
    decode(&text.0).map_err(D::Error::custom)
}

/// The same for a value that may be absent or `null`.
pub(crate) mod option {
    use super::{Bytes, Deserialize, Deserializer, Serializer, Text, decode};
    use serde::de::Error as _;

    #[expect(clippy::ref_option, reason = "serde's `with` calls it so")]
    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Bytes>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Bytes>, D::Error> {
        Option::<Text<'de>>::deserialize(deserializer)?
            .map(|text| decode(&text.0).map_err(D::Error::custom))
            .transpose()
    }
}

/// Base64 text, borrowed from the input where it holds no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn decode(text: &str) -> Result<Bytes, &'static str> {
    base64_simd::STANDARD
        .decode_to_vec(text)
        .map(Bytes::from)
        .map_err(|_| "not base64 text (standard alphabet, padded)")
}

/// Decodes base64 text (standard alphabet, padded); `None` for anything else.
pub fn decode_base64(text: &str) -> Option<Bytes> {
    decode(text).ok()
}
