use hydrant_partitioner::KeyQuery;

use crate::client_id::ClientIdFrom;

/// How a [`Transformer`](crate::Transformer) works.
#[derive(Debug)]
pub struct Options {
    /// Where the client's id comes from.
    pub client_id_from: ClientIdFrom,
    /// Refuse a record that has no client id, rather than pass it on without one.
    pub require_client_id: bool,
    /// Believe `detail.clientId` where the envelope is vacant, as it is in a record that was transformed
    /// before. `false` takes such an id for the client's own word.
    pub trust_moved: bool,
    /// End the output with a newline. `false` is for streams whose `AppendDelimiterToRecord` processor
    /// does it; several objects of one record are then still separated by newlines.
    pub append_newline: bool,
    /// Partition keys to compute of every object after the move.
    pub partition_keys: Option<KeyQuery>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id_from: ClientIdFrom::default(),
            require_client_id: false,
            trust_moved: true,
            append_newline: true,
            partition_keys: None,
        }
    }
}
