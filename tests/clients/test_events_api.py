"""The EventBridge API over the wire: boto3 and the AWS CLI against `hydrant up`, and every answer against
botocore's own model of the service."""

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config

from test_firehose_api import Up, plain, refused, validate

BUS = "arn:aws:events:us-east-1:000000000000:event-bus"
UNMODELLED = {"ValidationException", "SerializationException", "UnknownOperationException"}


def check(model, parsed, http_response, **_):
    if http_response.status_code >= 300:
        known = {shape.name for shape in model.error_shapes}
        assert parsed["Error"]["Code"] in known | UNMODELLED, (model.name, parsed)
        assert http_response.headers["x-amzn-requestid"]
        return
    if model.output_shape is not None:
        answer = json.loads(http_response.content)
        # `secret:events!connection/…`: AWS's own answers have the exclamation mark that its model forbids.
        answer.pop("SecretArn", None)
        validate(model.output_shape, answer, model.name)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    up = Up(tmp_path_factory.mktemp("up"), "--time-scale", "1000")
    yield up
    assert up.stop() == 0


@pytest.fixture(scope="module")
def events(up):
    client = boto3.client(
        "events",
        endpoint_url=up.endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"max_attempts": 0}),
    )
    client.meta.events.register("after-call.events", check)
    return client


def entry(source="shop", detail=None, **more) -> dict:
    return {"Source": source, "DetailType": "order", "Detail": json.dumps(detail or {}), **more}


def rule(events, name, pattern, targets, bus="default"):
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
    assert answer["FailedEntryCount"] == 0


class Desk(http.server.BaseHTTPRequestHandler):
    """A ticketing system that takes notes."""

    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Desk.got.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def desk():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_the_road_of_the_aws_sample(up, events, desk):
    """Two rules: every event to the stream, the tickets of loyalty purchases to the desk."""
    up.client().create_delivery_stream(**plain("clientevents"))
    events.create_event_bus(Name="client_event_bus")
    stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/clientevents"
    rule(events, "all", {"source": ["clientevents"]}, [{
        "Id": "stream", "Arn": stream,
        "InputTransformer": {"InputPathsMap": {}, "InputTemplate": "<aws.events.event>\n"},
    }], bus="client_event_bus")
    connection = events.create_connection(
        Name="desk", AuthorizationType="BASIC",
        AuthParameters={"BasicAuthParameters": {"Username": "user", "Password": "key"}},
    )
    assert connection["ConnectionState"] == "AUTHORIZED"
    destination = events.create_api_destination(
        Name="desk", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=f"{desk}/tickets",
        HttpMethod="POST", InvocationRateLimitPerSecond=10,
    )
    rule(events, "sales", {"source": ["clientevents"], "detail": {"eventType": ["loyaltypurchase"]}}, [{
        "Id": "desk", "Arn": destination["ApiDestinationArn"], "InputPath": "$.detail.ticket",
        "HttpParameters": {"HeaderParameters": {"Content-Type": "application/json"}},
    }], bus="client_event_bus")
    ticket = {"ticket": {"subject": "Loyalty customer purchase", "comment": {"body": "It's \"new\""}}}
    details = [
        {"eventType": "searching", "schemaVersion": "1", "data": {"searchTerm": "games"}},
        {"eventType": "loyaltypurchase", "schemaVersion": "2", "data": {"itemSku": "123"}, "ticket": ticket},
    ]
    entries = [
        entry("clientevents", it, EventBusName="client_event_bus", Resources=["client-1"]) for it in details
    ]
    # One brace too many, as the sample's generator has it.
    entries.append({**entries[0], "Detail": '{"eventType":"shopping"}}'})
    answer = events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][2] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    up.flush()
    (data,) = up.objects("clientevents").values()
    records = [json.loads(line) for line in data.splitlines()]
    assert [it["id"] for it in records] == [it["EventId"] for it in answer["Entries"][:2]]
    assert [it["detail"] for it in records] == details
    assert list(records[0]) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]
    ((path, headers, body),) = Desk.got
    assert path == "/tickets"
    assert json.loads(body) == ticket
    assert headers["authorization"] == "Basic " + base64.b64encode(b"user:key").decode()
    assert headers["user-agent"] == "Amazon/EventBridge/ApiDestinations"
    assert headers["content-type"] == "application/json"


