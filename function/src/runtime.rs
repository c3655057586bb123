//! Between the Lambda Runtime API and a function: bytes in, bytes out.
//!
//! `lambda_runtime` keeps the loop, its life cycle and its context. Its own way from an event to a handler
//! reads JSON into a value and writes one from a value; [`Raw`] stands in that way's place.

use std::convert::Infallible;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
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

use crate::settings::{Environment, SettingError};

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
/// Ties an answer to its invocation, where the Runtime API hands one out.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// What a Lambda function does with an event.
pub trait Handler: Send + 'static {
    /// Answers `event` in `out`, which is empty or holds an earlier answer. What this panics of is told to
    /// Lambda as an error, and the next event is answered.
    ///
    /// # Errors
    /// What the invocation fails with; Lambda's caller sees its kind and its text.
    fn answer(
        &mut self,
        invocation: &Invocation<'_>,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> impl Future<Output = Result<(), FunctionError>> + Send;
}

/// What the Runtime API says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// Lambda's id of it.
    pub request_id: &'a str,
    /// When it has to be answered, since the Unix epoch.
    pub deadline: Duration,
}

/// An event that a function could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// What kind of error, such as `Hydrant.NotATransformEvent`.
    pub kind: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl FunctionError {
    /// An error of this kind.
    pub fn new(kind: &'static str, message: impl Display) -> Self {
        let message = message.to_string();
        Self { kind, message }
    }
}

/// Writes a line to the function's log.
pub(crate) fn log(line: &str) {
    let mut out = std::io::stdout().lock();
    // Where the log cannot be written there is nobody to tell.
    drop(out.write_all(format!("{line}\n").as_bytes()));
}

/// Runs a function until Lambda ends it: `start` makes it from the environment, `elsewhere` says what to use
/// where there is no Lambda. A function that cannot start tells Lambda why, and ends with a failure.
pub fn run<H: Handler>(
    elsewhere: &str,
    start: impl FnOnce(&Environment<'_>) -> Result<H, SettingError>,
) -> ExitCode {
    // One thread: a function is handed one event at a time, and a pool of threads costs the start.
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|tokio| {
            tokio.block_on(async {
                let client = client(elsewhere)?;
                match start(&Environment::process()) {
                    Ok(handler) => serve(handler, client).await,
                    Err(error) => {
                        report_init_error(&client, &error).await;
                        Err(error.into())
                    }
                }
            })
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A client of the Runtime API that started this process.
fn client(elsewhere: &str) -> anyhow::Result<Arc<Client>> {
    for variable in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ] {
        anyhow::ensure!(
            std::env::var_os(variable).is_some(),
            "{variable} is not set, so this does not run in Lambda; deploy it there, or use {elsewhere}"
        );
    }
    let client = Client::builder().build();
    client
        .map(Arc::new)
        .map_err(|error| anyhow::anyhow!("AWS_LAMBDA_RUNTIME_API names no host: {error}"))
}

/// Tells Lambda why the function cannot start.
async fn report_init_error(client: &Client, error: &impl Display) {
    let error = error_body("Hydrant.Settings", error);
    let told = post(client, "/2018-06-01/runtime/init/error", None, error).await;
    if let Err(error) = told {
        log(&format!("the Runtime API did not take the error: {error}"));
    }
}

/// Answers events until the environment ends.
async fn serve<H: Handler>(handler: H, client: Arc<Client>) -> anyhow::Result<()> {
    let raw = Raw {
        state: Arc::new(Mutex::new(State {
            handler,
            out: Vec::new(),
        })),
        client,
    };
    // Never called: `Raw` does not hand anything on.
    let never = service_fn(async |_: LambdaEvent<()>| Ok::<(), Infallible>(()));
    let runtime = Runtime::new(never).layer(raw);
    runtime.run().await.map_err(anyhow::Error::from_boxed)
}

struct State<H> {
    handler: H,
    /// The buffer of answers.
    out: Vec<u8>,
}

/// Answers an invocation from its bytes.
struct Raw<H> {
    state: Arc<Mutex<State<H>>>,
    client: Arc<Client>,
}

impl<H> Clone for Raw<H> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            client: Arc::clone(&self.client),
        }
    }
}

impl<H, S> Layer<S> for Raw<H> {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        self.clone()
    }
}

impl<H: Handler> Service<LambdaInvocation> for Raw<H> {
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

impl<H: Handler> Raw<H> {
    async fn answer(self, invocation: LambdaInvocation) -> Result<(), BoxError> {
        let request_id = invocation.context.request_id.as_str();
        let about = Invocation {
            request_id,
            deadline: Duration::from_millis(invocation.context.deadline),
        };
        let invocation_id = invocation.parts.headers.get(INVOCATION_ID);
        let path = |what| format!("/2018-06-01/runtime/invocation/{request_id}/{what}");
        let mut state = self.state.lock().await;
        let State { handler, out } = &mut *state;
        let answered = handler.answer(&about, &invocation.body, out);
        // No event makes it panic; should one do so, the function still answers the next.
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
            Ok(Err(error)) => error_body(error.kind, &error.message),
            Err(_) => error_body(
                "Hydrant.Panic",
                &"the function panicked, which no event should make it do; the log has the place",
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
