//! SIGKILL at random moments, under load: every acknowledged record is in the lake.
//!
//! A few rounds in the normal run; `HYDRANT_CRASH_ROUNDS=200` for many. The service is this test binary again,
//! as another process.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hydrant_delivery::{Clock, Pace, SystemClock};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    client::Client,
    serving::{Serving, call, lake, lines, options, plain, service, until},
};

/// Names the directory in which a process is to serve.
const DIRECTORY: &str = "HYDRANT_CRASH_DIRECTORY";

/// Lets a process buffer for long.
const HELD: &str = "HYDRANT_CRASH_HELD";

/// Connections that put records at once.
const CLIENTS: usize = 4;

/// The service that is killed. As a test of its own it does nothing.
#[test]
fn the_process_that_is_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let directory = Path::new(&directory);
        let serving = serve(directory).await;
        let ready = directory.join("address.new");
        std::fs::write(&ready, serving.address.to_string()).unwrap();
        std::fs::rename(ready, directory.join("address")).unwrap();
        std::future::pending::<()>().await;
    });
}

/// Objects leave all the time, so that a kill meets them at every stage.
async fn serve(directory: &Path) -> Serving {
    let mut options = options(directory);
    options.pace = Pace {
        scale: 1.0,
        longest: std::env::var(HELD)
            .is_err()
            .then_some(Duration::from_millis(30)),
    };
    options.log.memory = 100_000;
    let service = service(options, lake(directory).await, Arc::new(SystemClock)).await;
    Serving::new(service).await
}

async fn start(directory: &Path) -> (Child, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(SERVE);
    ready(directory, command).await
}

/// The arguments that make this binary a service.
const SERVE: [&str; 3] = [
    "--exact",
    "crash::the_process_that_is_killed",
    "--nocapture",
];

#[expect(
    clippy::zombie_processes,
    reason = "where it does not return, the test ends"
)]
async fn ready(directory: &Path, mut command: Command) -> (Child, String) {
    let address = directory.join("address");
    // It is not there the first time.
    std::fs::remove_file(&address).ok();
    let child = command
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..6_000 {
        if let Ok(address) = std::fs::read_to_string(&address) {
            return (child, address);
        }
        SystemClock.sleep(Duration::from_millis(5)).await;
    }
    panic!("the service did not start");
}

