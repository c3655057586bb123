"""Asks Polars one question: polars_peer.py QUERY LAKE MODE NEEDLE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json

import polars as pl
import schema
from queries import FOLDERS, FUNNEL, PARQUET_FOLDERS

TEXT = pl.String
NAMES = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean}
SCHEMAS = {
    "Q1": {"version": TEXT},
    "Q2": {"detail": pl.Struct({"eventType": TEXT})},
    "Q3": {"detail": pl.Struct({"data": pl.Struct({"searchTerm": TEXT})})},
    "Q4": {"time": TEXT, "detail": pl.Struct({"clientId": TEXT})},
    "Q5": {"time": TEXT, "detail": pl.Struct({"data": pl.Struct({"total": pl.Float64})})},
    # It shows the whole detail, so its schema is the whole detail.
    "Q6": {"time": TEXT, "detail": schema.of(schema.DETAIL, NAMES, pl.List, pl.Struct)},
    "Q7": {"time": TEXT, "detail": pl.Struct({"eventType": TEXT, "clientId": TEXT})},
}


def table(query: str, lake: str, mode: str) -> pl.LazyFrame:
    if mode == "parquet":
        paths = [f"{lake}/events/{folder}/*.parquet" for folder in PARQUET_FOLDERS[query]]
        return pl.scan_parquet(paths, hive_partitioning=False)
    paths = [f"{lake}/events/{folder}/*.gz" for folder in FOLDERS[query]]
    if mode == "text":
        return pl.scan_lines(paths, name="line")
    if mode == "hand":
        return pl.scan_ndjson(paths, schema=SCHEMAS[query])
    return pl.scan_ndjson(paths)


def ask(query: str, lake: str, mode: str, needle: str) -> pl.LazyFrame:
    events = table(query, lake, mode)
    field = pl.col("detail").struct.field
    is_text = mode != "parquet"
    time = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%#z") if is_text else pl.col("time")
    day = pl.col("time").str.slice(0, 10) if is_text else pl.col("time").dt.strftime("%Y-%m-%d")
    if mode == "text" and query == "Q6":
        line = pl.col("line")
        found = events.filter(line.str.contains(needle, literal=True))
        found = found.filter(line.str.json_path_match("$.detail.clientId") == needle)
        return found.select(line.str.json_path_match("$.time"), line.str.json_path_match("$.detail").alias("detail"))
    if query == "Q1":
        return events.select(pl.len())
    if query == "Q2":
        return events.group_by(field("eventType")).len()
    if query == "Q3":
        terms = events.group_by(field("data").struct.field("searchTerm")).len()
        return terms.sort(["len", "searchTerm"], descending=[True, False]).limit(10)
    if query == "Q4":
        days = events.select(day.alias("day"), field("clientId").alias("client"))
        counted = days.group_by("day").agg(pl.col("client").n_unique())
        parts = [pl.col("day").str.slice(start, length).cast(pl.Int64) for start, length in ((0, 4), (5, 2), (8, 2))]
        return counted.select(parts[0].alias("y"), parts[1].alias("m"), parts[2].alias("d"), "client")
    if query == "Q5":
        hours = events.select(time.dt.truncate("1h").alias("hour"), field("data").struct.field("total"))
        return hours.group_by("hour").agg(pl.col("total").sum())
    if query == "Q6":
        return events.filter(field("clientId") == needle).select("time", "detail")
    step = pl.lit(None, pl.Int8)
    for number, kind in enumerate(FUNNEL, 1):
        step = pl.when(field("eventType") == kind).then(pl.lit(number, pl.Int8)).otherwise(step)
    at = time.dt.epoch("s")
    steps = events.select(field("clientId").alias("client"), at.alias("at"), step.alias("step"))
    steps = steps.sort("client", "at", "step")
    viewed = pl.when(pl.col("step") == 1).then("at").forward_fill().over("client").alias("viewed")
    steps = steps.with_columns(viewed)
    led = pl.when(pl.col("step") == 2).then("viewed").forward_fill().over("client").alias("led")
    done = steps.with_columns(led).filter((pl.col("step") == 3) & (pl.col("at") - pl.col("led") <= 3600))
    return done.select(pl.col("client").n_unique())


for row in ask(*sys.argv[1:5]).collect(engine="streaming").rows():
    print(json.dumps(row, default=str))
