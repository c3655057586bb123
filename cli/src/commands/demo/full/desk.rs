//! A service desk for one run: it keeps the requests that it gets, and says yes to all.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The largest request.
const MOST_BYTES: usize = 1 << 20;

/// An HTTP server.
pub(super) struct Desk {
    /// Where tickets go.
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/api/v2/tickets.json", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    if let Some(request) = take(socket).await {
                        kept.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(request);
                    }
                });
            }
        });
        Ok(Self {
            url,
            requests,
            task,
        })
    }

    /// Waits until so many requests have come; the first of them, with the password left out.
    pub(super) async fn wait_for(&self, requests: u64, patience: Duration) -> Result<String> {
        let all = async {
            loop {
                let first = {
                    let got = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
                    (got.len() as u64 >= requests).then(|| got.first().cloned())
                };
                if let Some(first) = first {
                    return first;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let first = tokio::time::timeout(patience, all).await;
        let first = first.context("not every ticket came to the service desk")?;
        let Some(first) = first else {
            bail!("no ticket came to the service desk");
        };
        let lines = first.lines().map(|line| match line.split_once(' ') {
            Some((name, _)) if name.eq_ignore_ascii_case("authorization:") => {
                format!("  {name} Basic …")
            }
            _ => format!("  {line}"),
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Reads a request, and answers it.
async fn take(mut socket: TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let head = loop {
        if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        if read.len() > MOST_BYTES || socket.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(read.get(..head)?).to_lowercase();
    let length = text.split("content-length:").nth(1)?.lines().next()?;
    let length: usize = length
        .trim()
        .parse()
        .ok()
        .filter(|length| *length <= MOST_BYTES)?;
    while read.len() < head + length {
        if socket.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    socket.write_all(answer).await.ok()?;
    Some(String::from_utf8_lossy(&read).into_owned())
}
