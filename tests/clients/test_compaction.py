"""The compacted table, read by those who read Delta: deltalake, Polars, DuckDB."""

import json
import subprocess

import pytest
from conftest import EXAMPLES

QUERY = """
    select id, time, detail.eventType as kind, detail.clientId as client, detail.data.price as price, hour, _object as object
    from events order by id
"""


@pytest.fixture(scope="module")
def lake(hydrant, tmp_path_factory):
    """A lake that was compacted in two runs, the second with fields that the first did not have."""
    place = tmp_path_factory.mktemp("compacted")
    for seed, count in ((1, 3_000), (2, 300)):
        events = hydrant("generate", "--events", count, "--span", "2d", "--seed", seed)
        if seed == 2:
            events = events.replace(b'"page":', b'"leaf":{"of":1.5},"page":')
        hydrant("-q", "deliver", "--stream", EXAMPLES / "stream.json", "--to", place, "--seed", seed, stdin=events)
        hydrant("-q", "compact", "--lake", place, "--older-than", "0s")
    return place


@pytest.fixture(scope="module")
def rows(hydrant, lake):
    return hydrant.sql(lake, QUERY)


def plain(rows):
    """Rows as every reader would say them."""
    out = []
    for row in rows:
        row = {name: value for name, value in row.items() if value is not None}
        if not isinstance(row["time"], str):
            row["time"] = row["time"].strftime("%Y-%m-%dT%H:%M:%S.%f")
        row["time"] = row["time"].rstrip("Z").split("+")[0].replace(" ", "T").split(".")[0]
        out.append(row)
    return sorted(out, key=lambda row: row["id"])


def test_deltalake_reads_the_same_rows(lake, rows):
    deltalake = pytest.importorskip("deltalake")
    table = deltalake.DeltaTable(str(lake / "_tables/events"))
    reader = deltalake.QueryBuilder().register("events", table)
    query = """
        select id, "time", detail['eventType'] as kind, detail['clientId'] as client, detail['data']['price'] as price, "hour",
        _object as object from events
    """
    import pyarrow

    found = pyarrow.table(reader.execute(query).read_all()).to_pylist()
    assert plain(found) == plain(rows)


def test_polars_reads_the_same_rows(lake, rows):
    polars = pytest.importorskip("polars")
    pytest.importorskip("deltalake")
    detail = polars.col("detail").struct
    frame = polars.scan_delta(str(lake / "_tables/events")).select(
        "id",
        "time",
        detail.field("eventType").alias("kind"),
        detail.field("clientId").alias("client"),
        detail.field("data").struct.field("price").alias("price"),
        "hour",
        polars.col("_object").alias("object"),
    )
    assert plain(frame.collect().to_dicts()) == plain(rows)


def test_duckdb_reads_the_same_rows_from_the_files_that_the_log_names(lake, rows):
    """DuckDB's Delta extension is fetched from the network, which these tests do not use; its Parquet reader is the same."""
    import duckdb

    log = lake / "_tables/events/_delta_log"
    files = set()
    for version in sorted(log.glob("*.json")):
        for line in version.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files.add(str(lake / "_tables/events" / action["add"]["path"]))
            if "remove" in action:
                files.discard(str(lake / "_tables/events" / action["remove"]["path"]))
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    found = connection.execute(
        "select id, time::timestamp as time, detail.eventType as kind, detail.clientId as client, detail.data.price as price, "
        f"hour, _object as object from read_parquet({sorted(files)}, union_by_name = true, hive_partitioning = false)"
    )
    names = [column[0] for column in found.description]
    assert plain(dict(zip(names, row)) for row in found.fetchall()) == plain(rows)


@pytest.fixture(scope="module")
def files(hydrant, lake, tmp_path_factory):
    """The same lake in Parquet files alone, in two runs of which the second has nothing to do."""
    place = tmp_path_factory.mktemp("files") / "events"
    for _ in range(2):
        hydrant("-q", "compact", "--lake", lake, "--to", f"parquet:{place}", "--older-than", "0s")
    return place


def test_duckdb_reads_the_same_rows_from_plain_files(files, rows):
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    found = connection.execute(
        "select id, time::timestamp as time, detail.eventType as kind, detail.clientId as client, detail.data.price as price, "
        f"hour, _object as object from read_parquet('{files}/**/*.parquet', union_by_name = true)"
    )
    names = [column[0] for column in found.description]
    assert plain(dict(zip(names, row)) for row in found.fetchall()) == plain(rows)


def test_polars_reads_as_many_rows_from_plain_files(files, rows):
    polars = pytest.importorskip("polars")
    found = sum(polars.scan_parquet(file).select("id").collect().height for file in files.glob("**/*.parquet"))
    assert found == len(rows)


def test_a_bucket_is_compacted_late_objects_too_and_its_raw_objects_are_removed(hydrant, s3):
    """moto keeps what a conditional write promises: the second of two is refused."""
    s3.create_bucket(Bucket="compacted", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    lake, files = "s3://compacted/my/lake", "parquet:s3://compacted/files"
    asked = []
    for seed, count in ((3, 400), (4, 20)):
        events = hydrant("generate", "--events", count, "--span", "5h", "--seed", seed)
        hydrant("-q", "deliver", "--stream", EXAMPLES / "stream.json", "--to", lake, stdin=events)
        raw = hydrant.sql(lake, QUERY)
        arguments = ["-q", "compact", "--lake", lake, "--older-than", "0s"]
        hydrant(*arguments, "--to", files)
        several = [subprocess.Popen([hydrant.binary, *arguments], env=hydrant.environment) for _ in range(2)]
        assert [run.wait(120) for run in several] == [0, 0]
        asked.append(raw)
        assert hydrant.sql(lake, QUERY) == raw
    hydrant(*arguments, "--vacuum", "--grace", "0s")
    left = s3.list_objects_v2(Bucket="compacted", Prefix="my/lake/events/")
    assert left["KeyCount"] == 0
    assert hydrant.sql(lake, QUERY) == asked[-1]
    same = QUERY.replace(", _object as object", "")
    assert hydrant.sql("s3://compacted/files", same) == hydrant.sql(lake, same)
