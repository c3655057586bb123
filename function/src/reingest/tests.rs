use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;

/// A stream that takes what its script says: of each call, whether it fails, and else which records it
/// refuses.
#[derive(Default)]
struct Scripted {
    script: Mutex<Vec<Call>>,
    calls: Mutex<Vec<usize>>,
    taken: Mutex<BTreeMap<Vec<u8>, u32>>,
}

enum Call {
    Fail(PutError),
    Refuse(fn(usize) -> bool),
}

#[async_trait]
impl Put for Scripted {
    async fn put(&self, _: &Source, batch: &[&Original]) -> Result<Vec<bool>, PutError> {
        let bytes: usize = batch.iter().map(|record| record.data.len()).sum();
        assert!(!batch.is_empty() && batch.len() <= 500 && bytes <= 4 << 20);
        self.calls.lock().unwrap().push(batch.len());
        let call = {
            let mut script = self.script.lock().unwrap();
            (!script.is_empty()).then(|| script.remove(0))
        };
        let refuse = match call {
            Some(Call::Fail(error)) => return Err(error),
            Some(Call::Refuse(refuse)) => refuse,
            None => |_| false,
        };
        let mut taken = self.taken.lock().unwrap();
        let take = |(at, record): (usize, &&Original)| {
            if refuse(at) {
                return false;
            }
            *taken.entry(record.data.clone()).or_default() += 1;
            true
        };
        Ok(batch.iter().enumerate().map(take).collect())
    }
}

/// Writes pauses down; there is time for `left` of them.
struct Pauses {
    left: usize,
    asked: Vec<Duration>,
}

#[async_trait]
impl Pace for Pauses {
    async fn pause(&mut self, longest: Duration) -> bool {
        self.asked.push(longest);
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }
}

fn originals(sizes: &[usize]) -> Vec<Original> {
    let original = |(number, size): (usize, &usize)| {
        let mut data = number.to_string().into_bytes();
        data.resize(*size, b' ');
        Original {
            data,
            partition_key: None,
        }
    };
    sizes.iter().enumerate().map(original).collect()
}

fn run(stream: &Scripted, originals: &[Original], left: usize) -> (Reingested, Vec<Duration>) {
    let target = Source::DeliveryStream("arn".to_owned());
    let mut pauses = Pauses {
        left,
        asked: Vec::new(),
    };
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let done = tokio.block_on(reingest(stream, &target, originals, &mut pauses));
    (done, pauses.asked)
}

#[test]
fn batches_keep_to_what_one_call_may_have() {
    let stream = Scripted::default();
    let records = originals(&[10; 1_200]);
    let (done, pauses) = run(&stream, &records, 100);
    assert!(done.taken.iter().all(|taken| *taken));
    assert_eq!(*stream.calls.lock().unwrap(), [500, 500, 200]);
    assert!(pauses.is_empty());
    let stream = Scripted::default();
    let records = originals(&[1_000_000; 9]);
    run(&stream, &records, 100);
    assert_eq!(*stream.calls.lock().unwrap(), [4, 4, 1]);
}

#[test]
fn only_what_was_not_taken_is_put_again_and_nothing_twice() {
    let stream = Scripted {
        script: Mutex::new(vec![
            Call::Refuse(|at| at % 2 == 1),
            Call::Fail(PutError::Passing("throttled".to_owned())),
            Call::Refuse(|at| at == 0),
        ]),
        ..Scripted::default()
    };
    let records = originals(&[10; 8]);
    let (done, pauses) = run(&stream, &records, 100);
    assert_eq!(done.taken, [true; 8]);
    assert_eq!(*stream.calls.lock().unwrap(), [8, 4, 4, 1]);
    let taken = stream.taken.lock().unwrap();
    assert!(taken.len() == 8 && taken.values().all(|times| *times == 1));
    assert_eq!(pauses, [50, 100, 200].map(Duration::from_millis));
}

#[test]
fn what_is_never_taken_is_given_up_after_twenty_attempts() {
    let stream = Scripted {
        script: Mutex::new((0..40).map(|_| Call::Refuse(|at| at == 1)).collect()),
        ..Scripted::default()
    };
    let (done, pauses) = run(&stream, &originals(&[10; 2]), 100);
    // Alone in its batch it is the first, and taken; so the second record of the first call is too.
    assert_eq!(done.taken, [true, true]);
    assert_eq!(pauses.len(), 1);
    let stream = Scripted {
        script: Mutex::new((0..40).map(|_| Call::Refuse(|_| true)).collect()),
        ..Scripted::default()
    };
    let (done, pauses) = run(&stream, &originals(&[10; 2]), 100);
    assert_eq!(done.taken, [false, false]);
    assert_eq!(stream.calls.lock().unwrap().len(), 20);
    assert_eq!(pauses.iter().max(), Some(&LONGEST_PAUSE));
}

#[test]
fn it_ends_in_time_and_at_once_where_nothing_can_help() {
    let refusing = || Scripted {
        script: Mutex::new((0..40).map(|_| Call::Refuse(|_| true)).collect()),
        ..Scripted::default()
    };
    let stream = refusing();
    let (done, pauses) = run(&stream, &originals(&[10]), 3);
    assert_eq!((done.taken, pauses.len()), (vec![false], 3));
    let denied = PutError::Lasting("AccessDenied".to_owned());
    let stream = Scripted {
        script: Mutex::new(vec![Call::Fail(denied.clone())]),
        ..Scripted::default()
    };
    let (done, pauses) = run(&stream, &originals(&[10]), 100);
    assert_eq!((done.taken, pauses.len()), (vec![false], 0));
    assert_eq!(done.error, Some(denied));
}

#[test]
fn a_record_that_no_put_takes_is_not_tried() {
    let stream = Scripted::default();
    let (done, _) = run(&stream, &originals(&[1_024_000, 1_024_001]), 100);
    assert_eq!(done.taken, [true, false]);
}
