//! Delta tables in a lake, on the lake's own store.
//!
//! A table is a folder of the lake. Each version of it is one object of its log, written only if it is absent
//! (Delta transaction log protocol, Delta Log Entries): a directory and S3 both decide by themselves which of
//! two writers was first. A commit here is for the version that was read and for no other; who loses is told
//! so, reads the table again, and decides anew. So there is no merging of commits behind the writer's back.
//!
//! Start at [`DeltaTable::open`] or [`DeltaTable::create`]; write data files with [`DataFile`], and put them
//! into the table with [`DeltaTable::commit`].

mod change;
mod data_file;
mod error;
mod sorted;
mod statistics;
mod vacuum;

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use deltalake::{
    DeltaTableError,
    kernel::{
        Action, Add, MetadataExt, Protocol, Remove, StructType, Transaction,
        engine::arrow_conversion::TryIntoKernel as _,
        new_metadata,
        transaction::{CommitData, PROTOCOL, TransactionError},
    },
    logstore::{CommitOrBytes, LogStoreRef, StorageConfig, default_logstore},
    protocol::{DeltaOperation, SaveMode},
};
use futures::TryStreamExt;
use hydrant_lake::Lake;
use object_store::{ObjectStore, path::Path, prefix::PrefixStore};
use serde_json::json;
use url::Url;

pub use change::{Change, NewFile, TableFile};
pub use data_file::{DataFile, DataFileOptions};
pub use error::DeltaError;
use sorted::Sorted;
pub(crate) use statistics::statistics;
pub use vacuum::Leftovers;
pub(crate) use vacuum::remove_all;

/// A new checkpoint is due after so many versions.
const CHECKPOINT_INTERVAL: u64 = 20;

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is this version of the table.
    Version(u64),
    /// Somebody else was first; nothing was changed. [`DeltaTable::reload`] shows what they did.
    Conflict,
}

/// A Delta table at one version.
pub struct DeltaTable {
    /// The table's folder in the lake, without slashes at its ends.
    folder: String,
    /// Where it is, for messages.
    location: String,
    store: Arc<dyn ObjectStore>,
    inner: deltalake::DeltaTable,
}

impl std::fmt::Debug for DeltaTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaTable")
            .field("location", &self.location)
            .field("version", &self.inner.version())
            .finish_non_exhaustive()
    }
}

impl DeltaTable {
    /// The table in `folder` of the lake, such as `_tables/events`, at its latest version; `None` when there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`DeltaError`]: the store refuses, the log is damaged, or the table has features that are not read.
    pub async fn open(lake: &Lake, folder: &str) -> Result<Option<Self>, DeltaError> {
        let location = format!("{}{folder}", lake.url());
        Self::open_in(Arc::clone(lake.store()), location, folder).await
    }

    /// As [`DeltaTable::open`], in a store that is rooted at the lake; `location` names the table in messages.
    ///
    /// # Errors
    ///
    /// As [`DeltaTable::open`].
    pub async fn open_in(
        store: Arc<dyn ObjectStore>,
        location: String,
        folder: &str,
    ) -> Result<Option<Self>, DeltaError> {
        let mut table = Self::at(store, location, folder)?;
        // Asked first: the kernel logs an error when there is nothing.
        let is_there = table.log_store().is_delta_table_location().await;
        if !is_there.map_err(|error| table.failed("read", error))? {
            return Ok(None);
        }
        match table.inner.load().await {
            Ok(()) => {
                table.can_read()?;
                Ok(Some(table))
            }
            Err(error) => Err(table.failed("read", error)),
        }
    }

    /// Makes a table of these columns in `folder` of the lake, or opens the one that is there. Its first version
    /// has no rows. The columns of `partition_columns` are in `schema` too.
    ///
    /// # Errors
    ///
    /// [`DeltaError`]: as [`DeltaTable::open`], or columns that Delta cannot have.
    pub async fn create(
        lake: &Lake,
        folder: &str,
        schema: &Schema,
        partition_columns: &[&str],
        properties: &[(&str, &str)],
    ) -> Result<Self, DeltaError> {
        let location = format!("{}{folder}", lake.url());
        let table = Self::at(Arc::clone(lake.store()), location, folder)?;
        let columns = table.columns(schema)?;
        let metadata = new_metadata(
            &columns,
            partition_columns.iter().copied(),
            properties.iter().copied(),
        )
        .map_err(|error| table.failed("make", error.into()))?;
        // What every reader and writer knows: no table features.
        let protocol = json!({"minReaderVersion": 1, "minWriterVersion": 2});
        let protocol: Protocol =
            serde_json::from_value(protocol).map_err(|error| DeltaError::Columns {
                table: table.location.clone(),
                reason: error.to_string(),
            })?;
        let operation = DeltaOperation::Create {
            mode: SaveMode::ErrorIfExists,
            metadata: metadata.clone(),
            location: table.log_store().config().location().clone(),
            protocol: protocol.clone(),
        };
        let actions = vec![Action::Protocol(protocol), Action::Metadata(metadata)];
        let commit = CommitData::new(actions, operation, HashMap::new(), Vec::new());
        // Who was first does not matter: the table is opened either way.
        table.write_version(0, &commit).await?;
        let found = Self::open_in(Arc::clone(&table.store), table.location.clone(), folder).await?;
        found.ok_or_else(|| DeltaError::Gone {
            table: table.location.clone(),
        })
    }