def test_what_is_wrong_is_said_in_the_words_of_aws(events):
    for missing in ("Source", "DetailType", "Detail"):
        wrong = entry()
        wrong[missing] = ""
        answer = events.put_events(Entries=[wrong])
        assert answer["Entries"] == [{
            "ErrorCode": "InvalidArgument",
            "ErrorMessage": f"Parameter {missing} is not valid. Reason: {missing} is a required argument.",
        }]
    code, message = refused(events.put_events, Entries=[entry()] * 11)
    assert code == "ValidationException"
    assert message.endswith("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
    assert refused(events.put_events, Entries=[entry(detail={"a": "x" * (1 << 20)})]) == (
        "ValidationException", "Total size of the entries in the request is over the limit.")
    assert refused(events.put_rule, Name="r", EventPattern='{"a":[{"prefix":1}]}')[1].startswith(
        "Event pattern is not valid. Reason: prefix match pattern must be a string\n at [Source: (String)")
    assert refused(events.describe_rule, Name="none") == (
        "ResourceNotFoundException", "Rule none does not exist on EventBus default.")
    assert refused(events.delete_event_bus, Name="default") == (
        "ValidationException", "Cannot delete event bus default.")
    assert refused(events.put_rule, Name="r", ScheduleExpression="cron(0 1 * * * *)") == (
        "ValidationException", "Parameter ScheduleExpression is not valid.")


def test_an_archive_is_replayed_to_one_rule(up, events):
    up.client().create_delivery_stream(**plain("again"))
    events.create_event_bus(Name="kept")
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=f"{BUS}/kept")["ArchiveArn"]
    for first in range(0, 100, 10):
        events.put_events(Entries=[
            entry(detail={"n": n}, EventBusName="kept", Time=1_700_000_000 + n) for n in range(first, first + 10)
        ])
    up.flush()
    described = events.describe_archive(ArchiveName="kept")
    assert (described["EventCount"], described["State"]) == (100, "ENABLED")
    stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/again"
    template = {"InputTemplate": "<aws.events.event.json>\\n"}
    rule(events, "one", {"source": ["shop"]}, [{"Id": "s", "Arn": stream, "InputTransformer": template}], bus="kept")
    rule(events, "two", {"source": ["shop"]}, [{"Id": "s", "Arn": stream}], bus="kept")
    window = {"EventStartTime": 1_700_000_020, "EventEndTime": 1_700_000_039}
    one = events.describe_rule(Name="one", EventBusName="kept")["Arn"]
    to = {"Arn": f"{BUS}/kept", "FilterArns": [one]}
    events.start_replay(ReplayName="r", EventSourceArn=archive, Destination=to, **window)
    for _ in range(200):
        replay = events.describe_replay(ReplayName="r")
        if replay["State"] not in ("STARTING", "RUNNING"):
            break
        time.sleep(0.05)
    assert replay["State"] == "COMPLETED"
    assert replay["EventLastReplayedTime"].timestamp() == 1_700_000_039
    up.flush()
    lines = b"".join(up.objects("again").values()).splitlines()
    assert sorted(json.loads(line)["detail"]["n"] for line in lines) == list(range(20, 40))
    assert {json.loads(line)["replay-name"] for line in lines} == {"r"}
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 100
    assert refused(events.start_replay, ReplayName="r", EventSourceArn=archive, Destination=to, **window) == (
        "ResourceAlreadyExistsException", "Replay r already exists.")


