//! A client of one connection that speaks just enough HTTP, and signs nothing.

use std::io;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer: its status, its headers in lower case, its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(header, _)| header == name)?;
        Some(&header.1)
    }
}

impl Client {
    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn request(
        &mut self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{line} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head += "host: localhost\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        self.stream.get_mut().write_all(head.as_bytes()).await?;
        self.stream.get_mut().write_all(body).await?;
        self.read().await
    }

    /// Calls an operation of the API.
    pub(crate) async fn call(&mut self, operation: &str, input: &Value) -> io::Result<Answer> {
        let target = format!("Firehose_20150804.{operation}");
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        self.request("POST /", &headers, input.to_string().as_bytes())
            .await
    }

    /// Puts records as one batch.
    pub(crate) async fn put(&mut self, stream: &str, records: &[String]) -> io::Result<Answer> {
        self.call("PutRecordBatch", &batch(stream, records)).await
    }

    async fn read(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let broken = || io::Error::new(io::ErrorKind::UnexpectedEof, "no answer");
        let status = line.split(' ').nth(1).ok_or_else(broken)?;
        let status = status.parse().map_err(|_| broken())?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(broken());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
                None => break,
            }
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// The input of `PutRecordBatch`.
pub(crate) fn batch(stream: &str, records: &[String]) -> Value {
    let records: Vec<Value> = records
        .iter()
        .map(|record| json!({ "Data": base64_simd::STANDARD.encode_to_string(record) }))
        .collect();
    json!({ "DeliveryStreamName": stream, "Records": records })
}
