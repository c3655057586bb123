//! The Lambda Runtime API, version 2018-06-01, for one process.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hydrant_records::limits::MAX_LAMBDA_PAYLOAD_BYTES;
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::JoinSet,
};

use crate::invocation::InvokeError;

/// An event on its way to the process.
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) arn: String,
    /// Milliseconds since the epoch.
    pub(super) deadline_ms: i64,
    pub(super) event: Bytes,
    pub(super) answer: oneshot::Sender<Result<Bytes, InvokeError>>,
    /// Told when the process takes the event.
    pub(super) taken: oneshot::Sender<()>,
}

/// The event that the process has: its id, and who waits for the answer.
type Current = Option<(String, oneshot::Sender<Result<Bytes, InvokeError>>)>;

/// What the requests of one process share.
pub(super) struct Api {
    next: AsyncMutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Current>,
    init_error: Mutex<Option<String>>,
}

const PREFIX: &str = "/2018-06-01/runtime/";

impl Api {
    pub(super) fn new(next: mpsc::Receiver<Invocation>) -> Self {
        Self {
            next: AsyncMutex::new(next),
            current: Mutex::default(),
            init_error: Mutex::default(),
        }
    }

    /// What the process reported when it could not start.
    pub(super) fn init_error(&self) -> Option<String> {
        self.init_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let Some(path) = path.strip_prefix(PREFIX) else {
            return plain(StatusCode::NOT_FOUND, "no such path");
        };
        if request.method() == Method::GET && path == "invocation/next" {
            return self.next().await;
        }
        if request.method() != Method::POST {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "no such method");
        }
        let body = Limited::new(request.into_body(), MAX_LAMBDA_PAYLOAD_BYTES)
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        if path == "init/error" {
            let text = body.map_or_else(|error| error.to_string(), |body| error_text(&body));
            *self
                .init_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(text);
            return plain(StatusCode::ACCEPTED, "{\"status\":\"OK\"}");
        }
        let Some((id, what)) = path
            .strip_prefix("invocation/")
            .and_then(|path| path.split_once('/'))
        else {
            return plain(StatusCode::NOT_FOUND, "no such path");
        };
        match (what, body) {
            ("response", Ok(body)) => self.answer(id, Ok(body), StatusCode::ACCEPTED),
            ("response", Err(error)) => {
                let text = format!(
                    "the answer is larger than {MAX_LAMBDA_PAYLOAD_BYTES} bytes, or broke off: {error}"
                );
                let error = InvokeError::Function(text);
                self.answer(id, Err(error), StatusCode::PAYLOAD_TOO_LARGE)
            }
            ("error", body) => {
                let text = body.map_or_else(|error| error.to_string(), |body| error_text(&body));
                let error = InvokeError::Function(text);
                self.answer(id, Err(error), StatusCode::ACCEPTED)
            }
            _ => plain(StatusCode::NOT_FOUND, "no such path"),
        }
    }

    /// Waits for an event and hands it over.
    async fn next(&self) -> Response<Full<Bytes>> {
        let invocation = self.next.lock().await.recv().await;
        let Some(invocation) = invocation else {
            return plain(StatusCode::GONE, "no more events");
        };
        let id = invocation.request_id;
        let response = Response::builder()
            .header("Content-Type", "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &id)
            .header("Lambda-Runtime-Deadline-Ms", invocation.deadline_ms)
            .header("Lambda-Runtime-Invoked-Function-Arn", invocation.arn)
            .header(
                "Lambda-Runtime-Trace-Id",
                "Root=1-00000000-000000000000000000000000;Sampled=0",
            )
            .body(Full::new(invocation.event));
        *self.lock_current() = Some((id, invocation.answer));
        if invocation.taken.send(()).is_err() {
            tracing::debug!("nobody waits for the event any more");
        }
        response.unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    fn answer(
        &self,
        id: &str,
        answer: Result<Bytes, InvokeError>,
        status: StatusCode,
    ) -> Response<Full<Bytes>> {
        let mut current = self.lock_current();
        if current.as_ref().is_none_or(|(current, _)| current != id) {
            let text = "{\"errorType\":\"InvalidRequestID\",\"errorMessage\":\"no such request\"}";
            return plain(StatusCode::BAD_REQUEST, text);
        }
        if let Some((_, waiting)) = current.take() {
            // Whoever waited may be gone.
            drop(waiting.send(answer));
        }
        plain(status, "{\"status\":\"OK\"}")
    }

    fn lock_current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `errorType: errorMessage`, where the body is as the API asks for.
fn error_text(body: &[u8]) -> String {
    let field = |body: &serde_json::Value, name: &str| {
        body.get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let parsed = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    match (field(&parsed, "errorType"), field(&parsed, "errorMessage")) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (None, Some(message)) => message,
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}

/// Serves every connection of the process, until the task is aborted.
pub(super) async fn serve(listener: TcpListener, api: Arc<Api>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        let api = Arc::clone(&api);
        let service = service_fn(move |request| {
            let api = Arc::clone(&api);
            async move { Ok::<_, Infallible>(api.respond(request).await) }
        });
        connections.spawn(async move {
            let served = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection of a function broke off");
            }
        });
    }
}
