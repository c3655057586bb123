//! `PutEvents` over keep-alive connections.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// How long an answer may take when time is up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The detail of event `n` as JSON text in a JSON string. Of the rules of `run`, each event matches two.
fn detail(n: usize) -> String {
    format!(
        r#"{{\"eventType\":\"type{n}\",\"schemaVersion\":\"1\",\"data\":{{\"searchTerm\":\"games and puzzles\",\"page\":{n},\"itemSku\":\"sku-{n:06}\",\"price\":12.5,\"tags\":[\"new\",\"sale\"]}}}}"#
    )
}

/// Ten events, as an SDK puts them.
pub(crate) fn put_events(address: SocketAddr) -> Vec<u8> {
    let entries = (0..10).map(|n| {
        let detail = detail(n);
        format!(
            r#"{{"Source":"clientevents","DetailType":"prod","Detail":"{detail}","EventBusName":"bench","Resources":["client-{n}"]}}"#
        )
    });
    let body = format!(r#"{{"Entries":[{}]}}"#, joined(entries));
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSEvents.PutEvents\r\nX-Amz-Date: 20261122T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=b/20261122/us-east-1/events/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    );
    request(&head, &body)
}

/// Ten events, as a client posts them.
pub(crate) fn front_door(address: SocketAddr, path: &str, token: &str) -> Vec<u8> {
    let entries = (0..10).map(|n| format!(r#"{{"entry":"{}"}}"#, detail(n)));
    let body = format!(r#"{{"entries":[{}]}}"#, joined(entries));
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Authorization: {}\r\n",
        token.trim()
    );
    request(&head, &body)
}

fn joined(entries: impl Iterator<Item = String>) -> String {
    entries.collect::<Vec<_>>().join(",")
}

fn request(head: &str, body: &str) -> Vec<u8> {
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Says how many events a second were accepted; with `delivered`, how many were where they belong.
pub(crate) async fn drive(
    address: SocketAddr,
    request: Vec<u8>,
    seconds: u64,
    connections: usize,
    delivered: bool,
) -> Result<()> {
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let mut all = JoinSet::new();
    for _ in 0..connections {
        let request = request.clone();
        all.spawn(async move {
            let mut socket = connect(address).await?;
            let mut accepted = 0_u64;
            let mut buffer = Vec::new();
            while Instant::now() < end {
                let asked = async {
                    socket.write_all(&request).await?;
                    answer(&mut socket, &mut buffer).await
                };
                // A server that stops answering has had its time.
                match tokio::time::timeout_at((end + PATIENCE).into(), asked).await {
                    Ok(Ok((answered, closes))) => {
                        accepted += answered;
                        // moto's server ends each connection with its answer.
                        if closes {
                            socket = connect(address).await?;
                        }
                    }
                    Ok(Err(error)) if error.is::<std::io::Error>() => {
                        socket = connect(address).await?;
                    }
                    Ok(Err(error)) => return Err(error),
                    Err(_) => break,
                }
            }
            anyhow::Ok(accepted)
        });
    }
    let mut accepted = 0;
    while let Some(done) = all.join_next().await {
        accepted += done??;
    }
    if delivered {
        let mut socket = TcpStream::connect(address).await?;
        let flush = format!(
            "POST /_hydrant/flush HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n"
        );
        socket.write_all(flush.as_bytes()).await?;
        let head = head(&mut socket, &mut Vec::new()).await?;
        if !head.starts_with("http/1.1 200") {
            bail!("{head}");
        }
    }
    let rate = accepted as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0}");
    Ok(())
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Reads an answer: how many of the ten events were accepted, and whether it is the connection's last.
async fn answer(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(u64, bool)> {
    let head = head(socket, buffer).await?;
    let text = String::from_utf8_lossy(buffer);
    let whole = text.contains("\"FailedEntryCount\":0") || text.contains("\"FailedEntryCount\": 0");
    if !head.starts_with("http/1.1 200") || !whole {
        bail!("{text}");
    }
    let closes = head.contains("connection: close");
    Ok((text.matches("EventId").count() as u64, closes))
}

/// Reads an answer into `buffer`; its head in small letters.
async fn head(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<String> {
    buffer.clear();
    let mut wanted = None;
    loop {
        let mut part = [0; 8192];
        let read = socket.read(&mut part).await?;
        if read == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        buffer.extend_from_slice(&part[..read]);
        if wanted.is_none()
            && let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.context("no length")?.trim().parse()?;
            wanted = Some((end + 4 + length, head));
        }
        if let Some((length, head)) = &wanted
            && buffer.len() >= *length
        {
            return Ok(head.clone());
        }
    }
}
