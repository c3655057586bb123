//! HTTP around services, and around what they have in common: metrics, health, flushes.

mod answer;

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    auth::{Keys, Verifier},
    clock::Clock,
    ids::Ids,
    service::{Peer, Service},
};

/// Memory that bodies may take at once, in KiB; what comes beyond waits its turn on its connection.
const BODY_MEMORY_KIB: u32 = 128 << 10;

/// The most that is read at once: a batch of 500 records, as base64, with room.
const READ_BYTES: usize = 1 << 20;

/// How long open requests may take after the server was told to stop.
const GOODBYE: Duration = Duration::from_secs(5);

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
    services: Vec<Arc<dyn Service>>,
    verifier: Option<Verifier>,
    clock: Arc<dyn Clock>,
    memory: Arc<Semaphore>,
}

/// An address that is listened on. Who connects waits until a [`Server`] serves it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    keys: Option<Keys>,
}

impl Listener {
    /// Listens on `address`. With `keys`, requests must be signed with one of them; without, any signature is
    /// taken, and only an address of the loopback interface is.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub async fn bind(address: SocketAddr, keys: Option<Keys>) -> Result<Self, ServerError> {
        if keys.is_none() && !address.ip().is_loopback() {
            return Err(ServerError::Unprotected { address });
        }
        let socket = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Bind { address, source })?;
        Ok(Self { socket, keys })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Server {
    /// Serves `services` to who connects to `listener`; of those that take a path, the first gets it.
    pub fn new(listener: Listener, services: Vec<Arc<dyn Service>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            listener: listener.socket,
            shared: Arc::new(Shared {
                services,
                verifier: listener.keys.map(Verifier::new),
                clock,
                memory: Arc::new(Semaphore::new(BODY_MEMORY_KIB as usize)),
            }),
        }
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
                Ok((socket, peer)) => {
                    let (shared, stopping) = (Arc::clone(&self.shared), stopping.clone());
                    connections.spawn(serve(socket, Peer(peer), shared, ids.fork(), stopping));
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
    peer: Peer,
    shared: Arc<Shared>,
    ids: Ids,
    mut stopping: watch::Receiver<bool>,
) {
    // An answer is one small write; nobody gains from waiting for more.
    socket.set_nodelay(true).ok();
    let ids = std::sync::Mutex::new(ids);
    let service = service_fn(|mut request: hyper::Request<_>| {
        request.extensions_mut().insert(peer);
        let id = ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .uuid();
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request, id).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(READ_BYTES)
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
