"""The Firehose API over the wire: boto3 and the AWS CLI against `hydrant up`, and every answer against
botocore's own model of the service."""

import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/firehose"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:transformer:$LATEST"


class Up:
    """A running `hydrant up`, its endpoint, and its lake."""

    def __init__(self, place: pathlib.Path, *arguments: str):
        self.lake = place / "lake"
        self.log = open(place / "log", "ab")
        self.process = subprocess.Popen(
            [os.environ["HYDRANT"], "up", "--lake", str(self.lake), "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=place,
            env={"PATH": os.environ["PATH"], "HOME": str(place)},
        )
        self.endpoint = self.process.stdout.readline().decode().strip()
        assert self.endpoint.startswith("http://127.0.0.1:"), (place / "log").read_text()

    def client(self, **more):
        client = boto3.client(
            "firehose",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=more.pop("key", "any"),
            aws_secret_access_key=more.pop("secret", "any"),
            config=Config(retries={"max_attempts": 0}),
            **more,
        )
        client.meta.events.register("after-call.firehose", check)
        return client

    def post(self, path: str) -> bytes:
        return urllib.request.urlopen(urllib.request.Request(self.endpoint + path, method="POST"), timeout=60).read()

    def get(self, path: str) -> str:
        return urllib.request.urlopen(self.endpoint + path, timeout=60).read().decode()

    def flush(self):
        self.post("/_hydrant/flush")

    def objects(self, below: str) -> dict[str, bytes]:
        found = {}
        for path in sorted((self.lake / below).rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                found[str(path.relative_to(self.lake))] = gzip.decompress(data) if path.suffix == ".gz" else data
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.log.close()
        return status


def check(model, parsed, http_response, **_):
    """Holds an answer against the model: nothing that it does not know, everything that it requires."""
    if http_response.status_code >= 300:
        known = {shape.name for shape in model.error_shapes}
        unmodelled = {"ValidationException", "SerializationException", "InvalidSignatureException",
                      "UnrecognizedClientException"}
        assert parsed["Error"]["Code"] in known | unmodelled, (model.name, parsed)
        assert http_response.headers["x-amzn-requestid"]
        return
    raw = json.loads(http_response.content)
    validate(model.output_shape, raw, model.name)


def validate(shape, value, where):
    if shape.type_name == "structure":
        assert isinstance(value, dict), where
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{where}: {unknown} is not in the model"
        missing = set(shape.required_members) - set(value)
        assert not missing, f"{where}: {missing} is required"
        for name, member in value.items():
            validate(shape.members[name], member, f"{where}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), where
        for index, member in enumerate(value):
            validate(shape.member, member, f"{where}[{index}]")
    elif shape.type_name == "string":
        assert isinstance(value, str), where
        if shape.enum:
            assert value in shape.enum, f"{where}: {value}"
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 30)
        assert least <= len(value) <= most, f"{where}: {value}"
        if "pattern" in shape.metadata and "\\p{" not in shape.metadata["pattern"]:
            assert re.search(f"^(?:{shape.metadata['pattern']})$", value, re.S), f"{where}: {value}"
    elif shape.type_name == "boolean":
        assert isinstance(value, bool), where
    elif shape.type_name in ("integer", "long"):
        assert isinstance(value, int) and not isinstance(value, bool), where
        assert shape.metadata.get("min", value) <= value <= shape.metadata.get("max", value), f"{where}: {value}"
    elif shape.type_name == "timestamp":
        assert isinstance(value, (int, float)), where


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    up = Up(tmp_path_factory.mktemp("up"))
    yield up
    assert up.stop() == 0


@pytest.fixture(scope="module")
def firehose(up):
    return up.client()


def plain(name: str, **more) -> dict:
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket", "Prefix": f"{name}/", **more}
    return {"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination}


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_stream_is_made_described_listed_and_deleted(firehose):
    arn = firehose.create_delivery_stream(**plain("life"))["DeliveryStreamARN"]
    assert arn == "arn:aws:firehose:us-east-1:000000000000:deliverystream/life"
    described = firehose.describe_delivery_stream(DeliveryStreamName="life")["DeliveryStreamDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    assert described["VersionId"] == "1"
    assert abs(described["CreateTimestamp"].timestamp() - time.time()) < 60
    (destination,) = described["Destinations"]
    both = destination["S3DestinationDescription"], destination["ExtendedS3DestinationDescription"]
    assert all(it["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300} for it in both)
    assert "life" in firehose.list_delivery_streams()["DeliveryStreamNames"]
    assert refused(firehose.create_delivery_stream, **plain("life"))[0] == "ResourceInUseException"
    firehose.delete_delivery_stream(DeliveryStreamName="life")
    assert "life" not in firehose.list_delivery_streams()["DeliveryStreamNames"]
    assert refused(firehose.describe_delivery_stream, DeliveryStreamName="life")[0] == "ResourceNotFoundException"


def test_records_are_delivered_verbatim(up, firehose):
    firehose.create_delivery_stream(**plain("verbatim"))
    one = firehose.put_record(DeliveryStreamName="verbatim", Record={"Data": b"\x00\xff one"})
    assert one["RecordId"] and one["Encrypted"] is False
    batch = firehose.put_record_batch(
        DeliveryStreamName="verbatim", Records=[{"Data": f"|{n}".encode()} for n in range(500)]
    )
    assert batch["FailedPutCount"] == 0 and len(batch["RequestResponses"]) == 500
    assert len({it["RecordId"] for it in batch["RequestResponses"]}) == 500
    up.flush()
    ((name, data),) = up.objects("verbatim").items()
    assert re.fullmatch(r"verbatim/\d{4}/\d\d/\d\d/\d\d/verbatim-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}", name)
    assert data == b"\x00\xff one" + b"".join(f"|{n}".encode() for n in range(500))


def test_the_limits_of_puts(firehose):
    firehose.create_delivery_stream(**plain("limits"))
    put = firehose.put_record_batch
    assert refused(put, DeliveryStreamName="limits", Records=[{"Data": b"x"}] * 501)[0] == "ValidationException"
    large = [{"Data": b"x" * 1_000_000}] * 5
    code, text = refused(put, DeliveryStreamName="limits", Records=large)
    assert (code, "4194304" in text) == ("InvalidArgumentException", True)
    code, _ = refused(firehose.put_record, DeliveryStreamName="limits", Record={"Data": b"x" * 1_024_001})
    assert code == "ValidationException"
    code, _ = refused(firehose.put_record, DeliveryStreamName="nowhere", Record={"Data": b"x"})
    assert code == "ResourceNotFoundException"


def test_an_update_counts_versions_and_wants_the_right_one(firehose):
    firehose.create_delivery_stream(**plain("versions"))
    arguments = {"DeliveryStreamName": "versions", "DestinationId": "destinationId-000000000001"}
    update = {"CompressionFormat": "GZIP"}
    firehose.update_destination(**arguments, CurrentDeliveryStreamVersionId="1", ExtendedS3DestinationUpdate=update)
    described = firehose.describe_delivery_stream(DeliveryStreamName="versions")["DeliveryStreamDescription"]
    assert described["VersionId"] == "2"
    extended = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (extended["CompressionFormat"], extended["Prefix"]) == ("GZIP", "versions/")
    code, text = refused(
        firehose.update_destination, **arguments, CurrentDeliveryStreamVersionId="1", ExtendedS3DestinationUpdate=update
    )
    assert code == "ConcurrentModificationException"
    assert text.endswith("since the current version id: 2 and specified version id: 1 do not match")


def test_tags_and_encryption(firehose):
    firehose.create_delivery_stream(**plain("tags"), Tags=[{"Key": "team", "Value": "events"}])
    firehose.tag_delivery_stream(DeliveryStreamName="tags", Tags=[{"Key": "a"}, {"Key": "b", "Value": "é"}])
    firehose.untag_delivery_stream(DeliveryStreamName="tags", TagKeys=["a"])
    listed = firehose.list_tags_for_delivery_stream(DeliveryStreamName="tags")
    assert listed["Tags"] == [{"Key": "b", "Value": "é"}, {"Key": "team", "Value": "events"}]
    firehose.start_delivery_stream_encryption(DeliveryStreamName="tags")
    assert firehose.put_record(DeliveryStreamName="tags", Record={"Data": b"x"})["Encrypted"] is True
    described = firehose.describe_delivery_stream(DeliveryStreamName="tags")["DeliveryStreamDescription"]
    assert described["DeliveryStreamEncryptionConfiguration"] == {"KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"}
    firehose.stop_delivery_stream_encryption(DeliveryStreamName="tags")
    assert firehose.put_record(DeliveryStreamName="tags", Record={"Data": b"x"})["Encrypted"] is False


def test_the_parameters_of_a_lambda_processor_are_said_in_full(firehose):
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": LAMBDA}]
    processors = [{"Type": "Lambda", "Parameters": parameters}]
    stream = plain("echo", ProcessingConfiguration={"Enabled": True, "Processors": processors})
    firehose.create_delivery_stream(**stream)
    described = firehose.describe_delivery_stream(DeliveryStreamName="echo")["DeliveryStreamDescription"]
    extended = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    said = extended["ProcessingConfiguration"]["Processors"][0]["Parameters"]
    assert [(it["ParameterName"], it["ParameterValue"]) for it in said] == [
        ("LambdaArn", LAMBDA),
        ("NumberOfRetries", "3"),
        ("RoleArn", ROLE),
        ("BufferSizeInMBs", "1"),
        ("BufferIntervalInSeconds", "60"),
    ]


def test_what_is_refused_has_awss_words(firehose):
    create = firehose.create_delivery_stream
    code, text = refused(create, **plain("bad", Prefix="x/!{y:z}/"))
    assert code == "InvalidArgumentException"
    assert "Namespace to the left of colon (y) is an invalid keyword!" in text
    code, text = refused(create, **plain("bad", CompressionFormat="gzip"))
    assert (code, "[ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]" in text) == ("ValidationException", True)
    assert refused(create, DeliveryStreamName="bad")[0] == "InvalidArgumentException"
    assert "bad" not in firehose.list_delivery_streams()["DeliveryStreamNames"]


def test_the_aws_cli_talks_to_it(up, tmp_path):
    def aws(*arguments):
        command = [sys.executable, "-m", "awscli", "--endpoint-url", up.endpoint, "firehose", *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "any",
                       "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or b"{}")

    definition = tmp_path / "stream.json"
    definition.write_text(json.dumps(plain("cli")))
    aws("create-delivery-stream", "--cli-input-json", definition.as_uri())
    assert aws("put-record", "--delivery-stream-name", "cli", "--record", "Data=hello")["RecordId"]
    assert "cli" in aws("list-delivery-streams")["DeliveryStreamNames"]
    up.flush()
    assert list(up.objects("cli").values()) == [b"hello"]


def test_metrics_carry_cloudwatchs_names(up, firehose):
    firehose.create_delivery_stream(**plain("metrics"))
    firehose.put_record(DeliveryStreamName="metrics", Record={"Data": b"x"})
    metrics = up.get("/metrics")
    for name in ("IncomingRecords", "PutRecord_Requests"):
        assert f'firehose_{name}{{DeliveryStreamName="metrics"}} 1' in metrics
    assert 'firehose_DeliveryToS3_DataFreshness{DeliveryStreamName="metrics"}' in metrics
    assert json.loads(up.get("/health"))["status"] == "ok"


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    up = Up(tmp_path)
    firehose = up.client()
    firehose.create_delivery_stream(**plain("kept"))
    records = [{"Data": f"{n}\n".encode()} for n in range(400)]
    assert firehose.put_record_batch(DeliveryStreamName="kept", Records=records)["FailedPutCount"] == 0
    up.process.kill()
    up.process.wait()
    assert not up.objects("kept")
    again = Up(tmp_path)
    again.flush()
    assert b"".join(again.objects("kept").values()) == b"".join(it["Data"] for it in records)
    assert again.stop() == 0


def test_beyond_loopback_requests_are_signed(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("# who may put\nAKID secret\n")
    up = Up(tmp_path, "--access-keys", str(keys))
    assert up.client(key="AKID", secret="secret").list_delivery_streams()["DeliveryStreamNames"] == []
    assert refused(up.client(key="AKID", secret="guess").list_delivery_streams)[0] == "InvalidSignatureException"
    assert refused(up.client(key="OTHER", secret="secret").list_delivery_streams)[0] == "UnrecognizedClientException"
    assert up.stop() == 0
    open_to_all = subprocess.run(
        [os.environ["HYDRANT"], "up", "--listen", "0.0.0.0:0"], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert open_to_all.returncode == 1
    assert b"no key was given" in open_to_all.stderr


HANDLER = '''
import base64, json, os, sys, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as request:
        id, event = request.headers["Lambda-Runtime-Aws-Request-Id"], json.load(request)
    answer = []
    for record in event["records"]:
        data = json.loads(base64.b64decode(record["data"]))
        if data.get("bad"):
            answer.append({"recordId": record["recordId"], "result": "Nonsense"})
            continue
        data["seen"] = len(event["records"])
        text = base64.b64encode((json.dumps(data) + "\\n").encode()).decode()
        answer.append({"recordId": record["recordId"], "result": "Ok", "data": text})
    body = json.dumps({"records": answer}).encode()
    urllib.request.urlopen(urllib.request.Request(api + id + "/response", data=body)).read()
'''


def test_a_function_in_any_language_transforms(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text(HANDLER)
    up = Up(tmp_path, "--function", f"transformer={sys.executable} {handler}")
    firehose = up.client()
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": LAMBDA}]
    stream = plain("python", ErrorOutputPrefix="errors/!{firehose:error-output-type}/")
    stream["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"] = {
        "Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]
    }
    firehose.create_delivery_stream(**stream)
    records = [{"Data": json.dumps({"n": n, "bad": n == 3}).encode()} for n in range(5)]
    firehose.put_record_batch(DeliveryStreamName="python", Records=records)
    up.flush()
    lines = b"".join(up.objects("python").values()).splitlines()
    assert [json.loads(line) for line in lines] == [{"n": n, "bad": False, "seen": 5} for n in (0, 1, 2, 4)]
    (errors,) = up.objects("errors/processing-failed").values()
    error = json.loads(errors)
    assert (error["errorCode"], error["attemptsMade"], error["lambdaARN"]) == ("Lambda.FunctionError", 1, LAMBDA)
    assert up.stop() == 0