def test_everything_that_is_made_is_listed_and_deleted(events):
    events.create_event_bus(Name="life", Tags=[{"Key": "a", "Value": "1"}])
    rule(events, "life", {"a": [1]}, [{"Id": "t", "Arn": f"{BUS}/default"}], bus="life")
    assert [it["Name"] for it in events.list_rules(EventBusName="life")["Rules"]] == ["life"]
    arn = events.describe_rule(Name="life", EventBusName="life")["Arn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    events.put_permission(EventBusName="life", Action="events:PutEvents", Principal="111122223333", StatementId="s")
    assert "111122223333" in events.describe_event_bus(Name="life")["Policy"]
    events.remove_permission(EventBusName="life", StatementId="s")
    events.disable_rule(Name="life", EventBusName="life")
    assert events.describe_rule(Name="life", EventBusName="life")["State"] == "DISABLED"
    assert events.list_rule_names_by_target(TargetArn=f"{BUS}/default", EventBusName="life")["RuleNames"] == ["life"]
    assert refused(events.delete_rule, Name="life", EventBusName="life")[1] == (
        "Rule can't be deleted since it has targets.")
    events.remove_targets(Rule="life", EventBusName="life", Ids=["t"])
    events.delete_rule(Name="life", EventBusName="life")
    events.delete_event_bus(Name="life")
    assert "life" not in [it["Name"] for it in events.list_event_buses()["EventBuses"]]
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "x", "ApiKeyValue": "y"}}
    arn = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)["ConnectionArn"]
    made = events.describe_connection(Name="c")
    assert made["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "x"}}
    events.create_api_destination(
        Name="d", ConnectionArn=arn, InvocationEndpoint="https://127.0.0.1/", HttpMethod="PUT")
    assert events.describe_api_destination(Name="d")["InvocationRateLimitPerSecond"] == 300
    events.update_api_destination(Name="d", HttpMethod="POST")
    assert [it["HttpMethod"] for it in events.list_api_destinations(ConnectionArn=arn)["ApiDestinations"]] == ["POST"]
    events.delete_api_destination(Name="d")
    assert events.delete_connection(Name="c")["ConnectionState"] == "DELETING"
    events.create_archive(ArchiveName="a", EventSourceArn=f"{BUS}/default", RetentionDays=1)
    events.update_archive(ArchiveName="a", Description="d")
    assert [it["ArchiveName"] for it in events.list_archives(NamePrefix="a")["Archives"]] == ["a"]
    events.delete_archive(ArchiveName="a")


def test_a_pattern_is_tried_on_an_event(events):
    event = {"id": "1", "account": "1", "source": "a", "time": "2026-11-22T10:00:00Z", "region": "r",
             "detail-type": "d", "resources": [], "detail": {"state.status": "on"}}
    tried = lambda pattern: events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
    assert tried({"detail": {"state": {"status": [{"suffix": "n"}]}}})["Result"] is True
    assert tried({"$or": [{"source": ["b"]}, {"source": ["c"]}]})["Result"] is False


def test_the_aws_cli_puts_events_and_reads_rules(up):
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(up.lake.parent), "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_EVENTBRIDGE": up.endpoint,
    }

    def aws(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "awscli", "events", *arguments, "--output", "json"],
            env=environment, capture_output=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or b"{}")

    aws("put-rule", "--name", "cli", "--schedule-expression", "rate(1 hour)")
    assert aws("describe-rule", "--name", "cli")["ScheduleExpression"] == "rate(1 hour)"
    put = aws("put-events", "--entries", json.dumps([entry()]))
    assert put["FailedEntryCount"] == 0 and put["Entries"][0]["EventId"]


def test_the_newer_api_is_refused_and_not_misunderstood(up):
    request = urllib.request.Request(
        up.endpoint + "/service/AWSEventsV2/operation/PutEvents", data=b"\xa0", method="POST",
        headers={"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"},
    )
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30)
    assert error.value.code == 400
    assert b"classic event buses" in error.value.read()


def test_what_aws_does_in_silence_is_said_and_counted(up, events):
    assert events.put_events(Entries=[entry(EventBusName="nowhere")])["FailedEntryCount"] == 0
    events.put_events(Entries=[entry("unheard")])
    metrics = up.get("/metrics")
    assert "events_UnknownBusEvents 1\n" in metrics
    log = (up.lake.parent / "log").read_text()
    assert "there is no bus nowhere" in log
    assert "no rule matched" in log


def test_events_and_definitions_outlive_a_kill(tmp_path):
    first = Up(tmp_path)
    client = lambda it: boto3.client(
        "events", endpoint_url=it.endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a")
    events = client(first)
    stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/late"
    rule(events, "r", {"source": ["shop"]}, [{"Id": "s", "Arn": stream}])
    first.client().create_delivery_stream(**plain("late"))
    put = [events.put_events(Entries=[entry(detail={"n": n})])["Entries"][0]["EventId"] for n in range(50)]
    first.process.kill()
    first.process.wait(30)
    second = Up(tmp_path)
    assert client(second).describe_rule(Name="r")["State"] == "ENABLED"
    second.flush()
    decoder, text, found = json.JSONDecoder(), b"".join(second.objects("late").values()).decode(), set()
    while text:
        record, end = decoder.raw_decode(text)
        found.add(record["id"])
        text = text[end:]
    assert found == set(put)
    assert second.stop() == 0
