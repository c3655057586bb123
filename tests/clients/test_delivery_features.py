"""What a stream does with records, against readers and services that are not ours: snappy-java's and Hadoop's framings,
archives, Parquet in DuckDB, a Kinesis data stream of moto's, a Lambda endpoint, and the function of AWS's sample."""

import base64
import gzip
import http.server
import io
import json
import os
import pathlib
import struct
import subprocess
import threading
import time
import zipfile

import boto3
import duckdb
import pytest
import snappy

from conftest import EXAMPLES
from test_firehose_api import ROLE, Up

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"
TABLE = {
    "Table": {
        "Name": "events",
        "DatabaseName": "db",
        "StorageDescriptor": {
            "Columns": [
                {"Name": "id", "Type": "string"},
                {"Name": "n", "Type": "int"},
                {"Name": "price", "Type": "decimal(8,2)"},
                {"Name": "at", "Type": "timestamp"},
                {"Name": "tags", "Type": "array<string>"},
                {"Name": "who", "Type": "struct<name:string,age:int>"},
                {"Name": "attrs", "Type": "map<string,double>"},
            ]
        },
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
    }
}


class Service(Up):
    """A running `hydrant up` with variables of its own."""

    def __init__(self, place: pathlib.Path, *arguments: str, **variables: str):
        self.lake = place / "lake"
        self.log = open(place / "log", "ab")
        self.process = subprocess.Popen(
            [os.environ["HYDRANT"], "up", "--lake", str(self.lake), "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=place,
            env={"PATH": os.environ["PATH"], "HOME": str(place), "AWS_EC2_METADATA_DISABLED": "true"} | variables,
        )
        self.endpoint = self.process.stdout.readline().decode().strip()
        assert self.endpoint.startswith("http://127.0.0.1:"), (place / "log").read_text()


@pytest.fixture
def serve(tmp_path):
    """Starts services; none outlives its test."""
    started = []

    def start(*arguments: str, **variables: str) -> Service:
        started.append(Service(tmp_path, *arguments, **variables))
        return started[-1]

    yield start
    for up in started:
        up.process.kill()
        up.process.wait()


def destination(**more) -> dict:
    return {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::lake",
        "Prefix": "data/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
    } | more


def records(*data: bytes) -> list[dict]:
    return [{"Data": one} for one in data]


def raw(lake: pathlib.Path, below: str) -> dict[str, bytes]:
    files = sorted(path for path in (lake / below).rglob("*") if path.is_file())
    return {str(path.relative_to(lake)): path.read_bytes() for path in files}


def java(stream: bytes) -> bytes:
    """snappy-java's stream, as its documentation describes it."""
    assert stream[:16] == b"\x82SNAPPY\0" + struct.pack(">II", 1, 1)
    text, at = b"", 16
    while at < len(stream):
        (length,) = struct.unpack_from(">I", stream, at)
        text += snappy.uncompress(stream[at + 4 : at + 4 + length])
        at += 4 + length
    return text


def hadoop(stream: bytes) -> bytes:
    reader = snappy.HadoopStreamDecompressor()
    text = reader.decompress(stream)
    reader.flush()
    return text


def archive(stream: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(stream)) as opened:
        assert opened.testzip() is None
        (entry,) = opened.namelist()
        return opened.read(entry)


READERS = {
    "UNCOMPRESSED": bytes,
    "GZIP": gzip.decompress,
    "ZIP": archive,
    "Snappy": java,
    "HADOOP_SNAPPY": hadoop,
}


@pytest.mark.parametrize("compression", READERS)
def test_objects_decode_elsewhere_and_are_rows_here(hydrant, serve, compression):
    up = serve()
    firehose = up.client()
    firehose.create_delivery_stream(
        DeliveryStreamName="s", ExtendedS3DestinationConfiguration=destination(CompressionFormat=compression)
    )
    # Longer than a block of any framing.
    sent = [json.dumps({"n": n, "text": "x" * (n % 1000)}).encode() + b"\n" for n in range(1_500)]
    for start in range(0, len(sent), 500):
        firehose.put_record_batch(DeliveryStreamName="s", Records=records(*sent[start : start + 500]))
    up.flush()
    objects = raw(up.lake, "data")
    assert b"".join(READERS[compression](data) for data in objects.values()) == b"".join(sent)
    assert hydrant.sql(up.lake, "select count(*) as n, sum(n) as s from events") == [
        {"n": 1_500, "s": sum(range(1_500))}
    ]
    assert up.stop() == 0


def conversion(**deserializer) -> dict:
    return {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "db", "TableName": "events"},
        "InputFormatConfiguration": {"Deserializer": deserializer or {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "GZIP", "WriterVersion": "V2"}}},
    }


