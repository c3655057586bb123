use std::fmt::{Debug, Display};

use crate::fault::Fault;

/// What a function does to the records of a batch, one after the other.
pub trait Work {
    /// Why a record is refused.
    type Refusal: Reason + From<Fault>;
    /// What is counted of the records that come through, beside their number.
    type Counts: Counts;

    /// Does it to the bytes of one record. Where that gives [`Outcome::Ok`], [`output`](Self::output) and
    /// [`keys`](Self::keys) are then what came of it.
    ///
    /// # Errors
    /// Why the record is refused; its neighbours are not concerned.
    fn record(
        &mut self,
        record: &[u8],
    ) -> Result<Outcome<<Self::Counts as Counts>::Note>, Self::Refusal>;

    /// What the last record became.
    fn output(&self) -> Output<'_>;

    /// The partition keys of the last record as the answer has them, a JSON object of strings; `None` where none
    /// are configured, so that the answer has no `metadata`.
    fn keys(&self) -> Option<&str>;
}

/// What became of a record that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<N> {
    /// It is delivered; the note is what there is to count of it.
    Ok(N),
    /// It is left out on purpose.
    Dropped,
}

/// The data to answer a record with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// The record as it came.
    Untouched,
}

/// A reason to refuse a record. Its `Display` says what is wrong and holds nothing of the record.
pub trait Reason: Debug + Display {
    /// A short name that stays what it is from release to release, to count by.
    fn reason(&self) -> &'static str;
}

/// What a function counts of the records that come through.
pub trait Counts: Debug + Default {
    /// What there is to count of one record.
    type Note;

    /// Counts one record.
    fn count(&mut self, note: Self::Note);

    /// The metrics' names, and what was counted.
    fn metrics(&self) -> Vec<(&'static str, usize)>;
}

/// Nothing is counted.
impl Counts for () {
    type Note = ();

    fn count(&mut self, (): ()) {}

    fn metrics(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }
}
