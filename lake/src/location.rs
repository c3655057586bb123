//! The name of a lake: what people type, parsed once.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::Url;

/// Where a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A directory; absolute or relative to the working directory.
    Directory(PathBuf),
    /// A bucket and the prefix in it, without slashes at either end; empty for the whole bucket.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
}

impl Location {
    /// The location as a URL that ends in a slash.
    ///
    /// # Panics
    ///
    /// When a bucket's name that was put together by hand is no host of a URL; one that was parsed is.
    pub fn url(&self) -> Url {
        let text = match self {
            Self::Directory(directory) => {
                let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
                if let Ok(url) = Url::from_directory_path(&absolute) {
                    return url;
                }
                "file:///".to_owned()
            }
            Self::S3 { bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}/"),
            Self::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}/"),
        };
        Url::parse(&text).expect("a bucket name that was parsed is a URL's host")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => write!(f, "{}", directory.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl FromStr for Location {
    type Err = LakeError;

    fn from_str(text: &str) -> Result<Self, LakeError> {
        let Some((scheme, _)) = text.split_once("://") else {
            if text.is_empty() {
                return Err(LakeError::Empty);
            }
            return Ok(Self::Directory(PathBuf::from(text)));
        };
        let refused = |reason: &str| LakeError::Url {
            location: text.to_owned(),
            reason: reason.to_owned(),
        };
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        match scheme {
            "file" => url
                .to_file_path()
                .map(Self::Directory)
                .map_err(|()| refused("a file URL names an absolute path: file:///path/to/lake")),
            "s3" | "s3a" => {
                let bucket = url.host_str().filter(|host| !host.is_empty());
                let bucket =
                    bucket.ok_or_else(|| refused("no bucket: write s3://bucket/prefix"))?;
                // The text as typed: a URL's path would be percent-encoded, and keys are not.
                let rest = text.splitn(4, '/').nth(3).unwrap_or_default();
                Ok(Self::S3 {
                    bucket: bucket.to_owned(),
                    prefix: rest.trim_matches('/').to_owned(),
                })
            }
            _ => Err(refused(
                "a lake is a directory, file://… or s3://bucket/prefix",
            )),
        }
    }
}

/// Why a lake cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Nothing was named.
    #[error("the lake has no name: give a directory, file://… or s3://bucket/prefix")]
    Empty,
    /// Not a lake's URL.
    #[error("{location} names no lake: {reason}")]
    Url {
        /// What was typed.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The prefix in the bucket is not a path.
    #[error("the prefix in {location} is not usable")]
    Prefix {
        /// What was typed.
        location: String,
        /// Why.
        #[source]
        source: object_store::path::Error,
    },
    /// The directory is missing, or no directory, or may not be read.
    #[error("{} cannot be opened as a lake", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The AWS configuration is incomplete.
    #[error("{bucket}: {reason}")]
    Aws {
        /// The bucket.
        bucket: String,
        /// What is missing and how to give it.
        reason: String,
    },
    /// The store refused.
    #[error("{location} cannot be opened as a lake")]
    Store {
        /// What was typed.
        location: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
}

impl LakeError {
    pub(crate) fn directory(directory: &Path, source: std::io::Error) -> Self {
        Self::Directory {
            directory: directory.to_owned(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(bucket: &str, prefix: &str) -> Location {
        Location::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    #[test]
    fn directories_and_urls_are_told_apart() {
        for (text, expected) in [
            ("lake", Location::Directory("lake".into())),
            ("./a b/lake", Location::Directory("./a b/lake".into())),
            (
                "file:///data/lake",
                Location::Directory("/data/lake".into()),
            ),
            ("s3://bucket", s3("bucket", "")),
            ("s3://bucket/", s3("bucket", "")),
            ("s3://bucket/a/b=1/", s3("bucket", "a/b=1")),
            ("s3a://bucket/é", s3("bucket", "é")),
        ] {
            assert_eq!(text.parse::<Location>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_names_no_lake_is_refused_with_a_way_out() {
        let mut seen = String::new();
        for text in [
            "",
            "s3://",
            "s3:///prefix",
            "gs://bucket",
            "file://relative/lake",
        ] {
            seen += &format!("{}\n", text.parse::<Location>().unwrap_err());
        }
        insta::assert_snapshot!(seen);
    }
}
