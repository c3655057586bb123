//! A connection that sends requests that are ready, and reads as little of the answers as it may.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection that is opened again when the server closes it.
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    answer: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            answer: Vec::new(),
        }
    }

    /// Sends `request` and gives the body of an answer with status 200.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<&[u8]> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await?,
        };
        stream.set_nodelay(true)?;
        stream.write_all(request).await?;
        self.answer.clear();
        let head = loop {
            if stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the server closed the connection before it answered");
            }
            if let Some(end) = self.answer.windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&self.answer[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("an answer without Content-Length")?;
        let total = head + length.trim().parse::<usize>()?;
        while self.answer.len() < total {
            if stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the answer broke off");
            }
        }
        if !text.starts_with("http/1.0") && !text.contains("connection: close") {
            self.stream = Some(stream);
        }
        if text.split(' ').nth(1) != Some("200") {
            bail!("{}", String::from_utf8_lossy(&self.answer));
        }
        Ok(&self.answer[head..])
    }
}
