"""The functions, before cargo-lambda's emulator of Lambda and moto's Kinesis: as people run them before they deploy.

LAMBDA names a folder of functions as `cargo lambda build` packages them (`<function>/bootstrap`); without it, this
builds them as cargo does."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ROOT

CREDENTIALS = {
    "region_name": "eu-west-1",
    "aws_access_key_id": "conformance",
    "aws_secret_access_key": "conformance",
}
FUNCTIONS = ("transformer", "partitioner", "jobs")
STREAM = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/events"


def cargo_lambda() -> str:
    beside = pathlib.Path(sys.executable).with_name("cargo-lambda")
    return str(beside) if beside.exists() else shutil.which("cargo-lambda")


@pytest.fixture(scope="session")
def functions():
    """Where each function's program is."""
    packaged = os.environ.get("LAMBDA")
    if packaged:
        return {name: pathlib.Path(packaged) / name / "bootstrap" for name in FUNCTIONS}
    binaries = [part for name in FUNCTIONS for part in ("--bin", name)]
    subprocess.run(["cargo", "build", "--workspace", *binaries], cwd=ROOT, check=True)
    built = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    return {name: built / name for name in FUNCTIONS}


class Emulator:
    """`cargo lambda watch`, that compiles nothing: it has the APIs of Lambda, and the functions are started here."""

    def __init__(self, folder: pathlib.Path, functions: dict):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "log", "wb")
        self.functions = functions
        self.started = []
        self.folder = folder
        command = [cargo_lambda(), "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(self.port)]
        self.server = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            assert self.server.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        self.client = boto3.client(
            "lambda",
            endpoint_url=self.url,
            config=Config(read_timeout=120, retries={"max_attempts": 0}),
            **CREDENTIALS,
        )

    def start(self, name: str, **variables):
        """Starts a function."""
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"{self.url}/.rt/{name}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "conformance",
            "AWS_SECRET_ACCESS_KEY": "conformance",
            **variables,
        }
        said = open(self.folder / name, "wb")
        process = subprocess.Popen([self.functions[name]], env=environment, stdout=said, stderr=said)
        self.started.append((process, said))

    def invoke(self, name: str, event: dict) -> dict:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def said(self, name: str) -> list[dict]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def stop(self):
        for process, said in self.started:
            process.kill()
            process.wait(30)
            said.close()
        self.server.terminate()
        self.server.wait(30)
        self.log.close()


@pytest.fixture
def emulator(functions, tmp_path_factory):
    if not cargo_lambda():
        pytest.skip("cargo-lambda is not there: pip install cargo-lambda")
    running = Emulator(tmp_path_factory.mktemp("emulator"), functions)
    try:
        yield running
    finally:
        running.stop()


def event(records: list[bytes], **more) -> dict:
    return {
        "invocationId": "i",
        "deliveryStreamArn": STREAM,
        "region": "eu-west-1",
        **more,
        "records": [
            {
                "recordId": f"{number:056}000000",
                "approximateArrivalTimestamp": 1793607330000,
                "data": base64.b64encode(record).decode(),
            }
            for number, record in enumerate(records)
        ],
    }


