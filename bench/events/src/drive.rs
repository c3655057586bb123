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

/// A request of ten events, as an SDK sends it. Of the rules of `run`, each event matches two.
fn request(address: SocketAddr) -> Vec<u8> {
    let entries: Vec<String> = (0..10)
        .map(|n| {
            let detail = format!(
                r#"{{\"eventType\":\"type{n}\",\"schemaVersion\":\"1\",\"data\":{{\"searchTerm\":\"games and puzzles\",\"page\":{n},\"itemSku\":\"sku-{n:06}\",\"price\":12.5,\"tags\":[\"new\",\"sale\"]}}}}"#
            );
            format!(
                r#"{{"Source":"clientevents","DetailType":"prod","Detail":"{detail}","EventBusName":"bench","Resources":["client-{n}"]}}"#
            )
        })
        .collect();
    let body = format!(r#"{{"Entries":[{}]}}"#, entries.join(","));
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSEvents.PutEvents\r\nX-Amz-Date: 20261122T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=b/20261122/us-east-1/events/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

pub(crate) async fn drive(address: SocketAddr, seconds: u64, connections: usize) -> Result<()> {
    let request = request(address);
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let mut all = JoinSet::new();
    for _ in 0..connections {
        let request = request.clone();
        all.spawn(async move {
            let mut socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            let mut accepted = 0_u64;
            let mut buffer = Vec::new();
            while Instant::now() < end {
                let asked = async {
                    socket.write_all(&request).await?;
                    answer(&mut socket, &mut buffer).await
                };
                // A server that stops answering has had its time.
                match tokio::time::timeout_at((end + PATIENCE).into(), asked).await {
                    Ok(Ok(answered)) => accepted += answered,
                    // moto's server ends connections now and then.
                    Ok(Err(error)) if error.is::<std::io::Error>() => {
                        socket = TcpStream::connect(address).await?;
                        socket.set_nodelay(true)?;
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
    let rate = accepted as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0}");
    Ok(())
}

/// Reads an answer; how many of the ten events were accepted.
async fn answer(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u64> {
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
            if !head.starts_with("http/1.1 200") {
                bail!("{}", String::from_utf8_lossy(buffer));
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.context("no length")?.trim().parse()?;
            wanted = Some(end + 4 + length);
        }
        if wanted.is_some_and(|wanted| buffer.len() >= wanted) {
            let text = String::from_utf8_lossy(buffer);
            if !text.contains("\"FailedEntryCount\":0") && !text.contains("\"FailedEntryCount\": 0")
            {
                bail!("{text}");
            }
            return Ok(text.matches("EventId").count() as u64);
        }
    }
}
