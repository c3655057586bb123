//! What a value must be before it is a key.

use super::error::KeyError;
use super::on_missing::OnMissing;
use super::partition_keys::PartitionKeys;
use crate::confinement::{ConfinementPolicy, confine, is_plain};

/// The rules that a query has for its values.
#[derive(Debug, Clone, Default)]
pub(super) struct ValueRules {
    pub(super) on_missing: OnMissing,
    /// `None` leaves it to the prefix.
    pub(super) confinement: Option<ConfinementPolicy>,
}

impl ValueRules {
    /// Appends a key whose value `write` appends to the text that it is given. A value of no length is as
    /// good as missing.
    #[inline]
    pub(super) fn push(
        &self,
        name: &str,
        out: &mut PartitionKeys,
        write: impl FnOnce(&mut String),
    ) -> Result<(), KeyError> {
        let value = out.push(name, write);
        let (empty, plain) = (
            value.is_empty(),
            self.confinement.is_none() || is_plain(value),
        );
        match self.confinement {
            _ if empty => {
                out.pop();
                self.missing(name, out)
            }
            Some(policy) if !plain => confine_last(name, policy, out),
            _ => Ok(()),
        }
    }

    /// Appends the default of a key that is null, missing or empty.
    #[cold]
    pub(super) fn missing(&self, name: &str, out: &mut PartitionKeys) -> Result<(), KeyError> {
        match self.on_missing.default_of(name) {
            Some(value) => {
                out.push(name, |text| text.push_str(value));
                Ok(())
            }
            None => Err(KeyError::NullOrEmpty {
                key: name.to_owned(),
            }),
        }
    }
}

#[cold]
fn confine_last(
    name: &str,
    policy: ConfinementPolicy,
    out: &mut PartitionKeys,
) -> Result<(), KeyError> {
    let value = out.pop();
    let mut confined = String::with_capacity(value.len());
    confine(name, &value, policy, &mut confined)?;
    out.push(name, |text| text.push_str(&confined));
    Ok(())
}
