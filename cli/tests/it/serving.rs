//! A service that runs, and clients of it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread::{self, JoinHandle},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use serde_json::{Value, json};

use crate::support::Place;

/// A running service; it is killed with this value.
pub(crate) struct Up {
    child: Child,
    pub(crate) address: String,
    _stdout: BufReader<ChildStdout>,
    /// Collects what it says.
    said: Option<JoinHandle<String>>,
}

impl Up {
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hydrant"))
            .args(["up", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let said = thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("http://") else {
            panic!("{}", said.join().unwrap());
        };
        Self {
            child,
            address: address.to_owned(),
            _stdout: stdout,
            said: Some(said),
        }
    }

    pub(crate) fn request(&self, line: &str, target: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: {target}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub(crate) fn call(&self, operation: &str, input: &Value) -> Value {
        let target = format!("Firehose_20150804.{operation}");
        let (status, body) = self.request("POST /", &target, &input.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What clients of the AWS SDK for Rust reach it with.
    pub(crate) fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new("any", "any", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    /// A place whose runs reach it.
    pub(crate) fn client(&self) -> Place {
        Place::new()
            .with(
                "AWS_ENDPOINT_URL_FIREHOSE",
                &format!("http://{}", self.address),
            )
            .with("AWS_ACCESS_KEY_ID", "any")
            .with("AWS_SECRET_ACCESS_KEY", "any")
            .with("AWS_REGION", "us-east-1")
    }

    /// Writes what is buffered.
    pub(crate) fn flush(&self) {
        assert_eq!(self.request("POST /_hydrant/flush", "", "").0, 200);
    }

    /// The name of its only stream.
    pub(crate) fn stream(&self) -> String {
        let listed = self.call("ListDeliveryStreams", &json!({}));
        listed["DeliveryStreamNames"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Asks it to stop; its status, and what it said.
    pub(crate) fn stop(mut self) -> (i32, String) {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(kill.unwrap().success());
        let said = self.said.take().unwrap().join().unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), said)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
