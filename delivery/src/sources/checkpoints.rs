//! How far a Kinesis data stream was read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Shard;

/// How far each shard was read. Kept in the log, so that reading goes on where it stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoints(BTreeMap<String, Place>);

/// A place in a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Up to the record with this sequence number, and that one.
    After(String),
    /// To the end: the shard is closed, and nothing of it is left.
    End,
}

impl Checkpoints {
    pub(crate) fn from_text(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    pub(crate) fn to_text(&self) -> Vec<u8> {
        // A map of text always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn get(&self, shard: &str) -> Option<&Place> {
        self.0.get(shard)
    }

    pub(super) fn set(&mut self, shard: &str, place: Place) {
        self.0.insert(shard.to_owned(), place);
    }

    /// Forgets shards that Kinesis has forgotten.
    pub(super) fn retain(&mut self, shards: &[Shard]) {
        self.0
            .retain(|id, _| shards.iter().any(|shard| shard.id == *id));
    }

    /// The shards that are to be read now: not at their end, and their parents are, or are gone.
    pub(super) fn readable(&self, shards: &[Shard]) -> Vec<String> {
        let is_done = |id: &String| {
            self.get(id) == Some(&Place::End) || !shards.iter().any(|shard| shard.id == *id)
        };
        shards
            .iter()
            .filter(|shard| self.get(&shard.id) != Some(&Place::End))
            .filter(|shard| shard.parents.iter().all(is_done))
            .map(|shard| shard.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parents: &[&str]) -> Shard {
        Shard {
            id: id.to_owned(),
            parents: parents.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn the_shards_of_a_split_are_read_after_the_one_that_was_split() {
        let shards = [shard("a", &[]), shard("b", &["a"]), shard("c", &["a"])];
        let mut checkpoints = Checkpoints::default();
        assert_eq!(checkpoints.readable(&shards), ["a"]);
        checkpoints.set("a", Place::After("7".to_owned()));
        assert_eq!(checkpoints.readable(&shards), ["a"]);
        checkpoints.set("a", Place::End);
        assert_eq!(checkpoints.readable(&shards), ["b", "c"]);
    }

    #[test]
    fn a_merged_shard_waits_for_both_and_not_for_one_that_is_gone() {
        let merged = shard("c", &["a", "b"]);
        let mut checkpoints = Checkpoints::default();
        checkpoints.set("a", Place::End);
        let shards = [shard("a", &[]), shard("b", &[]), merged.clone()];
        assert_eq!(checkpoints.readable(&shards), ["b"]);
        assert_eq!(checkpoints.readable(&[shard("a", &[]), merged]), ["c"]);
    }

    #[test]
    fn checkpoints_survive_as_text_and_forget_what_kinesis_forgot() {
        let mut checkpoints = Checkpoints::default();
        checkpoints.set("a", Place::End);
        checkpoints.set("b", Place::After("7".to_owned()));
        assert_eq!(
            Checkpoints::from_text(&checkpoints.to_text()),
            Some(checkpoints.clone())
        );
        checkpoints.retain(&[shard("b", &[])]);
        assert_eq!(checkpoints.get("a"), None);
        assert_eq!(Checkpoints::from_text(b"no"), None);
    }
}
