use std::str::FromStr;

/// Where in the envelope the client's id is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ClientIdFrom {
    /// The top-level member `clientId`, else the first element of `resources`. When either gives the id,
    /// both are left vacant, so that what else `resources` held cannot pass for an id later.
    #[default]
    ClientIdOrResources,
    /// The top-level member `clientId` alone; `resources` is not touched.
    ClientId,
    /// The first element of `resources` alone, where the AWS sample puts it; a top-level `clientId` is not
    /// touched.
    Resources,
}

impl ClientIdFrom {
    /// Whether the top-level member `clientId` is looked at.
    pub(crate) fn client_id(self) -> bool {
        matches!(self, Self::ClientIdOrResources | Self::ClientId)
    }

    /// Whether `resources` is looked at.
    pub(crate) fn resources(self) -> bool {
        matches!(self, Self::ClientIdOrResources | Self::Resources)
    }
}

/// A text that names no place for the client's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place for a client id; use clientId, resources[0], or clientId,resources[0]")]
pub struct UnknownClientIdSource(pub String);

impl FromStr for ClientIdFrom {
    type Err = UnknownClientIdSource;

    /// Reads `clientId`, `resources[0]` or `clientId,resources[0]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "clientId,resources[0]" => Ok(Self::ClientIdOrResources),
            "clientId" => Ok(Self::ClientId),
            "resources[0]" => Ok(Self::Resources),
            _ => Err(UnknownClientIdSource(text.to_owned())),
        }
    }
}

/// What became of the client's id; the crate's documentation has the rules.
///
/// Ordered by how much there is to worry about, so that the outcome of a record of several objects is the
/// greatest of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientId {
    /// The envelope had it, and it was moved to `detail.clientId`.
    Found,
    /// It was in `detail.clientId` already, and the envelope vacant.
    AlreadyMoved,
    /// There is none.
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_the_client_id_are_read_as_they_are_documented() {
        assert_eq!("clientId,resources[0]".parse(), Ok(ClientIdFrom::default()));
        assert_eq!("clientId".parse(), Ok(ClientIdFrom::ClientId));
        assert_eq!("resources[0]".parse(), Ok(ClientIdFrom::Resources));
        insta::assert_snapshot!("account".parse::<ClientIdFrom>().unwrap_err(), @r#""account" is no place for a client id; use clientId, resources[0], or clientId,resources[0]"#);
    }
}
