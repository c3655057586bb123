//! A result on its way to where it goes: in memory, or in a temporary file once it is large.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Seek},
};

use arrow::{
    array::RecordBatch,
    datatypes::SchemaRef,
    error::ArrowError,
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use hydrant_query::Batches;

use crate::{error::JobError, rows::Rows};

/// The rows of a result, to be read as often as one likes.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) schema: SchemaRef,
    count: u64,
    /// Which columns have a value.
    valued: Vec<bool>,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Memory(Vec<RecordBatch>),
    File(tempfile::NamedTempFile),
}

/// A result that is coming in.
pub(crate) struct Gathering {
    gathered: Gathered,
    /// Bytes that may be held in memory, and that are.
    limit: usize,
    bytes: usize,
    writer: Option<StreamWriter<BufWriter<File>>>,
}

impl Gathering {
    /// A result of these columns, of which at most `limit` bytes are held in memory.
    pub(crate) fn new(schema: SchemaRef, limit: usize) -> Self {
        Self {
            gathered: Gathered {
                count: 0,
                valued: vec![false; schema.fields().len()],
                held: Held::Memory(Vec::new()),
                schema,
            },
            limit,
            bytes: 0,
            writer: None,
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// [`JobError::Output`] when the temporary file cannot be written.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<(), JobError> {
        self.gathered.see(&batch);
        if let Some(writer) = &mut self.writer {
            return writer.write(&batch).map_err(|error| unwritten(&error));
        }
        self.bytes += batch.get_array_memory_size();
        if let Held::Memory(batches) = &mut self.gathered.held {
            batches.push(batch);
        }
        if self.bytes > self.limit {
            self.move_out().map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    /// Moves what is held in memory into a file.
    fn move_out(&mut self) -> Result<(), ArrowError> {
        let file = tempfile::NamedTempFile::new()?;
        let mut writer = StreamWriter::try_new_buffered(file.reopen()?, &self.gathered.schema)?;
        let before = std::mem::replace(&mut self.gathered.held, Held::File(file));
        if let Held::Memory(batches) = before {
            for batch in batches {
                writer.write(&batch)?;
            }
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// As [`Gathering::push`].
    pub(crate) fn finish(mut self) -> Result<Gathered, JobError> {
        if let Some(mut writer) = self.writer.take() {
            writer.finish().map_err(|error| unwritten(&error))?;
        }
        Ok(self.gathered)
    }
}

impl Gathered {
    /// Rows that are in memory.
    pub(crate) fn of(rows: Rows) -> Self {
        let mut gathered = Gathering::new(rows.schema, usize::MAX).gathered;
        for batch in &rows.batches {
            gathered.see(batch);
        }
        gathered.held = Held::Memory(rows.batches);
        gathered
    }

    fn see(&mut self, batch: &RecordBatch) {
        self.count += batch.num_rows() as u64;
        for (valued, column) in self.valued.iter_mut().zip(batch.columns()) {
            *valued |= column.logical_null_count() < batch.num_rows();
        }
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Whether a column has no value in any row.
    pub(crate) fn is_empty(&self, column: &str) -> bool {
        let at = self.schema.index_of(column).ok();
        at.and_then(|at| self.valued.get(at))
            .is_some_and(|valued| !valued)
    }

    /// The rows, if they are few enough to be held.
    pub(crate) fn in_memory(&self) -> Option<&[RecordBatch]> {
        match &self.held {
            Held::Memory(batches) => Some(batches),
            Held::File(_) => None,
        }
    }

    /// The rows from the first on.
    pub(crate) fn batches(&self) -> Batches {
        match &self.held {
            Held::Memory(batches) => Box::new(batches.clone().into_iter().map(Ok)),
            Held::File(file) => match opened(file) {
                Ok(reader) => Box::new(reader),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
        }
    }
}

fn opened(file: &tempfile::NamedTempFile) -> Result<StreamReader<BufReader<File>>, ArrowError> {
    let mut file = file.reopen()?;
    file.rewind()?;
    StreamReader::try_new(BufReader::new(file), None)
}

fn unwritten(error: &ArrowError) -> JobError {
    JobError::Output {
        output: "a temporary file".to_owned(),
        reason: format!(
            "{error}; a result that does not fit into memory lies there until it is complete: make room, or say in \
             TMPDIR where there is some"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, NullArray};

    use super::*;

    #[test]
    fn a_result_is_the_same_in_memory_and_in_a_file() {
        let batch = |from: i64| {
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + 100));
            let nothing: ArrayRef = Arc::new(NullArray::new(100));
            RecordBatch::try_from_iter([("n", numbers), ("x", nothing)]).unwrap()
        };
        let gather = |limit: usize| {
            let mut gathering = Gathering::new(batch(0).schema(), limit);
            for n in 0..20 {
                gathering.push(batch(n * 100)).unwrap();
            }
            gathering.finish().unwrap()
        };
        let (small, large) = (gather(usize::MAX), gather(4_000));
        assert!(small.in_memory().is_some() && large.in_memory().is_none());
        for gathered in [&small, &large] {
            assert_eq!(gathered.count(), 2_000);
            assert!(gathered.is_empty("x") && !gathered.is_empty("n"));
        }
        let all = |gathered: &Gathered| gathered.batches().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(all(&small), all(&large));
        // As often as one likes.
        assert_eq!(all(&large), all(&large));
    }
}
