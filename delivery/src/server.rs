//! HTTP around the API, and around what is not the API: metrics, health, flushes.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use uuid::Uuid;

use crate::{
    api::{Api, ApiError, ErrorKind, TARGET_PREFIX},
    auth::{Keys, Verifier},
    clock::Clock,
    ids::Ids,
};

/// The largest body: 4 MiB of records as base64 in JSON, and room for 500 entries around them.
const MAX_BODY_BYTES: usize = 8 << 20;

/// The same in KiB.
const MAX_BODY_KIB: u32 = 8 << 10;

/// Memory that bodies may take at once, in KiB; what comes beyond waits its turn on its connection.
const BODY_MEMORY_KIB: usize = 128 << 10;

/// How long a request may take to arrive.
const BODY_TIME: Duration = Duration::from_mins(1);

/// How long open requests may take after the server was told to stop.
const GOODBYE: Duration = Duration::from_secs(5);

const AWS_JSON: &str = "application/x-amz-json-1.1";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", bind_help(source))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Others could reach the address, and everybody could put records.
    #[error(
        "{address} can be reached from other machines, and no key was given that requests must be signed \
         with; give keys, or listen on 127.0.0.1"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
}

fn bind_help(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "something else listens there; stop it, or choose another port".to_owned()
        }
        std::io::ErrorKind::PermissionDenied => {
            "this user may not; choose a port above 1023".to_owned()
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; 127.0.0.1 is always there".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    api: Api,
    verifier: Option<Verifier>,
    clock: Arc<dyn Clock>,
    memory: Arc<Semaphore>,
}

