//! The partition-key function, started and spoken to as Lambda does. It is here because the transformer's tests have
//! somebody to speak to it; below the partitioner there is nobody.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hydrant_delivery::{Function, Ids, RuntimeApi, SystemClock};

/// Set in the process that is the function; this same test binary is it.
const IS_IT: &str = "PARTITIONER_UNDER_TEST";

#[test]
fn the_function_itself() {
    if std::env::var_os(IS_IT).is_some() {
        let ended = hydrant_function::run("this test", hydrant_partitioner::function::function);
        assert_eq!(
            format!("{ended:?}"),
            format!("{:?}", std::process::ExitCode::SUCCESS)
        );
    }
}

fn start(variables: &[(&str, &str)]) -> RuntimeApi {
    let mut function = Function::new("partitioner", std::env::current_exe().unwrap());
    let arguments = ["--exact", "partitioner::the_function_itself", "--nocapture"];
    function.arguments = arguments.map(Into::into).to_vec();
    function = function.with_variable(IS_IT, "1");
    function.timeout = Duration::from_secs(20);
    for (name, value) in variables {
        function = function.with_variable(name, value);
    }
    function.output = Arc::new(|_| {});
    RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1))
}

/// `{"t" : "a"}` with spaces, `{}`, `[`; the third id comes twice.
const EVENT: &str = r#"{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:123456789012:deliverystream/s","region":"eu-west-1","records":[{"recordId":"1","data":"eyJ0IiA6ICJhIn0="},{"recordId":"2","data":"e30="},{"recordId":"3","data":"Ww=="},{"recordId":"4","data":"eyJ0IiA6ICJhIn0="},{"recordId":"4","data":"e30="}]}"#;

#[tokio::test]
async fn records_come_back_as_they_are_with_their_keys_every_id_once() {
    let api = start(&[("PARTITION_KEYS", "t=.t"), ("ON_MISSING", "none")]);
    let answer = api
        .call(Bytes::from_static(EVENT.as_bytes()))
        .await
        .unwrap();
    insta::assert_snapshot!(str::from_utf8(&answer).unwrap(), @r#"{"records":[{"recordId":"1","result":"Ok","data":"eyJ0IiA6ICJhIn0=","metadata":{"partitionKeys":{"t":"a"}}},{"recordId":"2","result":"Ok","data":"e30=","metadata":{"partitionKeys":{"t":"none"}}},{"recordId":"3","result":"ProcessingFailed"},{"recordId":"4","result":"ProcessingFailed"}]}"#);
}

#[tokio::test]
async fn without_keys_it_does_not_start_and_says_what_to_set() {
    let error = start(&[]).call(Bytes::from_static(EVENT.as_bytes())).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("the environment variable PARTITION_KEYS is \"\": say which keys"),
        "{error}"
    );
}

#[tokio::test]
async fn the_answer_keeps_to_lambdas_limit_however_long_the_keys_are() {
    let keys: Vec<_> = (0..10).map(|number| format!("k{number}=.k")).collect();
    let api = start(&[("PARTITION_KEYS", &keys.join(","))]);
    let data = base64_simd::STANDARD.encode_to_string(format!("{{\"k\":\"{}\"}}", "k".repeat(400)));
    let records: Vec<_> = (0..3_000)
        .map(|number| format!(r#"{{"recordId":"{number:06}","data":"{data}"}}"#))
        .collect();
    let event = format!(r#"{{"records":[{}]}}"#, records.join(","));
    let answer = api.call(Bytes::from(event)).await.unwrap();
    assert!(answer.len() <= 6_291_456);
    let text = str::from_utf8(&answer).unwrap();
    let (ok, failed) = (
        text.matches("\"Ok\"").count(),
        text.matches("\"ProcessingFailed\"").count(),
    );
    assert!(
        ok > 1_000 && failed > 500 && ok + failed == 3_000,
        "{ok} {failed}"
    );
}
