"""The compacted table, read by those who read Delta: deltalake, Polars, DuckDB."""

import json

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