def test_records_become_rows_that_duckdb_reads_with_their_types(hydrant, serve, tmp_path):
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    up = serve("--glue-table", "table.json")
    firehose = up.client()
    firehose.create_delivery_stream(
        DeliveryStreamName="s",
        ExtendedS3DestinationConfiguration=destination(DataFormatConversionConfiguration=conversion()),
    )
    firehose.put_record_batch(
        DeliveryStreamName="s",
        Records=records(
            b'{"ID":"a","n":"7","price":1.005,"at":"2026-11-22T10:20:30.5Z","tags":"solo",'
            b'"who":{"NAME":"Z"},"attrs":{"k":1}}',
            b'{"id":"b"}{"id":"c","n":3}',
            b'{"id":"d","n":"oops"}',
        ),
    )
    up.flush()
    (key,) = raw(up.lake, "data")
    assert key.endswith(".parquet")
    rows = duckdb.sql(f"from '{up.lake / key}' order by id").fetchall()
    first = rows[0]
    assert (first[0], first[1], str(first[2]), str(first[3])) == ("a", 7, "1.01", "2026-11-22 10:20:30.500000")
    assert first[4:] == (["solo"], {"name": "Z", "age": None}, {"k": 1.0})
    assert [row[:2] for row in rows[1:]] == [("b", None), ("c", 3)]
    assert hydrant.sql(up.lake, "select count(*) as n from events") == [{"n": 3}]
    assert hydrant.sql(up.lake, "select errorCode, rawData from errors") == [
        {"errorCode": "DataFormatConversion.MalformedData", "rawData": '{"id":"d","n":"oops"}'}
    ]
    assert up.stop() == 0


def test_a_backup_and_a_conversion_are_described_as_the_model_wants(serve, tmp_path):
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    up = serve("--glue-table", "table.json")
    firehose = up.client()
    backup = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake", "Prefix": "raw/"}
    firehose.create_delivery_stream(
        DeliveryStreamName="s",
        ExtendedS3DestinationConfiguration=destination(
            S3BackupMode="Enabled",
            S3BackupConfiguration=backup,
            DataFormatConversionConfiguration=conversion(HiveJsonSerDe={"TimestampFormats": ["millis"]}),
        ),
    )
    firehose.put_record(DeliveryStreamName="s", Record={"Data": b'{"id":"a","at":1518033528123}'})
    firehose.put_record(DeliveryStreamName="s", Record={"Data": b"no json"})
    up.flush()
    described = firehose.describe_delivery_stream(DeliveryStreamName="s")["DeliveryStreamDescription"]
    extended = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert extended["S3BackupDescription"]["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert extended["S3BackupDescription"]["CompressionFormat"] == "UNCOMPRESSED"
    assert b"".join(raw(up.lake, "raw").values()) == b'{"id":"a","at":1518033528123}no json'
    assert up.stop() == 0


@pytest.fixture
def kinesis(endpoint):
    client = boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="conformance",
        aws_secret_access_key="conformance",
    )
    client.create_stream(StreamName="events", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="events", WaiterConfig={"Delay": 1})
    yield client
    client.delete_stream(StreamName="events")