impl Server {
    /// Listens on `address`. With `keys`, requests must be signed with one of them; without, any signature is
    /// taken, and only an address of the loopback interface is.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind(
        address: SocketAddr,
        api: Api,
        keys: Option<Keys>,
    ) -> Result<Self, ServerError> {
        if keys.is_none() && !address.ip().is_loopback() {
            return Err(ServerError::Unprotected { address });
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Bind { address, source })?;
        let clock = Arc::clone(api.service().clock());
        Ok(Self {
            listener,
            shared: Arc::new(Shared {
                api,
                verifier: keys.map(Verifier::new),
                clock,
                memory: Arc::new(Semaphore::new(BODY_MEMORY_KIB)),
            }),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is ready; then takes no more connections, and gives the requests that are open a
    /// few seconds to be answered. `ids` names requests.
    pub async fn serve(self, mut ids: Ids, stop: impl Future<Output = ()>) {
        let (goodbye, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            match accepted {
                Ok((socket, _)) => {
                    let (shared, stopping) = (Arc::clone(&self.shared), stopping.clone());
                    connections.spawn(serve(socket, shared, Ids::fork(&mut ids), stopping));
                }
                Err(error) => {
                    // Too many open files, most likely: connections that end make room.
                    tracing::warn!(%error, "a connection was not accepted");
                    self.shared.clock.sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        // Nobody listens when there is no connection.
        goodbye.send(true).ok();
        let all_done = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = all_done => {}
            () = self.shared.clock.sleep(GOODBYE) => {}
        }
    }
}

async fn serve(
    socket: TcpStream,
    shared: Arc<Shared>,
    ids: Ids,
    mut stopping: watch::Receiver<bool>,
) {
    // An answer is one small write; nobody gains from waiting for more.
    socket.set_nodelay(true).ok();
    let ids = std::sync::Mutex::new(ids);
    let service = service_fn(|request| {
        let id = ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .uuid();
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request, id).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // An error means that the server is gone.
        () = async { drop(stopping.wait_for(|stop| *stop).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>, id: Uuid) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if (&parts.method, parts.uri.path()) == (&Method::GET, "/health") {
            return self.health().await;
        }
        let answer = async {
            let size = body.size_hint().upper().unwrap_or(MAX_BODY_BYTES as u64);
            let kib = u32::try_from(size / 1024 + 1)
                .unwrap_or(u32::MAX)
                .min(MAX_BODY_KIB);
            // The semaphore is never closed.
            let _memory = self.memory.acquire_many(kib).await;
            let body = tokio::select! {
                body = collect(body) => body?,
                () = self.clock.sleep(BODY_TIME) => return Err(ApiError::new(
                    ErrorKind::RequestTimeout,
                    format!("the request was not there after {} s", BODY_TIME.as_secs()),
                )),
            };
            if let Some(verifier) = &self.verifier {
                verifier.verify(&parts, &body, self.clock.now())?;
            }
            self.route(&parts, &body).await
        };
        let mut response = match answer.await {
            Ok(response) => response,
            Err(error) => {
                let mut response = respond(error.kind.status(), AWS_JSON, error.body());
                let name = HeaderValue::from_static(error.kind.name());
                response.headers_mut().insert("x-amzn-errortype", name);
                response
            }
        };
        // A UUID is a header's value.
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        response
    }

    async fn route(
        &self,
        parts: &hyper::http::request::Parts,
        body: &[u8],
    ) -> Result<Response<Full<Bytes>>, ApiError> {
        let service = self.api.service();
        match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/") => {
                let operation = operation(&parts.headers)?;
                let answer = self.api.call(operation, body).await?;
                Ok(respond(200, AWS_JSON, answer))
            }
            (&Method::GET, "/metrics") => {
                let metrics = service.metrics().await;
                Ok(respond(200, "text/plain; version=0.0.4", metrics))
            }
            (&Method::POST, "/_hydrant/flush") => {
                let query = parts.uri.query().unwrap_or_default();
                let stream = query.strip_prefix("stream=");
                if let Some(name) = stream.filter(|name| service.stream(name).is_none()) {
                    let text = format!("there is no stream called {name}\n");
                    return Ok(respond(404, TEXT, text));
                }
                service.flush(stream).await;
                Ok(respond(200, JSON, "{}"))
            }
            (&Method::GET, "/") => Ok(respond(200, TEXT, WELCOME)),
            (_, "/" | "/metrics" | "/_hydrant/flush") => {
                Ok(respond(405, TEXT, "no such method here\n"))
            }
            _ => Ok(respond(404, TEXT, WELCOME)),
        }
    }

    async fn health(&self) -> Response<Full<Bytes>> {
        let service = self.api.service();
        let streams = service.stream_names().len();
        let waiting = service.log_bytes().await;
        let health =
            serde_json::json!({ "status": "ok", "streams": streams, "waitingBytes": waiting });
        respond(200, JSON, health.to_string())
    }
}

/// What someone sees who opens the address in a browser.
const WELCOME: &str = "This is a Firehose endpoint. Point an AWS client at it: AWS_ENDPOINT_URL_FIREHOSE.\n\
    GET /metrics, GET /health, POST /_hydrant/flush[?stream=NAME]\n";

/// The operation that `X-Amz-Target` names.
fn operation(headers: &HeaderMap) -> Result<&str, ApiError> {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let unknown = |text: String| ApiError::new(ErrorKind::UnknownOperation, text);
    let target = target.ok_or_else(|| {
        unknown("the request has no X-Amz-Target; this endpoint speaks AWS JSON 1.1".to_owned())
    })?;
    target.strip_prefix(TARGET_PREFIX).ok_or_else(|| {
        unknown(format!(
            "{target} is no operation of Firehose: they begin with {TARGET_PREFIX}"
        ))
    })
}

async fn collect(body: Incoming) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            ErrorKind::RequestEntityTooLarge,
            format!("the request is larger than {MAX_BODY_BYTES} bytes"),
        )
    };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > MAX_BODY_BYTES {
        return Err(too_large());
    }
    let mut body = body;
    let mut collected = BytesMut::with_capacity(expected);
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| ApiError::serialization(format!("the request broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if collected.len() + data.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

fn respond(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
