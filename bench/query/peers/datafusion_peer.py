"""Asks DataFusion's Python package one question: datafusion_peer.py QUERY LAKE MODE NEEDLE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json

import pyarrow as pa
import schema
from datafusion import SessionConfig, SessionContext
from queries import funnel

TEXT = pa.string()
NAMES = {"text": TEXT, "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


def detail(**fields) -> tuple[str, pa.DataType]:
    return ("detail", pa.struct(list(fields.items())))


TIME = ("time", pa.timestamp("us", "UTC"))
SCHEMAS = {
    "Q1": [("version", TEXT)],
    "Q2": [detail(eventType=TEXT)],
    "Q3": [detail(data=pa.struct([("searchTerm", TEXT)]))],
    "Q4": [detail(clientId=TEXT)],
    "Q5": [TIME, detail(data=pa.struct([("total", pa.float64())]))],
    "Q6": [TIME, ("detail", schema.of(schema.DETAIL, NAMES, pa.list_, lambda parts: pa.struct(list(parts.items()))))],
    "Q7": [TIME, detail(eventType=TEXT, clientId=TEXT)],
}
WHERE = {
    "Q2": "where \"year\" = '2026' and \"month\" = '11' and \"day\" = '05'",
    "Q3": "where \"eventType\" = 'searching'",
    "Q5": "where \"eventType\" = 'purchase'",
    "Q7": "where \"eventType\" in ('productview', 'addtocart', 'checkout')",
}


def main(query: str, lake: str, mode: str, needle: str) -> None:
    context = SessionContext(SessionConfig().with_target_partitions(2))
    partitions = ["eventType", "schemaVersion", "year", "month", "day", "hour"]
    if mode == "parquet":
        partitions = ["eventType", "year", "month", "day"]
        columns = [(name, TEXT) for name in partitions]
        context.register_parquet("events", f"{lake}/events/", table_partition_cols=columns)
    else:
        context.register_json(
            "events",
            f"{lake}/events/",
            schema=pa.schema(SCHEMAS[query]) if mode == "hand" else None,
            file_extension=".gz",
            file_compression_type="gzip",
            table_partition_cols=[(name, TEXT) for name in partitions],
        )
    where = WHERE.get(query, "")
    field = "detail['{}']".format
    text = {
        "Q1": "select count(*) from events",
        "Q2": f"select {field('eventType')}, count(*) from events {where} group by 1",
        "Q3": f"select detail['data']['searchTerm'] as term, count(*) as n from events {where} "
        "group by 1 order by n desc, 1 limit 10",
        "Q4": 'select cast("year" as int), cast("month" as int), cast("day" as int), '
        f"count(distinct {field('clientId')}) from events group by 1, 2, 3",
        "Q5": f"select date_trunc('hour', time), sum(detail['data']['total']) from events {where} group by 1",
        "Q6": f"select time, detail from events where {field('clientId')} = '{needle}'",
        "Q7": funnel(field("clientId"), field("eventType"), "to_unixtime(time)", "events", where),
    }[query]
    for batch in context.sql(text).collect():
        for row in batch.to_pylist():
            print(json.dumps(list(row.values()), default=str))


main(*sys.argv[1:5])
