"""Questions about a lake behind an S3 server that is not ours: moto's."""

import gzip
import json
import subprocess

import pytest

REGION = {"LocationConstraint": "eu-west-1"}


@pytest.fixture(scope="module")
def bucket(s3):
    """A lake of more keys than one page of a listing has, below a prefix, with others beside it."""
    s3.create_bucket(Bucket="questions", CreateBucketConfiguration=REGION)
    for n in range(1_100):
        day, hour = n // 24 % 28 + 1, n % 24
        record = {"time": f"2026-11-{day:02}T{hour:02}:30:00Z", "detail": {"eventType": "searching", "n": n}}
        key = f"my/lake/events/year=2026/month=11/day={day:02}/hour={hour:02}/{n:05}.gz"
        s3.put_object(Bucket="questions", Key=key, Body=gzip.compress(json.dumps(record).encode() + b"\n"))
    s3.put_object(Bucket="questions", Key="my/lake-of-others/events/x", Body=b'{"detail":{"n":1000000}}\n')
    return "questions"


def run(hydrant, lake, query, *arguments):
    return subprocess.run(
        [hydrant.binary, "sql", "--lake", lake, "-c", query, "--format", "ndjson", *arguments],
        capture_output=True, env=hydrant.environment, timeout=120,
    )  # fmt: skip


def one(hydrant, lake, query):
    done = run(hydrant, lake, query)
    assert done.returncode == 0, done.stderr.decode()
    [row] = done.stdout.decode().splitlines()
    return list(json.loads(row).values())


def test_every_page_of_a_listing_is_read(hydrant, bucket):
    assert one(hydrant, f"s3://{bucket}/my/lake", "select count(*), sum(detail.n) from events") == [1_100, 604_450]


def test_one_hour_is_found_by_its_folders_and_by_its_time(hydrant, bucket):
    lake = f"s3://{bucket}/my/lake/"
    by_folder = "select count(*), min(detail.n) from events where day = 5 and hour = 7"
    by_time = "select count(*), min(detail.n) from events where time >= '2026-11-05T07:00:00Z' and time < '2026-11-05T08:00:00Z'"
    assert one(hydrant, lake, by_folder) == one(hydrant, lake, by_time) == [2, 103]


def test_keys_with_spaces_signs_and_letters_are_read(hydrant, s3):
    s3.create_bucket(Bucket="odd-keys", CreateBucketConfiguration=REGION)
    names = ["a b", "a+b", "a%20b", "a&b=c", "a'b\"c", "é東🎁", "a#b?c", "(a)[b]{c}", "a:b;c,d@e$f!g*h~i|j^k`l<m>n"]
    for n, name in enumerate(names):
        s3.put_object(Bucket="odd-keys", Key=f"events/kind={name}/{name}", Body=json.dumps({"n": n}).encode())
    done = run(hydrant, "s3://odd-keys", "select kind, _object, n from events order by n")
    assert done.returncode == 0, done.stderr.decode()
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert rows == [{"kind": name, "_object": f"events/kind={name}/{name}", "n": n} for n, name in enumerate(names)]


def test_a_broken_object_is_left_out_and_named(hydrant, s3):
    s3.create_bucket(Bucket="broken", CreateBucketConfiguration=REGION)
    whole = gzip.compress(b'{"n":1}\n' * 100)
    s3.put_object(Bucket="broken", Key="events/whole.gz", Body=whole)
    s3.put_object(Bucket="broken", Key="events/cut.gz", Body=whole[:-9])
    s3.put_object(Bucket="broken", Key="events/empty.gz", Body=b"")
    done = run(hydrant, "s3://broken", "select sum(n) as n from events")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"n": 100})
    assert b"events/cut.gz" in done.stderr
    done = run(hydrant, "s3://broken", "select sum(n) as n from events", "--on-error", "fail")
    assert done.returncode == 1 and b"events/cut.gz" in done.stderr


def test_a_bucket_that_is_not_there_is_said(hydrant):
    done = run(hydrant, "s3://not-there-at-all", "select 1 from events")
    assert done.returncode != 0
    assert b"not-there-at-all" in done.stderr
