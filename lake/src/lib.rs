//! Where a lake lives: a directory or an S3 bucket, opened as one [`ObjectStore`] rooted at the lake.
//!
//! `delivery` writes through it and `query` reads through it, so there is one way to name a lake and one
//! place that finds AWS credentials. This crate knows nothing of what lies in a lake.
//!
//! Start at [`Lake::open`].

mod aws;
mod location;

use std::sync::Arc;

use object_store::{ObjectStore, local::LocalFileSystem, path::Path, prefix::PrefixStore};
use url::Url;

pub use aws::Signer;
pub use location::{LakeError, Location};

/// An open lake.
#[derive(Debug, Clone)]
pub struct Lake {
    location: Location,
    store: Arc<dyn ObjectStore>,
    signer: Signer,
}

impl Lake {
    /// Opens the lake at `url`: a directory, `file://…` or `s3://bucket/prefix`.
    ///
    /// A directory that is not there is made when `create` says so. S3 takes credentials and endpoint from the
    /// standard AWS chain (environment, profiles, SSO, container and instance metadata;
    /// `AWS_ENDPOINT_URL_S3` before `AWS_ENDPOINT_URL`). Without a custom endpoint S3 is asked for the bucket's
    /// Region, and the configured one serves when it does not answer. `AWS_NO_SIGN_REQUEST=true` is for public
    /// buckets, `AWS_REQUEST_PAYER=requester` for those whose readers pay.
    ///
    /// # Errors
    ///
    /// [`LakeError`] when the URL is none of these, the directory is missing or no directory, or the AWS
    /// configuration is incomplete.
    pub async fn open(url: &str, create: bool) -> Result<Self, LakeError> {
        let location: Location = url.parse()?;
        let mut signer = Signer::default();
        let store: Arc<dyn ObjectStore> = match &location {
            Location::Directory(directory) => {
                if create {
                    std::fs::create_dir_all(directory)
                        .map_err(|source| LakeError::directory(directory, source))?;
                }
                let directory = directory
                    .canonicalize()
                    .map_err(|source| LakeError::directory(directory, source))?;
                let store = LocalFileSystem::new_with_prefix(&directory).map_err(|source| {
                    LakeError::Store {
                        location: url.to_owned(),
                        source,
                    }
                })?;
                Arc::new(store.with_automatic_cleanup(false))
            }
            Location::S3 { bucket, prefix } => {
                let store;
                (store, signer) = aws::open_bucket(bucket).await?;
                let root = Path::parse(prefix).map_err(|source| LakeError::Prefix {
                    location: url.to_owned(),
                    source,
                })?;
                if root.as_ref().is_empty() {
                    Arc::new(store)
                } else {
                    Arc::new(PrefixStore::new(store, root))
                }
            }
        };
        Ok(Self {
            location,
            store,
            signer,
        })
    }

    /// A lake over a store that is already open, named by `url` in messages; for tests and for embedding.
    pub fn from_store(location: Location, store: Arc<dyn ObjectStore>) -> Self {
        Self {
            location,
            store,
            signer: Signer::default(),
        }
    }

    /// With which credentials requests are signed, for messages.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The store; its root is the lake's root.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Where the lake is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Where the lake is, as a URL that ends in a slash.
    pub fn url(&self) -> Url {
        self.location.url()
    }

    /// Whether the store keeps `Content-Type` and `Content-Encoding`; a directory has nowhere to put them.
    pub fn keeps_attributes(&self) -> bool {
        matches!(self.location, Location::S3 { .. })
    }
}
