//! Between the Lambda Runtime API and the function: bytes in, bytes out.
//!
//! `lambda_runtime` keeps the loop, its life cycle and its context. Its own way from an event to a handler
//! reads JSON into a value and writes one from a value; [`Raw`] stands in that way's place.

use std::convert::Infallible;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, service_fn};
use lambda_runtime_api_client::{BoxError, Client, body::Body};
use serde_json::json;
use tokio::sync::Mutex;
use tower::{Layer, Service};

use super::answer::Function;
use super::reingest::Put;

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
/// Ties an answer to its invocation, where the Runtime API hands one out.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// Writes a line to the function's log.
pub(crate) fn log(line: &str) {
    let mut out = std::io::stdout().lock();
    // Where the log cannot be written there is nobody to tell.
    drop(out.write_all(format!("{line}\n").as_bytes()));
}

/// A client of the Runtime API that started this process.
pub(crate) fn client() -> anyhow::Result<Arc<Client>> {
    for variable in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ] {
        anyhow::ensure!(
            std::env::var_os(variable).is_some(),
            "{variable} is not set, so this does not run in Lambda; deploy it there, or use `hydrant transform`"
        );
    }
    let client = Client::builder().build();
    client
        .map(Arc::new)
        .map_err(|error| anyhow::anyhow!("AWS_LAMBDA_RUNTIME_API names no host: {error}"))
}

/// Tells Lambda why the function cannot start.
pub(crate) async fn report_init_error(client: &Client, error: &impl Display) {
    let error = error_body("Hydrant.Settings", error);
    let told = post(client, "/2018-06-01/runtime/init/error", None, error).await;
    if let Err(error) = told {
        log(&format!("the Runtime API did not take the error: {error}"));
    }
}

/// Answers events until the environment ends.
pub(crate) async fn run<P: Put + 'static>(
    function: Function<P>,
    client: Arc<Client>,
) -> anyhow::Result<()> {
    let raw = Raw {
        state: Arc::new(Mutex::new(State {
            function,
            out: Vec::new(),
        })),
        client,
    };
    // Never called: `Raw` does not hand anything on.
    let handler = service_fn(async |_: LambdaEvent<()>| Ok::<(), Infallible>(()));
    let runtime = Runtime::new(handler).layer(raw);
    runtime.run().await.map_err(anyhow::Error::from_boxed)
}

struct State<P> {
    function: Function<P>,
    /// The buffer of answers.
    out: Vec<u8>,
}

/// Answers an invocation from its bytes.
struct Raw<P> {
    state: Arc<Mutex<State<P>>>,
    client: Arc<Client>,
}

impl<P> Clone for Raw<P> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            client: Arc::clone(&self.client),
        }
    }
}

impl<P, S> Layer<S> for Raw<P> {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        self.clone()
    }
}

impl<P: Put + 'static> Service<LambdaInvocation> for Raw<P> {
    type Response = ();
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        self.clone().answer(invocation).boxed()
    }
}

impl<P: Put + 'static> Raw<P> {
    async fn answer(self, invocation: LambdaInvocation) -> Result<(), BoxError> {
        let request_id = invocation.context.request_id.as_str();
        let deadline = Duration::from_millis(invocation.context.deadline);
        let invocation_id = invocation.parts.headers.get(INVOCATION_ID);
        let path = |what| format!("/2018-06-01/runtime/invocation/{request_id}/{what}");
        let mut state = self.state.lock().await;
        let State { function, out } = &mut *state;
        let answered = function.answer(request_id, deadline, &invocation.body, out);
        // No record makes it panic; should one do so, the function still answers the next event.
        let error = match AssertUnwindSafe(answered).catch_unwind().await {
            Ok(Ok(())) => {
                let answer = Bytes::from(std::mem::take(out));
                // Up to here event and answer are there; from here on the answer alone.
                let id = invocation_id.cloned();
                let path = path("response");
                drop(invocation.body);
                post(&self.client, &path, id.as_ref(), answer.clone()).await?;
                // The next answer goes into the same memory, unless someone still holds it.
                if answer.is_unique() {
                    *out = Vec::from(answer);
                }
                return Ok(());
            }
            Ok(Err(error)) => error_body("Hydrant.NotATransformEvent", &error),
            Err(_) => error_body(
                "Hydrant.Panic",
                &"the transformer panicked; please report it",
            ),
        };
        post(&self.client, &path("error"), invocation_id, error).await
    }
}

fn error_body(kind: &str, error: &impl Display) -> Bytes {
    json!({"errorType": kind, "errorMessage": error.to_string(), "stackTrace": []})
        .to_string()
        .into()
}

/// Posts to the Runtime API. An answer that it does not want is logged, and the next event may do better.
async fn post(
    client: &Client,
    path: &str,
    invocation_id: Option<&HeaderValue>,
    body: Bytes,
) -> Result<(), BoxError> {
    let mut request = Request::builder().method(Method::POST).uri(path);
    request = request.header("content-type", "application/json");
    if path.ends_with("/error") {
        request = request.header(ERROR_TYPE, "Unhandled");
    }
    if let Some(id) = invocation_id {
        request = request.header(INVOCATION_ID, id);
    }
    let body = Body::new(http_body_util::Full::new(body));
    let response = client.call(request.body(body)?).await?;
    let status = response.status();
    // Read to its end, the connection serves the next request.
    let text = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        let text = String::from_utf8_lossy(&text);
        log(&format!(
            "the Runtime API answered {status} to {path}: {text}"
        ));
    }
    Ok(())
}
