use http::StatusCode;

use super::*;

fn original(data: &str, key: Option<&str>) -> Original {
    Original {
        data: data.as_bytes().to_vec(),
        partition_key: key.map(str::to_owned),
    }
}

fn firehose() -> Call {
    let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/events";
    let record = original("{}", None);
    Call::new(&Source::DeliveryStream(arn.to_owned()), &[&record])
}

fn kinesis() -> Call {
    let arn = "arn:aws:kinesis:cn-north-1:123456789012:stream/events";
    let records = [original("{}", Some("k\"1")), original("", None)];
    let records: Vec<_> = records.iter().collect();
    Call::new(&Source::KinesisStream(arn.to_owned()), &records)
}

/// Headers of the request for a call, with these variables beside the credentials.
fn request(call: &Call, variables: &[(&str, &str)]) -> Result<Request<Full<Bytes>>, PutError> {
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
    ];
    super::request(call, |name| {
        let mut all = credentials.iter().chain(variables);
        let found = all.find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_bodies_are_what_the_apis_take() {
    insta::assert_snapshot!(str::from_utf8(firehose().body()).unwrap(), @r#"{"DeliveryStreamName":"events","Records":[{"Data":"e30="}]}"#);
    insta::assert_snapshot!(str::from_utf8(kinesis().body()).unwrap(), @r#"{"StreamARN":"arn:aws:kinesis:cn-north-1:123456789012:stream/events","Records":[{"Data":"e30=","PartitionKey":"k\"1"},{"Data":"","PartitionKey":"1"}]}"#);
}

#[test]
fn the_endpoint_is_the_regions_own_or_the_one_that_a_variable_names() {
    let uri = |call: &Call, variables: &[(&str, &str)]| {
        request(call, variables).unwrap().uri().to_string()
    };
    let region = ("AWS_REGION", "eu-central-1");
    assert_eq!(
        uri(&firehose(), &[region]),
        "https://firehose.eu-central-1.amazonaws.com/"
    );
    // Without a variable, the stream's own region.
    assert_eq!(
        uri(&kinesis(), &[]),
        "https://kinesis.cn-north-1.amazonaws.com.cn/"
    );
    let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
    assert_eq!(uri(&kinesis(), &[region, all]), "http://127.0.0.1:4566/");
    let own = ("AWS_ENDPOINT_URL_FIREHOSE", "http://127.0.0.1:1/");
    assert_eq!(uri(&firehose(), &[own, all]), "http://127.0.0.1:1/");
    assert_eq!(uri(&kinesis(), &[own, all]), "http://127.0.0.1:4566/");
}

#[test]
fn a_request_is_signed_for_its_service_with_what_lambda_gives() {
    let request = request(&firehose(), &[("AWS_REGION", "eu-west-1")]).unwrap();
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-amz-target"), "Firehose_20150804.PutRecordBatch");
    assert_eq!(header("x-amz-security-token"), "token");
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/"));
    assert!(authorization.contains("/eu-west-1/firehose/aws4_request"));
    for signed in ["content-type", "host", "x-amz-date", "x-amz-target"] {
        assert!(authorization.contains(signed), "{authorization}");
    }
}

#[test]
fn what_is_missing_is_named_and_no_second_call_is_made() {
    let none = super::request(&firehose(), |_| None);
    insta::assert_snapshot!(none.unwrap_err(), @"PutRecordBatch: AWS_ACCESS_KEY_ID is not set; give the function's role firehose:PutRecordBatch or kinesis:PutRecords on the stream");
    let wrong = request(&firehose(), &[("AWS_ENDPOINT_URL", "no endpoint")]);
    assert!(matches!(wrong, Err(PutError::Lasting(_))));
}

#[test]
fn an_answer_tells_of_each_record_whether_it_was_taken() {
    let answer = br#"{"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"ErrorCode":"InternalFailure","ErrorMessage":"m"}]}"#;
    assert_eq!(kinesis().taken(answer), Some(vec![true, false]));
    // Fewer than were put, or none: nobody knows which.
    assert_eq!(kinesis().taken(br#"{"Records":[{}]}"#), None);
    assert_eq!(kinesis().taken(b"<html>"), None);
    let answer = br#"{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1","ErrorCode":null}]}"#;
    assert_eq!(firehose().taken(answer), Some(vec![true]));
}

#[test]
fn errors_that_stay_are_told_from_those_that_pass() {
    let refused = |status: u16, kind, body: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        firehose().refused(status, kind, body.as_bytes())
    };
    let denied = r#"{"__type":"com.amazonaws.firehose#AccessDeniedException","Message":"no"}"#;
    let lasting = PutError::Lasting("PutRecordBatch: AccessDeniedException: no".to_owned());
    assert_eq!(refused(400, None, denied), lasting);
    let busy = refused(500, Some("ServiceUnavailableException:http://x"), "{}");
    let passing = PutError::Passing("PutRecordBatch: ServiceUnavailableException".to_owned());
    assert_eq!(busy, passing);
    let passing = PutError::Passing("PutRecordBatch: 503".to_owned());
    assert_eq!(refused(503, None, "<html>"), passing);
}
