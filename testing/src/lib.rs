//! What tests share: an S3 server in this process, so that `cargo test` needs nothing installed, and a store
//! that tells what it is asked.
//!
//! Only `dev-dependencies` name this crate. The server is a real one (s3s over a directory) behind HTTP on the
//! loopback interface; it counts what it is asked, by operation and prefix, and can be told to do wrong.

mod fault;
mod request;
mod store;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::BodyExt;
use hydrant_lake::{Lake, Location};
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use object_store::{ObjectStore, RetryConfig, aws::AmazonS3Builder, path, prefix::PrefixStore};
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub use fault::Fault;
pub use request::{Asked, Operation};
pub use store::WatchedStore;

/// The key that the server takes.
pub const ACCESS_KEY: &str = "test";
/// The secret that goes with it.
pub const SECRET_KEY: &str = "test-secret";

/// An S3 server that lives as long as this value.
#[derive(Debug)]
pub struct S3Server {
    root: TempDir,
    endpoint: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    requests: Mutex<Vec<Asked>>,
    /// How many requests are yet to go wrong, and how.
    faults: Mutex<Option<(usize, Fault)>>,
}

impl Shared {
    fn next_fault(&self) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, fault) = (*faults)?;
        *faults = left.checked_sub(1).map(|left| (left, fault));
        faults.map(|(_, fault)| fault)
    }
}

impl S3Server {
    /// Starts a server with an empty bucket on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// When no port or no directory is to be had.
    pub async fn start(bucket: &str) -> io::Result<Self> {
        Self::start_for(bucket, false).await
    }

    /// Starts a server with a bucket that anybody may read: requests need not be signed.
    ///
    /// # Errors
    ///
    /// As [`S3Server::start`].
    pub async fn start_public(bucket: &str) -> io::Result<Self> {
        Self::start_for(bucket, true).await
    }

    async fn start_for(bucket: &str, anybody: bool) -> io::Result<Self> {
        let root = TempDir::new()?;
        std::fs::create_dir(root.path().join(bucket))?;
        let files = s3s_fs::FileSystem::new(root.path())
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(files);
        if !anybody {
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        }
        let service = builder.build();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(serve(listener, service, Arc::clone(&shared)));
        Ok(Self {
            root,
            endpoint,
            shared,
            task,
        })
    }

    /// The URL to put into `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The directory in which `bucket`'s objects lie.
    pub fn directory(&self, bucket: &str) -> PathBuf {
        self.root.path().join(bucket)
    }

    /// The requests so far: method, path and query.
    pub fn requests(&self) -> Vec<String> {
        self.asked().iter().map(ToString::to_string).collect()
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        let requests = &self.shared.requests;
        let requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.clone()
    }

    /// How often `operation` was asked for with a key, or a prefix to list, that begins with `beginning`.
    pub fn count(&self, operation: Operation, beginning: &str) -> usize {
        let asked = self.asked();
        let counts =
            |asked: &&Asked| asked.operation == operation && asked.key.starts_with(beginning);
        asked.iter().filter(counts).count()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        let requests = &self.shared.requests;
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.clear();
    }

    /// Answers the next `requests` requests with `status`: 503 is retried by clients, 403 is not.
    pub fn refuse(&self, requests: usize, status: u16) {
        self.inject(requests, Fault::Status(status));
    }

    /// Lets the next `requests` requests go wrong.
    pub fn inject(&self, requests: usize, fault: Fault) {
        let faults = &self.shared.faults;
        *faults.lock().unwrap_or_else(PoisonError::into_inner) = Some((requests, fault));
    }

    /// The lake at `prefix` in `bucket`, over a client that retries as often as the one in use.
    ///
    /// # Errors
    ///
    /// When the client refuses its settings.
    pub fn lake(&self, bucket: &str, prefix: &str) -> object_store::Result<Lake> {
        let store = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region("us-east-1")
            .with_endpoint(self.endpoint())
            .with_allow_http(true)
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY)
            .with_retry(RetryConfig::default())
            .build()?;
        let store: Arc<dyn ObjectStore> =
            Arc::new(PrefixStore::new(store, path::Path::from(prefix)));
        let location = Location::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        Ok(Lake::from_store(location, store))
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, service: S3Service, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (service, shared) = (service.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let answer =
                service_fn(move |request| answer(service.clone(), Arc::clone(&shared), request));
            // A client that goes away is its own business.
            drop(
                Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(socket), answer)
                    .await,
            );
        });
    }
}

async fn answer(
    service: S3Service,
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let asked = Asked::new(&head);
    let request = Request::from_parts(head, body);
    shared
        .requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(asked);
    let cut_off = || Err(io::Error::other("the connection is cut off"));
    let fault = shared.next_fault();
    match fault {
        Some(Fault::Status(code)) => {
            let code = StatusCode::from_u16(code);
            return Ok(status(code.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)));
        }
        Some(Fault::Reset) => return cut_off(),
        Some(Fault::Partial) => {
            // The first part of the body is read, and no more.
            drop(request.into_body().frame().await);
            return cut_off();
        }
        Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::Unanswered) | None => {}
    }
    let answered = service.call(request.map(Body::from)).await;
    if fault == Some(Fault::Unanswered) {
        return cut_off();
    }
    Ok(answered.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR)))
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The files below `directory` with their bytes, by path relative to it with `/` between its parts, in order.
///
/// # Errors
///
/// When one cannot be read.
pub fn files(directory: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap_or(&path);
                let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
                found.push((name.join("/"), std::fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}
