//! Temporary files from where DataFusion spills to: one place, one bound, one clean-up.

use std::{io, path::Path, sync::Arc};

use datafusion::execution::DiskManager;

use crate::encoding::{Scratch, ScratchFile};

impl Scratch for Arc<DiskManager> {
    fn file(&self) -> io::Result<ScratchFile> {
        let file = self
            .create_tmp_file("reading a large object")
            .map_err(io::Error::other)?;
        Ok(ScratchFile {
            path: file.path().map(Path::to_owned).unwrap_or_default(),
            out: file.open_writer().map_err(io::Error::other)?,
            keep: Box::new(file),
        })
    }
}
