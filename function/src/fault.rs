/// Why a record is refused whatever its content: something about the event, or about the answer's size. The
/// text never holds any of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The event has no `data` for the record.
    #[error("the event has no data for the record")]
    NoData,
    /// `data` is not base64.
    #[error("data is not base64 text (standard alphabet, padded)")]
    NotBase64,
    /// Several records of the event have this id, and one answer has to do for all of them.
    #[error("the event has several records with this id")]
    DuplicateRecordId,
    /// What becomes of the record is by itself larger than Lambda lets an answer be.
    #[error("the record becomes {bytes} bytes in base64, and an answer may have {limit}")]
    TooLarge {
        /// What it becomes, in base64.
        bytes: usize,
        /// What an answer may have, in all.
        limit: usize,
    },
    /// The other records of the batch have filled the answer.
    #[error("the answer is full; lower the processor's BufferSizeInMBs, or set REINGEST=true")]
    AnswerFull,
    /// The other records of the batch have filled the answer, and the record could not be put again.
    #[error("the answer is full, and the record could not be put into the stream again")]
    NotReingested,
}

impl Fault {
    /// A short name that stays what it is from release to release, to count by.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoData => "no-data",
            Self::NotBase64 => "not-base64",
            Self::DuplicateRecordId => "duplicate-record-id",
            Self::TooLarge { .. } => "too-large",
            Self::AnswerFull => "answer-full",
            Self::NotReingested => "not-reingested",
        }
    }
}