/// Puts batches until the service is gone; what was acknowledged, and what was put without an answer. `answers` counts.
async fn load(
    address: String,
    client: String,
    seed: u64,
    answers: Arc<AtomicUsize>,
) -> (Vec<String>, Vec<String>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut acknowledged, mut unanswered) = (Vec::new(), Vec::new());
    let Ok(mut connection) = Client::connect(&address).await else {
        return (acknowledged, unanswered);
    };
    for batch in 0.. {
        let count = random.random_range(1..60);
        let records: Vec<String> = (0..count)
            .map(|n| {
                format!(
                    "{client}.{batch}.{n} {}\n",
                    "x".repeat(random.random_range(0..300))
                )
            })
            .collect();
        let ids = records
            .iter()
            .map(|it| it.split(' ').next().unwrap().to_owned());
        match connection.put("s", &records).await {
            Ok(answer) if answer.status == 200 => {
                let answer = answer.json();
                for (id, entry) in ids.zip(answer["RequestResponses"].as_array().unwrap()) {
                    assert!(entry["RecordId"].is_string(), "{entry}");
                    acknowledged.push(id);
                }
                answers.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => {
                unanswered.extend(ids);
                break;
            }
        }
    }
    (acknowledged, unanswered)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_loses_nothing_that_it_acknowledged() {
    let rounds: u64 = std::env::var("HYDRANT_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(4);
    let place = TempDir::new().unwrap();
    let directory = place.path().to_owned();
    let mut random = ChaCha8Rng::seed_from_u64(rounds);
    let (mut acknowledged, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..rounds {
        let (mut child, address) = start(&directory).await;
        if round == 0 {
            let mut client = Client::connect(&address).await.unwrap();
            let created = client
                .call("CreateDeliveryStream", &plain("s"))
                .await
                .unwrap();
            assert_eq!(created.status, 200, "{created:?}");
        }
        let mut clients = JoinSet::new();
        let answers = Arc::<AtomicUsize>::default();
        for client in 0..CLIENTS {
            let (address, seed) = (address.clone(), random.random());
            let name = format!("{round}.{client}");
            clients.spawn(load(address, name, seed, Arc::clone(&answers)));
        }
        // However slow the machine is, most kills meet a service that has answered; some meet one that starts.
        if round == 0 || random.random_bool(0.8) {
            until("something is acknowledged", async || {
                answers.load(Ordering::SeqCst) > 0
            })
            .await;
        }
        SystemClock
            .sleep(Duration::from_millis(random.random_range(0..400)))
            .await;
        child.kill().unwrap();
        child.wait().unwrap();
        for (answered, open) in clients.join_all().await {
            acknowledged.extend(answered);
            unanswered.extend(open);
        }
    }
    let serving = serve(&directory).await;
    serving.service.flush(None).await;
    let streams = call(&serving.service, "ListDeliveryStreams", &json!({}))
        .await
        .unwrap();
    assert_eq!(streams["DeliveryStreamNames"], json!(["s"]));

    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines(&directory, "s/") {
        *found
            .entry(line.split(' ').next().unwrap().to_owned())
            .or_default() += 1;
    }
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|id| !found.contains_key(*id))
        .collect();
    let twice = found.values().filter(|times| **times > 1).count();
    println!(
        "{rounds} kills: {} records acknowledged, {} lost, {twice} delivered more than once, {} delivered of \
         {} that were put without an answer",
        acknowledged.len(),
        lost.len(),
        unanswered
            .iter()
            .filter(|id| found.contains_key(*id))
            .count(),
        unanswered.len()
    );
    assert!(
        lost.is_empty(),
        "{} lost, such as {:?}",
        lost.len(),
        lost[0]
    );
    assert!(!acknowledged.is_empty());
    let invented = found
        .keys()
        .find(|id| !acknowledged.contains(*id) && !unanswered.contains(*id));
    assert_eq!(invented, None, "nobody put this");
}

/// No file may outgrow a limit: to the log, a disk that is full.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_is_said_and_what_was_acknowledged_before_is_delivered() {
    let place = TempDir::new().unwrap();
    let directory = place.path().to_owned();
    let (mut child, address) = start(&directory).await;
    let mut client = Client::connect(&address).await.unwrap();
    let mut stream = plain("s");
    // Everything stays in the log, so that it grows.
    stream["ExtendedS3DestinationConfiguration"]["BufferingHints"]["SizeInMBs"] = 128.into();
    let created = client.call("CreateDeliveryStream", &stream).await.unwrap();
    assert_eq!(created.status, 200);
    child.kill().unwrap();
    child.wait().unwrap();

    let mut limited = Command::new("sh");
    let program = std::env::current_exe().unwrap();
    // Blocks of 512 bytes; without the trap, the signal would end the process where the disk only refuses.
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8000; exec \"$@\"", "sh"])
        .arg(program)
        .args(SERVE);
    limited.env(HELD, "1");
    let (mut child, address) = ready(&directory, limited).await;
    let mut client = Client::connect(&address).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut refused = 0;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for batch in 0..60 {
        // What is alike takes next to nothing in the log.
        let mut text = || {
            let words: Vec<String> = (0..1_250)
                .map(|_| format!("{:016x}", random.random::<u64>()))
                .collect();
            words.concat()
        };
        let records: Vec<String> = (0..10)
            .map(|n| format!("{batch}.{n} {}\n", text()))
            .collect();
        let answer = client.put("s", &records).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        for (record, entry) in records
            .iter()
            .zip(answer["RequestResponses"].as_array().unwrap())
        {
            if entry["RecordId"].is_string() {
                acknowledged.insert(record.split(' ').next().unwrap().to_owned());
            } else {
                assert_eq!(entry["ErrorCode"], "ServiceUnavailableException");
                let text = entry["ErrorMessage"].as_str().unwrap();
                assert!(text.contains("log.redb cannot be written"), "{text}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && !acknowledged.is_empty(), "{refused} refused");
    child.kill().unwrap();
    child.wait().unwrap();

    let serving = serve(&directory).await;
    serving.service.flush(None).await;
    let found: BTreeSet<String> = lines(&directory, "s/")
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    let lost: Vec<&String> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