    fn at(store: Arc<dyn ObjectStore>, location: String, folder: &str) -> Result<Self, DeltaError> {
        let folder = folder.trim_matches('/').to_owned();
        let root = Path::parse(&folder).map_err(|source| DeltaError::Folder {
            folder: folder.clone(),
            source,
        })?;
        // A URL of our own, whose root is the store's root: of a `file` URL the kernel would look for the file.
        let mut url = Url::parse("hydrant://lake/").map_err(|error| DeltaError::Columns {
            table: location.clone(),
            reason: error.to_string(),
        })?;
        url.set_path(&format!("/{folder}/"));
        let all: Arc<dyn ObjectStore> = Arc::new(Sorted(Arc::clone(&store)));
        let inside: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(&all), root));
        let log = default_logstore(inside, all, &url, &StorageConfig::default());
        Ok(Self {
            folder,
            location,
            store,
            inner: deltalake::DeltaTable::new(log),
        })
    }

    fn columns(&self, schema: &Schema) -> Result<StructType, DeltaError> {
        schema
            .try_into_kernel()
            .map_err(|error: arrow::error::ArrowError| DeltaError::Columns {
                table: self.location.clone(),
                reason: error.to_string(),
            })
    }

    fn can_read(&self) -> Result<(), DeltaError> {
        PROTOCOL
            .can_read_from(self.state()?)
            .map_err(|error| self.failed("read", error.into()))
    }

    fn failed(&self, what: &'static str, source: DeltaTableError) -> DeltaError {
        DeltaError::Delta {
            table: self.location.clone(),
            what,
            source: Box::new(source),
        }
    }

    fn log_store(&self) -> LogStoreRef {
        self.inner.log_store()
    }

    fn state(&self) -> Result<&deltalake::table::state::DeltaTableState, DeltaError> {
        self.inner
            .snapshot()
            .map_err(|error| self.failed("read", error))
    }

    /// Reads the latest version.
    ///
    /// # Errors
    ///
    /// As [`DeltaTable::open`].
    pub async fn reload(&mut self) -> Result<(), DeltaError> {
        match self.inner.update_state().await {
            Ok(()) => self.can_read(),
            Err(error) => Err(self.failed("read", error)),
        }
    }

    /// The version that was read.
    pub fn version(&self) -> u64 {
        self.inner.version().unwrap_or_default()
    }

    /// The table's folder in the lake.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Where the table is, for people.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The columns, those of partitions too.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when nothing was read.
    pub fn schema(&self) -> Result<SchemaRef, DeltaError> {
        Ok(self.state()?.snapshot().arrow_schema())
    }

    /// The columns that partition the table.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when nothing was read.
    pub fn partition_columns(&self) -> Result<Vec<String>, DeltaError> {
        Ok(self.state()?.metadata().partition_columns().to_vec())
    }

    /// A property of the table.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when nothing was read.
    pub fn property(&self, name: &str) -> Result<Option<String>, DeltaError> {
        Ok(self.state()?.metadata().configuration().get(name).cloned())
    }

    /// The data files of this version.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when nothing was read, or rows of a file are marked as deleted: such tables are read by
    /// other programs only.
    pub fn files(&self) -> Result<Vec<TableFile>, DeltaError> {
        let files = self.state()?.log_data();
        let file = |view: deltalake::kernel::LogicalFileView| {
            if view.deletion_vector_descriptor().is_some() {
                return Err(DeltaError::DeletedRows {
                    table: self.location.clone(),
                    file: view.path().into_owned(),
                });
            }
            Ok(TableFile {
                path: view.path().into_owned(),
                size: u64::try_from(view.size()).unwrap_or_default(),
                rows: view.num_records().map(|rows| rows as u64),
                partition: view.partition_values_map().into_iter().collect(),
                statistics: view.stats(),
            })
        };
        files.iter().map(file).collect()
    }

    /// Files that left the table after a time, in milliseconds since the epoch: whoever began before may still
    /// read them.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the log cannot be read.
    pub async fn removed_since(&self, time: i64) -> Result<Vec<String>, DeltaError> {
        let log = self.log_store();
        let tombstones = self.state()?.all_tombstones(&*log);
        let removed: Vec<_> = tombstones
            .try_collect()
            .await
            .map_err(|error| self.failed("read", error))?;
        let since = removed.into_iter();
        let since = since.filter(|file| file.deletion_timestamp().is_none_or(|it| it > time));
        Ok(since.map(|file| file.path().into_owned()).collect())
    }

    /// The version that an application noted with its last commit; see [`Change::transactions`].
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the log cannot be read.
    pub async fn transaction(&self, application: &str) -> Result<Option<i64>, DeltaError> {
        self.state()?
            .transaction_version(&*self.log_store(), application)
            .await
            .map_err(|error| self.failed("read", error))
    }

    /// Makes `change` the next version of the table, if nobody has made one since this was read; `now` is in
    /// milliseconds since the epoch. Afterwards this is the table at the new version.
    ///
    /// # Errors
    ///
    /// [`DeltaError`] when the store refuses, or the table may not be written by us. Nothing was changed then,
    /// unless the store took the commit and could not say so: [`DeltaTable::transaction`] tells.
    pub async fn commit(&mut self, change: Change, now: i64) -> Result<Committed, DeltaError> {
        let version = self.version() + 1;
        let commit = self.commit_data(change, now)?;
        PROTOCOL
            .can_commit(self.state()?, &commit.actions, &commit.operation)
            .map_err(|error| self.failed("change", error.into()))?;
        if !self.write_version(version, &commit).await? {
            return Ok(Committed::Conflict);
        }
        self.reload().await?;
        self.keep_house().await;
        Ok(Committed::Version(version))
    }

    /// Commits what `decide` makes of the table, and asks it again whenever somebody else was first. `None` is
    /// its answer when there is nothing left to do.
    ///
    /// # Errors
    ///
    /// As [`DeltaTable::commit`], and what `decide` says.
    pub async fn commit_with<E: From<DeltaError>>(
        &mut self,
        now: i64,
        mut decide: impl FnMut(&Self) -> Result<Option<Change>, E>,
    ) -> Result<Option<u64>, E> {
        loop {
            let Some(change) = decide(self)? else {
                return Ok(None);
            };
            if let Committed::Version(version) = self.commit(change, now).await? {
                return Ok(Some(version));
            }
            self.reload().await?;
        }
    }

    fn commit_data(&self, change: Change, now: i64) -> Result<CommitData, DeltaError> {
        let Change {
            add,
            remove,
            transactions,
            schema,
            same_rows,
            note,
        } = change;
        let state = self.state()?;
        let mut actions = Vec::with_capacity(add.len() + remove.len() + 1);
        if let Some(schema) = schema {
            let columns = self.columns(&schema)?;
            let metadata = MetadataExt::with_schema(state.metadata().clone(), &columns);
            actions.push(Action::Metadata(
                metadata.map_err(|error| self.failed("change", error.into()))?,
            ));
        }
        let mode = if remove.is_empty() {
            SaveMode::Append
        } else {
            SaveMode::Overwrite
        };
        for file in remove {
            actions.push(Action::Remove(Remove {
                path: file.path,
                data_change: !same_rows,
                deletion_timestamp: Some(now),
                extended_file_metadata: Some(true),
                partition_values: Some(file.partition.into_iter().collect()),
                size: Some(file.size.cast_signed()),
                ..Remove::default()
            }));
        }
        for file in add {
            actions.push(Action::Add(Add {
                path: file.path,
                partition_values: file.partition.into_iter().collect(),
                size: file.size.cast_signed(),
                modification_time: now,
                data_change: !same_rows,
                stats: Some(file.statistics),
                ..Add::default()
            }));
        }
        let operation = DeltaOperation::Write {
            mode,
            partition_by: Some(state.metadata().partition_columns().to_vec()),
            predicate: None,
        };
        let transactions = transactions
            .into_iter()
            .map(|(application, version)| Transaction::new(application, version))
            .collect();
        let note = note.into_iter().map(|(key, value)| (key, value.into()));
        Ok(CommitData::new(
            actions,
            operation,
            note.collect(),
            transactions,
        ))
    }

    /// Writes a version of the log; whether it is ours.
    async fn write_version(&self, version: u64, commit: &CommitData) -> Result<bool, DeltaError> {
        let log = self.log_store();
        let bytes = commit
            .get_bytes()
            .map_err(|error| self.failed("change", error.into()))?;
        let entry = CommitOrBytes::LogBytes(bytes.clone());
        // The default log store has no use for an operation's id.
        let written = log
            .write_commit_entry(version, entry, uuid::Uuid::nil())
            .await;
        let Err(error) = written else {
            return Ok(true);
        };
        // A request whose answer was lost is sent again, and then finds its own work there.
        match log.read_commit_entry(version).await {
            Ok(Some(there)) if same_entry(&there, &bytes) => Ok(true),
            Ok(Some(_)) => Ok(false),
            _ if matches!(error, TransactionError::VersionAlreadyExists(_)) => Ok(false),
            _ => Err(self.failed("write to", error.into())),
        }
    }

    /// Writes a checkpoint now and then, and removes what is left of the log from before the table's retention.
    /// That it fails costs time only.
    async fn keep_house(&self) {
        if !self.version().is_multiple_of(CHECKPOINT_INTERVAL) {
            return;
        }
        let written = deltalake::checkpoints::create_checkpoint(&self.inner, None).await;
        let cleaned = match written {
            Ok(()) => deltalake::checkpoints::cleanup_metadata(&self.inner, None).await,
            Err(error) => Err(error),
        };
        if let Err(error) = cleaned {
            tracing::debug!(table = %self.location, %error, "no checkpoint was written");
        }
    }
}

fn same_entry(there: &Bytes, ours: &Bytes) -> bool {
    there.trim_ascii_end() == ours.trim_ascii_end()
}