def test_a_kinesis_stream_is_read_through_a_split_and_a_restart(endpoint, kinesis, serve):
    variables = {
        "AWS_ENDPOINT_URL_KINESIS": endpoint,
        "AWS_ACCESS_KEY_ID": "conformance",
        "AWS_SECRET_ACCESS_KEY": "conformance",
    }
    arn = kinesis.describe_stream(StreamName="events")["StreamDescription"]["StreamARN"]
    arguments = ["--region", "eu-west-1", "--time-scale", "10"]
    put = 0

    def send(count: int):
        nonlocal put
        data = [f'{{"n":{n}}}\n'.encode() for n in range(put, put + count)]
        answer = kinesis.put_records(
            StreamName="events", Records=[{"Data": one, "PartitionKey": str(n)} for n, one in enumerate(data)]
        )
        assert answer["FailedRecordCount"] == 0
        put += count

    def wait(up: Service, count: int):
        for _ in range(300):
            up.flush()
            lines = b"".join(up.objects("data").values()).splitlines()
            if len(lines) >= count:
                break
            time.sleep(0.1)
        assert sorted(json.loads(line)["n"] for line in lines) == list(range(count))

    up = serve(*arguments, **variables)
    firehose = up.client()
    source = {"KinesisStreamARN": arn, "RoleARN": ROLE}
    firehose.create_delivery_stream(
        DeliveryStreamName="s",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration=source,
        ExtendedS3DestinationConfiguration=destination(),
    )
    described = firehose.describe_delivery_stream(DeliveryStreamName="s")["DeliveryStreamDescription"]
    said = described["Source"]["KinesisStreamSourceDescription"]
    assert said["KinesisStreamARN"] == arn and said["DeliveryStartTimestamp"] == described["CreateTimestamp"]
    with pytest.raises(firehose.exceptions.InvalidArgumentException) as refused:
        firehose.put_record(DeliveryStreamName="s", Record={"Data": b"x"})
    assert "KinesisStreamAsSource" in str(refused.value)
    send(40)
    wait(up, 40)
    shard = kinesis.list_shards(StreamName="events")["Shards"][0]
    kinesis.split_shard(StreamName="events", ShardToSplit=shard["ShardId"], NewStartingHashKey=str(2**127))
    send(40)
    wait(up, 80)
    assert up.stop() == 0
    send(10)
    up = serve(*arguments, **variables)
    wait(up, 90)
    with pytest.raises(firehose.exceptions.InvalidArgumentException) as refused:
        up.client().create_delivery_stream(
            DeliveryStreamName="none",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration=source | {"KinesisStreamARN": arn + "-not-there"},
            ExtendedS3DestinationConfiguration=destination(),
        )
    assert "which cannot be read: ResourceNotFoundException" in str(refused.value)
    assert up.stop() == 0