def test_the_transformer_answers_what_cargo_lambda_invokes_it_with(emulator, tmp_path):
    emulator.start("transformer", PARTITION_KEYS="type=.detail.eventType")
    records = [b'{"resources":["c-1"],"detail":{"eventType":"search"}}', b"{no JSON"]
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event(records)))
    command = [cargo_lambda(), "lambda", "invoke", "transformer", "-A", "127.0.0.1", "-P", str(emulator.port), "-F", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    good, bad = json.loads(done.stdout)["records"]
    assert good["result"] == "Ok" and good["metadata"] == {"partitionKeys": {"type": "search"}}
    line = b'{"resources":[],"detail":{"eventType":"search","clientId":"c-1"}}\n'
    assert base64.b64decode(good["data"]) == line
    assert bad == {"recordId": f"{1:056}000000", "result": "ProcessingFailed"}
    told = emulator.said("transformer")[-1]
    assert told["Ok"] == 1 and told["ProcessingFailed.invalid-json"] == 1


def test_the_transformer_answers_whatever_the_generator_makes(emulator, events):
    emulator.start("transformer")
    records = events.splitlines(keepends=True)[:2000]
    answered = emulator.invoke("transformer", event(records))["records"]
    assert [record["recordId"] for record in answered] == [f"{number:056}000000" for number in range(len(records))]
    results = {record["result"] for record in answered}
    assert results == {"Ok", "ProcessingFailed"}
    for record in answered:
        if record["result"] == "Ok":
            data = base64.b64decode(record["data"])
            assert data.endswith(b"\n")
            for line in data[:-1].split(b"\n"):
                json.loads(line)


def test_the_partitioner_gives_keys_and_leaves_the_data_alone(emulator):
    emulator.start("partitioner", PARTITION_KEYS="type=.type,day=.time[0:10]", ON_MISSING="type=none")
    records = [b'{"type" : "a/b", "time":"2026-11-22T04:00:00Z"}\n', b'{"time":"2026-11-22T"}', b"{}", b"[1"]
    answered = emulator.invoke("partitioner", event(records))["records"]
    keys = [record.get("metadata", {}).get("partitionKeys") for record in answered]
    assert keys == [{"type": "a/b", "day": "2026-11-22"}, {"type": "none", "day": "2026-11-22"}, None, None]
    assert [base64.b64decode(record["data"]) for record in answered[:2]] == records[:2]
    assert [record["result"] for record in answered[2:]] == ["ProcessingFailed"] * 2


def test_an_event_of_another_kind_fails_with_the_reason_and_the_next_is_answered(emulator):
    emulator.start("transformer")
    # The emulator passes an error on with the status 500, Lambda with 200 and a header.
    with pytest.raises(ClientError):
        emulator.client.invoke(FunctionName="transformer", Payload=b'{"Records":[]}')
    assert "no Firehose transform event" in emulator.said("transformer")[0]["error"]
    assert emulator.invoke("transformer", event([b"{}"]))["records"][0]["result"] == "Ok"


def test_what_has_no_room_goes_back_into_its_kinesis_stream(emulator, endpoint):
    kinesis = boto3.client("kinesis", endpoint_url=endpoint, **CREDENTIALS)
    kinesis.create_stream(StreamName="source", ShardCount=2)
    arn = kinesis.describe_stream(StreamName="source")["StreamDescription"]["StreamARN"]
    # Ten keys of 400 bytes each: the answer is much larger than the event.
    keys = ",".join(f"k{number}=.k" for number in range(10))
    emulator.start("transformer", PARTITION_KEYS=keys, REINGEST="true", AWS_ENDPOINT_URL=endpoint)
    records = [json.dumps({"k": "k" * 400, "n": number}).encode() for number in range(2500)]
    batch = event(records, sourceKinesisStreamArn=arn)
    for number, record in enumerate(batch["records"]):
        record["kinesisRecordMetadata"] = {"partitionKey": f"p{number}", "sequenceNumber": str(number)}
    answered = emulator.invoke("transformer", batch)["records"]
    assert len(answered) == len(records)
    dropped = [int(record["recordId"][:56]) for record in answered if record["result"] == "Dropped"]
    assert dropped and all(record["result"] in ("Ok", "Dropped") for record in answered), emulator.said("transformer")
    taken = {}
    for shard in kinesis.list_shards(StreamName="source")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="source", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            page = kinesis.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                assert record["PartitionKey"] not in taken
                taken[record["PartitionKey"]] = record["Data"]
            if not page["Records"] or not page["MillisBehindLatest"]:
                break
            iterator = page["NextShardIterator"]
    assert taken == {f"p{number}": records[number] for number in dropped}
    assert emulator.said("transformer")[-1]["Reingested"] == len(dropped)
