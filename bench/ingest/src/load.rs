//! The load: batches of client events, made before the clock starts.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use hydrant_generator::{Generator, Options};
use tokio::task::JoinSet;

use crate::client::Client;

/// Records in a batch: the most that the API takes.
const RECORDS: usize = 500;

/// Batches that differ, at least; connections send them in turn.
const BATCHES: usize = 16;

/// What is put, where and for how long.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) stream: String,
    pub(crate) time: Duration,
    pub(crate) connections: usize,
    /// Records a second, at the most.
    pub(crate) rate: Option<u32>,
    /// Values of the member `partition`, 0 for none.
    pub(crate) partitions: usize,
}

/// A request, ready to be sent.
struct Request {
    bytes: Vec<u8>,
    /// Bytes of its records.
    data: usize,
}

#[derive(Default)]
struct Sum {
    records: usize,
    data: usize,
    body: usize,
}

#[expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "the result, to one place"
)]
pub(crate) fn drive(load: &Load) -> Result<()> {
    let requests = Arc::new(requests(load)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (sum, seconds) = runtime.block_on(async {
        let began = Instant::now();
        let until = began + load.time;
        // Each connection waits so long from one batch to the next.
        let pace = load.rate.map(|rate| {
            Duration::from_secs_f64((RECORDS * load.connections) as f64 / f64::from(rate.max(1)))
        });
        let mut clients = JoinSet::new();
        for number in 0..load.connections {
            let requests = Arc::clone(&requests);
            clients.spawn(put(load.address, requests, number, until, pace));
        }
        let mut sum = Sum::default();
        while let Some(done) = clients.join_next().await {
            let done = done??;
            sum.records += done.records;
            sum.data += done.data;
            sum.body += done.body;
        }
        anyhow::Ok((sum, began.elapsed().as_secs_f64()))
    })?;
    println!(
        "{:.0} {:.1} {:.1} {}",
        sum.records as f64 / seconds,
        sum.data as f64 / seconds / 1e6,
        sum.body as f64 / seconds / 1e6,
        sum.records
    );
    Ok(())
}

async fn put(
    address: SocketAddr,
    requests: Arc<Vec<Request>>,
    number: usize,
    until: Instant,
    pace: Option<Duration>,
) -> Result<Sum> {
    let mut client = Client::new(address);
    let mut sum = Sum::default();
    let mut next = Instant::now();
    for request in requests.iter().cycle().skip(number) {
        if Instant::now() >= until {
            break;
        }
        if let Some(pace) = pace {
            tokio::time::sleep_until(next.into()).await;
            next += pace;
        }
        let answer = client.send(&request.bytes).await?;
        let text = String::from_utf8_lossy(&answer[..answer.len().min(80)]);
        if !text.replace(' ', "").contains("\"FailedPutCount\":0") {
            bail!("not everything was accepted: {text}");
        }
        sum.records += RECORDS;
        sum.data += request.data;
        sum.body += request.bytes.len();
    }
    Ok(sum)
}

fn requests(load: &Load) -> Result<Vec<Request>> {
    let stream = &load.stream;
    let batches = BATCHES.max(load.partitions.div_ceil(RECORDS));
    let options = Options {
        events: (RECORDS * batches) as u64,
        seed: 1,
        malformed: "0".parse()?,
        span: Duration::from_hours(24),
        start: "2026-11-02T00:00:00Z".parse()?,
    };
    let mut generator = Generator::new(&options)?;
    let mut requests = Vec::new();
    for batch in 0..batches {
        let mut data = 0;
        let mut records = Vec::new();
        let mut record = Vec::new();
        while records.len() < RECORDS && generator.next_record(&mut record).is_some() {
            if load.partitions > 0 {
                let partition = (batch * RECORDS + records.len()) % load.partitions;
                let member = format!(r#"{{"partition":"p{partition}","#);
                record.splice(..1, member.into_bytes());
            }
            data += record.len();
            let text = base64_simd::STANDARD.encode_to_string(&record);
            records.push(format!(r#"{{"Data":"{text}"}}"#));
            record.clear();
        }
        let body = format!(
            r#"{{"DeliveryStreamName":"{stream}","Records":[{}]}}"#,
            records.join(",")
        );
        // Any signature will do; moto reads the service out of it.
        let head = format!(
            "POST / HTTP/1.1\r\nhost: firehose.us-east-1.amazonaws.com\r\n\
             content-type: application/x-amz-json-1.1\r\nx-amz-target: Firehose_20150804.PutRecordBatch\r\n\
             x-amz-date: 20261122T000000Z\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=bench/20261122/us-east-1/firehose/aws4_request, SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        requests.push(Request {
            bytes: [head.into_bytes(), body.into_bytes()].concat(),
            data,
        });
    }
    Ok(requests)
}
