"""Rules whose targets are not ours: SQS, Firehose, Lambda and Secrets Manager as moto has them, reached by SDK."""

import base64
import http.server
import json
import subprocess
import threading
import urllib.request

import boto3
import pytest

from conftest import ROOT

ACCOUNT = "123456789012"
REGION = "eu-west-1"
CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "conformance", "aws_secret_access_key": "conformance"}


@pytest.fixture(scope="module")
def aws(endpoint):
    """Clients of moto's services."""
    configuration = json.dumps({"lambda": {"use_docker": False}}).encode()
    urllib.request.urlopen(f"{endpoint}/moto-api/config", data=configuration, timeout=30).close()
    return lambda service: boto3.client(service, endpoint_url=endpoint, **CREDENTIALS)


class Up:
    """`hydrant up` whose AWS is moto."""

    def __init__(self, hydrant, folder, *arguments):
        command = [hydrant.binary, "up", "--lake", "lake", "--listen", "127.0.0.1:0", "--account", ACCOUNT, *arguments]
        self.folder = folder
        self.process = subprocess.Popen(
            list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"),
            env=hydrant.environment,
        )
        self.url = self.process.stdout.readline().decode().strip()
        assert self.url, self.log()
        self.events = boto3.client("events", endpoint_url=self.url, **CREDENTIALS)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def rule(self, *targets):
        self.events.put_rule(Name="all", EventPattern='{"source":["shop"]}')
        assert self.events.put_targets(Rule="all", Targets=list(targets))["FailedEntryCount"] == 0

    def put(self, count: int) -> list[str]:
        ids = []
        for first in range(0, count, 10):
            entries = [
                {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"n": n, "name": "it's \"new\""})}
                for n in range(first, min(first + 10, count))
            ]
            ids += [it["EventId"] for it in self.events.put_events(Entries=entries)["Entries"]]
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_hydrant/flush", method="POST"), timeout=60).close()
        return ids

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)


def messages(sqs, url: str) -> list[dict]:
    """Everything in a queue."""
    found = []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
        found += got
        for message in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_queues_get_events_and_dead_letters_with_their_attributes(hydrant, aws, tmp_path):
    sqs = aws("sqs")
    tickets = sqs.create_queue(QueueName="tickets")["QueueUrl"]
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    ordered = sqs.create_queue(QueueName="ordered.fifo", Attributes=fifo)["QueueUrl"]
    arn = lambda name: f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    with Up(hydrant, tmp_path, "--queues", "sqs") as up:
        up.rule(
            {"Id": "plain", "Arn": arn("tickets"), "InputPath": "$.detail"},
            {"Id": "fifo", "Arn": arn("ordered.fifo"), "SqsParameters": {"MessageGroupId": "g"}},
            {"Id": "none", "Arn": arn("nowhere"), "DeadLetterConfig": {"Arn": arn("dead")}},
        )
        ids = up.put(25)
        assert sorted(json.loads(it["Body"])["n"] for it in messages(sqs, tickets)) == list(range(25))
        assert sorted(json.loads(it["Body"])["id"] for it in messages(sqs, ordered)) == sorted(ids)
        letters = messages(sqs, dead)
        assert sorted(json.loads(it["Body"])["id"] for it in letters) == sorted(ids)
        attributes = {name: it["StringValue"] for name, it in letters[0]["MessageAttributes"].items()}
        assert attributes.pop("ERROR_MESSAGE")
        assert attributes == {
            "RULE_ARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/all",
            "TARGET_ARN": arn("nowhere"),
            "ERROR_CODE": "NO_RESOURCE",
            "RETRY_ATTEMPTS": "0",
        }
        assert {it["DataType"] for it in letters[0]["MessageAttributes"].values()} == {"String"}


def test_a_delivery_stream_elsewhere_gets_what_is_for_one_that_is_not_here(hydrant, aws, s3, tmp_path):
    s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": REGION})
    destination = {"RoleARN": f"arn:aws:iam::{ACCOUNT}:role/r", "BucketARN": "arn:aws:s3:::elsewhere"}
    aws("firehose").create_delivery_stream(DeliveryStreamName="elsewhere", S3DestinationConfiguration=destination)
    stream = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/elsewhere"
    with Up(hydrant, tmp_path, "--remote-streams") as up:
        up.rule({"Id": "s", "Arn": stream, "InputTransformer": {"InputTemplate": "<aws.events.event.json>\n"}})
        ids = up.put(25)
        found = []
        for it in s3.list_objects_v2(Bucket="elsewhere")["Contents"]:
            data = s3.get_object(Bucket="elsewhere", Key=it["Key"])["Body"].read()
            found += [json.loads(line)["id"] for line in data.splitlines()]
        assert sorted(found) == sorted(ids), up.log()


def test_a_function_elsewhere_is_invoked_as_an_event(hydrant, aws, endpoint, tmp_path):
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws("iam").create_role(RoleName="function", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws("lambda").create_function(
        FunctionName="elsewhere", Runtime="python3.13", Role=role, Handler="f.h", Code={"ZipFile": b"no code is run"}
    )
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:on-order"
    recorder = f"{endpoint}/moto-api/recorder"
    call = lambda what: urllib.request.urlopen(
        urllib.request.Request(f"{recorder}/{what}", method="POST"), timeout=30
    ).close()
    with Up(hydrant, tmp_path, "--function", "on-order=lambda:elsewhere") as up:
        up.rule({"Id": "f", "Arn": function, "InputPath": "$.detail"})
        call("reset-recording")
        call("start-recording")
        try:
            up.put(3)
        finally:
            call("stop-recording")
        recording = urllib.request.urlopen(f"{recorder}/download-recording", timeout=30).read().decode()
        asked = [json.loads(line) for line in recording.splitlines()]
        invoked = [it for it in asked if "/functions/elsewhere/invocations" in it["url"]]
        assert len(invoked) == 3, up.log()
        bodies = [base64.b64decode(it["body"]) if it["body_encoded"] else it["body"] for it in invoked]
        assert sorted(json.loads(it)["n"] for it in bodies) == [0, 1, 2]
        headers = {name.lower(): value for name, value in invoked[0]["headers"].items()}
        assert headers["x-amz-invocation-type"] == "Event"
        metrics = urllib.request.urlopen(f"{up.url}/metrics", timeout=30).read().decode()
        assert 'events_Delivered{EventBusName="default",RuleName="all",Target="f"} 3\n' in metrics


class Desk(http.server.BaseHTTPRequestHandler):
    """A service desk that keeps who called."""

    got = []

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Desk.got.append(self.headers["authorization"])
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_secret_of_a_connection_comes_from_secrets_manager(hydrant, aws, tmp_path):
    secret = json.dumps({"user": "agent/token", "apiKey": "k-1"})
    aws("secretsmanager").create_secret(Name="service-desk", SecretString=secret)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    desk = f"ServiceDeskUrl=http://127.0.0.1:{server.server_port}/tickets"
    template = ROOT / "deploy" / "sam" / "template.yaml"
    with Up(hydrant, tmp_path, "-t", template, "--parameter", desk, "--secrets", "secretsmanager") as up:
        detail = json.dumps({"eventType": "loyaltypurchase", "ticket": {"ticket": {"subject": "s"}}})
        entry = {"Source": "clientevents", "DetailType": "prod", "Detail": detail, "EventBusName": "client-events"}
        assert up.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
        up.put(0)
        assert Desk.got == ["Basic " + base64.b64encode(b"agent/token:k-1").decode()], up.log()
        assert "k-1" not in up.log()
    server.shutdown()