def test_a_reader_that_is_killed_leaves_no_record_out(endpoint, kinesis, serve):
    variables = {
        "AWS_ENDPOINT_URL_KINESIS": endpoint,
        "AWS_ACCESS_KEY_ID": "conformance",
        "AWS_SECRET_ACCESS_KEY": "conformance",
    }
    arguments = ["--region", "eu-west-1", "--time-scale", "20", "--flush", "100ms"]
    up = serve(*arguments, **variables)
    arn = kinesis.describe_stream(StreamName="events")["StreamDescription"]["StreamARN"]
    up.client().create_delivery_stream(
        DeliveryStreamName="s",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration=destination(),
    )
    put = 0
    for _ in range(8):
        data = [f'{{"n":{n}}}\n'.encode() for n in range(put, put + 100)]
        kinesis.put_records(StreamName="events", Records=[{"Data": one, "PartitionKey": "k"} for one in data])
        put += 100
        time.sleep(0.15)
        up.process.kill()
        up.process.wait()
        up = serve(*arguments, **variables)

    def delivered() -> list[int]:
        return [json.loads(line)["n"] for data in up.objects("data").values() for line in data.splitlines()]

    for _ in range(300):
        up.flush()
        if len(set(delivered())) == put:
            break
        time.sleep(0.1)
    assert set(delivered()) == set(range(put)), "at least once, and nothing else"
    assert up.stop() == 0


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Lambda's Invoke, answered as the records of the event ask for."""

    invocations: list[dict] = []
    paths: list[str] = []

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.invocations.append(event)
        self.paths.append(self.path)
        asked = base64.b64decode(event["records"][0]["data"]).decode()
        ok = [{"recordId": it["recordId"], "result": "Ok", "data": it["data"]} for it in event["records"]]
        status, headers, body = {
            "throttle": (429, {"x-amzn-ErrorType": "TooManyRequestsException"}, {"Reason": "ConcurrentInvocationLimitExceeded"}),
            "missing": (404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, {"Message": "Function not found"}),
            "denied": (403, {"x-amzn-ErrorType": "AccessDeniedException"}, {"Message": "no"}),
            "throw": (200, {"X-Amz-Function-Error": "Unhandled"}, {"errorType": "KeyError", "errorMessage": "'a'"}),
            "hang": (
                200,
                {"X-Amz-Function-Error": "Unhandled"},
                {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out after 3.00 seconds"},
            ),
            "ids": (200, {}, {"records": [{"recordId": "other", "result": "Ok", "data": ""}]}),
            "result": (200, {}, {"records": [ok[0] | {"result": "ok"}]}),
        }.get(asked, (200, {}, {"records": ok}))
        body = b"<html>" if asked == "text" else json.dumps(body).encode()
        body += b" " * 6_291_456 if asked == "large" else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def lambda_endpoint():
    Endpoint.invocations, Endpoint.paths = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


FAILURES = {
    "throttle": ("Lambda.InvokeLimitExceeded", 2),
    "missing": ("Lambda.ResourceNotFound", 2),
    "denied": ("Lambda.InvokeAccessDenied", 2),
    "throw": ("Lambda.FunctionError", 2),
    "large": ("Lambda.FunctionError", 2),
    "hang": ("Lambda.FunctionTimedOut", 2),
    "ids": ("Lambda.MissingRecordId", 1),
    "result": ("Lambda.FunctionError", 1),
    "text": ("Lambda.JsonProcessingException", 1),
}


def test_a_function_elsewhere_is_invoked_and_fails_as_on_aws(lambda_endpoint, serve):
    up = serve(
        "--function",
        f"elsewhere=lambda:{LAMBDA}:live",
        AWS_ENDPOINT_URL_LAMBDA=lambda_endpoint,
        AWS_ACCESS_KEY_ID="conformance",
        AWS_SECRET_ACCESS_KEY="conformance",
    )
    firehose = up.client()
    parameters = {"LambdaArn": LAMBDA, "NumberOfRetries": "1", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "0"}
    processor = {
        "Type": "Lambda",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="s",
        ExtendedS3DestinationConfiguration=destination(
            ProcessingConfiguration={"Enabled": True, "Processors": [processor]}
        ),
    )
    for asked in [*FAILURES, "well"]:
        firehose.put_record(DeliveryStreamName="s", Record={"Data": asked.encode()})
        up.flush()
    assert b"".join(up.objects("data").values()) == b"well"
    lines = b"".join(up.objects("errors/processing-failed").values()).splitlines()
    told = {}
    for line in map(json.loads, lines):
        asked = base64.b64decode(line["rawData"]).decode()
        told[asked] = (line["errorCode"], line["attemptsMade"])
        assert line["lambdaARN"] == LAMBDA
    assert told == FAILURES
    event = Endpoint.invocations[-1]
    assert event["deliveryStreamArn"].endswith(":deliverystream/s") and "sourceKinesisStreamArn" not in event
    assert set(event["records"][0]) == {"recordId", "approximateArrivalTimestamp", "data"}
    assert "/functions/" in Endpoint.paths[-1] and "live" in Endpoint.paths[-1]
    assert up.stop() == 0


def test_the_sample_of_aws_writes_what_it_writes_there(serve):
    """One line of concatenated JSON, keys of its query in the path, and MissingRecordId for what its transform skipped."""
    up = serve(
        "--stream",
        str(EXAMPLES / "aws-sample-stream.json"),
        "--function",
        f"client-event-transform={EXAMPLES / 'aws-sample-transform.py'}",
    )
    firehose = up.client()

    def event(kind: str | None, **more) -> bytes:
        detail = {"eventType": kind, "schemaVersion": "1"} if kind else {"analyticType": "x"}
        envelope = {"version": "0", "detail-type": "prod", "resources": ["client-1"], "detail": detail} | more
        return json.dumps(envelope).encode() + b"\n"

    unmoved = event("orderplaced", resources=[])
    firehose.put_record_batch(
        DeliveryStreamName="clienteventsfirehose",
        Records=records(event("orderplaced"), event("orderplaced") + event("login"), event(None), unmoved, b"not json"),
    )
    up.flush()
    (orders,) = up.objects("orderplaced/1").values()
    assert orders.count(b"\n") == 0 and orders.count(b"}{") == 1, "no newline survives, as on AWS"
    first = json.loads(orders[: orders.index(b"}{") + 1])
    assert first["detail"]["accountNumber"] == "client-1" and first["resources"] == []
    assert len(up.objects("login/1")) == 1
    failed = [json.loads(line) for data in up.objects("error").values() for line in data.splitlines()]
    told = {base64.b64decode(line["rawData"]).strip(): line for line in failed}
    assert told[unmoved.strip()]["errorCode"] == "Lambda.MissingRecordId"
    assert told[b"not json"]["errorCode"] == "Lambda.MissingRecordId"
    assert told[b"not json"]["attemptsMade"] == 1
    assert told[event(None).strip()]["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
    assert len(failed) == 3
    assert up.stop() == 0
