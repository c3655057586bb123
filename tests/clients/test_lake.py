"""What Hydrant delivers is what other clients and other readers expect of Firehose."""

import base64
import gzip
import json
import re
import subprocess

import duckdb
import pytest

from conftest import EVENTS, EXAMPLES

KEY = re.compile(
    r"(?P<prefix>.*/)?(?P<stream>[a-zA-Z0-9_.-]+)-(?P<version>\d+)-"
    r"(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-"
    r"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(?P<extension>\.gz)?"
)
BY_TYPE = "select detail.eventType as type, count(*) as events from events group by 1 order by 1"


def objects(s3, bucket, prefix=""):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def rows_of(lake):
    for path in sorted(lake.glob("events/**/*.gz")):
        text = gzip.decompress(path.read_bytes())
        assert text.endswith(b"\n")
        for line in text[:-1].split(b"\n"):
            yield path, json.loads(line)


def test_objects_in_s3_carry_the_names_and_headers_of_firehose(hydrant, s3, events):
    s3.create_bucket(Bucket="names", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    account = json.loads(
        hydrant("deliver", "--stream", EXAMPLES / "stream.json", "--to", "s3://names/my/lake", "--json", "-", stdin=events)
    )
    found = list(objects(s3, "names"))
    assert len(found) == account["objects"] + account["errorObjects"]
    lines = 0
    for item in found:
        key = KEY.fullmatch(item["Key"])
        assert key and key["stream"] == "client-events" and key["version"] == "1", item["Key"]
        stored = s3.get_object(Bucket="names", Key=item["Key"])
        assert stored["ContentType"] == "application/octet-stream"
        body = stored["Body"].read()
        if key["prefix"].startswith("my/lake/errors/"):
            assert key["prefix"].startswith("my/lake/errors/processing-failed/")
            continue
        assert stored["ContentEncoding"] == "gzip" and key["extension"] == ".gz"
        lines += gzip.decompress(body).count(b"\n")
    assert lines == account["lines"]
    by_type = hydrant.sql("s3://names/my/lake", BY_TYPE)
    assert sum(row["events"] for row in by_type) == lines


def test_the_account_adds_up_and_the_lake_agrees_with_it(hydrant, events, tmp_path):
    account = json.loads(
        hydrant("deliver", "--stream", EXAMPLES / "stream.json", "--to", tmp_path, "--json", "-", stdin=events)
    )
    assert account["accepted"] == account["delivered"] + account["dropped"] + account["refused"]
    assert account["refused"] == sum(account["refusedByCode"].values()) > 0
    assert sum(1 for _ in rows_of(tmp_path)) == account["lines"]
    [errors] = hydrant.sql(tmp_path, "select count(*) as errors from errors")
    assert errors["errors"] == account["refused"]


def test_every_row_lies_under_the_prefix_that_its_own_fields_name(lake):
    for path, row in rows_of(lake):
        folders = dict(part.split("=", 1) for part in path.parts if "=" in part)
        assert folders == {
            "eventType": row["detail"]["eventType"],
            "schemaVersion": row["detail"]["schemaVersion"],
            "year": row["time"][0:4],
            "month": row["time"][5:7],
            "day": row["time"][8:10],
            "hour": row["time"][11:13],
        }


def test_duckdb_counts_the_same_events_in_the_same_files(hydrant, lake):
    counted = duckdb.sql(
        "select detail.eventType as type, count(*) as events from "
        f"read_json('{lake}/events/**/*.gz', format = 'newline_delimited', hive_partitioning = false, "
        "columns = {detail: 'STRUCT(eventType VARCHAR)'}) group by 1 order by 1"
    ).fetchall()
    ours = hydrant.sql(lake, BY_TYPE)
    assert [(row["type"], row["events"]) for row in ours] == counted
    assert sum(events for _, events in counted) > EVENTS * 0.9


def test_the_error_output_keeps_the_source_bytes(hydrant, lake, events):
    lines = set(events.split(b"\n"))
    records = [
        json.loads(line) for path in lake.glob("errors/**/*") if path.is_file() for line in path.read_bytes().splitlines()
    ]
    assert records
    for record in records:
        assert list(record) == [
            "rawData",
            "errorCode",
            "errorMessage",
            "attemptsMade",
            "arrivalTimestamp",
            "attemptEndingTimestamp",
            "lambdaARN",
        ]
        assert base64.b64decode(record["rawData"], validate=True) in lines
    decoded = hydrant.sql(lake, "select rawData from errors")
    assert sorted(row["rawData"].encode() for row in decoded) == sorted(base64.b64decode(r["rawData"]) for r in records)


def moved(event: dict) -> dict:
    """The transformation, written a second time and simply."""
    client = event.pop("clientId", None) or (event.get("resources") or [None])[0]
    if client:
        event["resources"] = []
        event["detail"].pop("clientId", None)
        event["detail"]["clientId"] = client
    return event


def test_the_transformer_moves_the_client_id_and_nothing_else(hydrant):
    events = hydrant("generate", "--events", 2_000, "--seed", 3)
    ours = hydrant("transform", stdin=events).splitlines()
    for before, after in zip(events.splitlines(), ours, strict=True):
        after, expected = json.loads(after), moved(json.loads(before))
        assert after == expected
        assert list(after) == list(expected) and list(after["detail"]) == list(expected["detail"])


def test_the_lake_of_the_aws_sample_is_read(hydrant, tmp_path):
    """Its transformer loses the newline, so records run together; its folders have no names."""
    for key, count in {"shopping/1": 3, "searching/1": 2, "purchase/2": 4}.items():
        event_type, version = key.split("/")
        record = {"resources": [], "detail": {"eventType": event_type, "schemaVersion": version, "data": {"itemSku": 123}}}
        folder = tmp_path / key
        folder.mkdir(parents=True)
        name = "clienteventsfirehose-1-2022-02-01-10-15-02-3f2c1a9e-8f5e-4a55-9d0c-0b54a1a5d9e1"
        (folder / name).write_text(json.dumps(record) * count)
    prefix = "!{partitionKeyFromQuery:eventType}/!{partitionKeyFromQuery:schemaVersion}/"
    found = hydrant.sql(
        tmp_path, "select eventType, schemaVersion, count(*) as events from events group by 1, 2 order by 1", "--prefix", prefix
    )
    assert found == [
        {"eventType": "purchase", "schemaVersion": 2, "events": 4},
        {"eventType": "searching", "schemaVersion": 1, "events": 2},
        {"eventType": "shopping", "schemaVersion": 1, "events": 3},
    ]


@pytest.mark.parametrize("stream", ["stream.json", "aws-sample-stream.json", "mixed-keys-stream.json"])
def test_the_same_seed_and_instant_give_the_same_lake(hydrant, events, tmp_path, stream):
    def deliver(name):
        arguments = ["--stream", EXAMPLES / stream, "--to", tmp_path / name, "--at", "2026-11-22T10:00:00Z", "--seed", 1]
        hydrant("deliver", *arguments, "-", stdin=events)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path / name): path.read_bytes() for path in files}

    first = deliver("first")
    assert first and first == deliver("second")


def test_a_wrong_endpoint_is_said_and_not_hung_on(hydrant, events):
    done = subprocess.run(
        [hydrant.binary, "sql", "--lake", "s3://nowhere", "-c", "select 1 from events"],
        capture_output=True,
        env=hydrant.environment,
        timeout=120,
    )
    assert done.returncode == 1
    assert b"nowhere" in done.stderr
