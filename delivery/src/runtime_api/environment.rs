//! One process of a function, and the API that it speaks to.

use std::{io, process::Stdio, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use super::{
    function::Function,
    server::{Api, Invocation, serve},
};
use crate::{Clock, invocation::InvokeError};

/// A running process; it ends with this value.
pub(super) struct Environment {
    child: Child,
    /// Hands an event to the process when it asks for one.
    events: mpsc::Sender<Invocation>,
    api: Arc<Api>,
    server: JoinHandle<()>,
    /// Whether it has been handed an event before.
    warm: bool,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
        // The child is killed on drop.
    }
}

impl Environment {
    /// Starts the process and the API.
    pub(super) async fn start(function: &Function) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, next) = mpsc::channel(1);
        let api = Arc::new(Api::new(next));
        let server = tokio::spawn(serve(listener, Arc::clone(&api)));
        let mut command = Command::new(&function.program);
        // A Ctrl-C is for the service, which may still need the function for what it has accepted.
        #[cfg(unix)]
        command.process_group(0);
        let child = command
            .args(&function.arguments)
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                function.memory_mb.to_string(),
            )
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .envs(
                function
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                server.abort();
                return Err(error);
            }
        };
        tokio::spawn(forward(child.stdout.take(), Arc::clone(&function.output)));
        tokio::spawn(forward(child.stderr.take(), Arc::clone(&function.output)));
        Ok(Self {
            child,
            events,
            api,
            server,
            warm: false,
        })
    }

    /// This one, if the process still runs.
    pub(super) fn if_alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// Hands the process an event and waits for what comes of it. With the answer comes whether the process
    /// can serve another event.
    pub(super) async fn invoke(
        &mut self,
        function: &Function,
        clock: &dyn Clock,
        request_id: Uuid,
        event: Bytes,
    ) -> (Result<Bytes, InvokeError>, bool) {
        let (answer, answered) = oneshot::channel();
        let (taken, started) = oneshot::channel();
        let milliseconds = i64::try_from(function.timeout.as_millis()).unwrap_or(i64::MAX);
        let invocation = Invocation {
            request_id: request_id.to_string(),
            arn: function.arn(),
            deadline_ms: clock.now().as_millisecond().saturating_add(milliseconds),
            event,
            answer,
            taken,
        };
        // The channel has room: it holds one event, and the last one was taken.
        if self.events.try_send(invocation).is_err() {
            let error = "the process takes no events";
            return (Err(InvokeError::Function(error.to_owned())), false);
        }
        let wait = wait(function, self.warm, started, answered, clock);
        self.warm = true;
        tokio::select! {
            // One that ends after it has answered has answered.
            biased;
            outcome = wait => match outcome {
                Ok(answer) => (answer, true),
                Err(error) => (Err(error), false),
            },
            status = self.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                let error = self.api.init_error().unwrap_or(format!("it ended with {status}"));
                (Err(InvokeError::Function(error)), false)
            }
        }
    }
}

/// Waits until the function has taken the event and answered. The outer error is one after which the process
/// is not to be used any more.
async fn wait(
    function: &Function,
    warm: bool,
    started: oneshot::Receiver<()>,
    answered: oneshot::Receiver<Result<Bytes, InvokeError>>,
    clock: &dyn Clock,
) -> Result<Result<Bytes, InvokeError>, InvokeError> {
    if !warm {
        tokio::select! {
            // The error means that the event went away with the API, which the caller notices.
            Ok(()) = started => {}
            () = clock.sleep(function.init_timeout) => return Err(InvokeError::TimedOut),
        }
    }
    tokio::select! {
        // A function that has answered has not timed out, whichever is noticed first.
        biased;
        Ok(answer) = answered => Ok(answer),
        () = clock.sleep(function.timeout) => Err(InvokeError::TimedOut),
    }
}

/// Hands each line that a process writes to `output`.
async fn forward(from: Option<impl AsyncRead + Unpin>, output: Arc<dyn Fn(&str) + Send + Sync>) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while let Ok(1..) = from.read_until(b'\n', &mut line).await {
        output(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
