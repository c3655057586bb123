"""The function `jobs` before cargo-lambda's emulator of Lambda, with its lake and its jobs in moto's S3: as EventBridge Scheduler
would invoke it."""

import json
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import EXAMPLES
from test_lambda import cargo_lambda, emulator, functions  # noqa: F401

PREFIX = json.loads((EXAMPLES / "stream.json").read_text())["ExtendedS3DestinationConfiguration"]["Prefix"]
DAILY = """---
-- schedule = "rate(1 day)"
-- interval = "1 day"
-- output.table = "daily"
-- expect.some = "sum(n) > 0"
---
select eventType, count(*) as n from events where time >= $start and time < $end group by 1
"""


@pytest.fixture(scope="module")
def place(hydrant, s3):
    """A bucket with a lake and a folder of jobs."""
    s3.create_bucket(Bucket="scheduled", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    events = hydrant("generate", "--events", 500, "--start", "2026-11-02T00:00:00Z", "--span", "3d", "--seed", 5)
    hydrant("-q", "deliver", "--stream", EXAMPLES / "stream.json", "--to", "s3://scheduled/lake", stdin=events)
    s3.put_object(Bucket="scheduled", Key="jobs/daily.sql", Body=DAILY.encode())
    return "s3://scheduled/lake"


def test_the_scheduler_asks_for_a_day_and_for_what_is_due(emulator, place, hydrant, endpoint):  # noqa: F811
    emulator.start(
        "jobs", LAKE=place, JOBS="s3://scheduled/jobs", PREFIX=PREFIX, AWS_ENDPOINT_URL=endpoint,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512",
    )
    nothing = {"done": 0, "rejected": 0, "failed": 0, "byOthers": 0, "held": 0, "left": 0}
    for day in ("2026-11-02", "2026-11-03"):
        assert emulator.invoke("jobs", {"job": "daily", "at": day}) == nothing | {"done": 1}
    # As a person would, and as the template's schedule does.
    port = str(emulator.port)
    command = [cargo_lambda(), "lambda", "invoke", "jobs", "-A", "127.0.0.1", "-P", port, "--data-ascii", '{"job": "daily", "at": "2026-11-04"}']
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0 and json.loads(done.stdout)["done"] == 1, done.stderr.decode()
    results = hydrant.sql(place, "select interval_start as day, eventType, n from daily order by 1, 2")
    plain = hydrant.sql(
        place, "select date_trunc('day', time) as day, eventType, count(*) as n from events group by 1, 2 order by 1, 2"
    )
    assert results == plain
    # Since the first day that was run, days without events were not as expected, and are said to be so.
    with pytest.raises(ClientError):
        emulator.invoke("jobs", "due")
    told = [line for line in emulator.said("jobs") if line.get("job") == "daily"]
    assert [line["outcome"] for line in told[:3]] == ["done"] * 3
    assert {line["reason"] for line in told[3:]} == {"`some` does not hold: sum(n) > 0"}
    assert hydrant.sql(place, "select interval_start as day, eventType, n from daily order by 1, 2") == plain


def test_what_it_does_not_know_is_an_error_that_names_what_there_is(emulator, place, endpoint):  # noqa: F811
    emulator.start("jobs", LAKE=place, JOBS="s3://scheduled/jobs", AWS_ENDPOINT_URL=endpoint)
    for event, reason in (
        ({"job": "weekly"}, "there is no job `weekly`; there are daily"),
        ({"Records": []}, "set the Input of the schedule"),
    ):
        with pytest.raises(ClientError):
            emulator.invoke("jobs", event)
        assert reason in json.dumps(emulator.said("jobs"))
