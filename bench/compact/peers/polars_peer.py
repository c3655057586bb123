"""Writes a lake's records as ZSTD Parquet by event type and day, with Polars: polars_peer.py LAKE TARGET."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "query"), str(Path(__file__).resolve().parents[2] / "query/peers")]

import polars as pl
import schema
from queries import EVERYTHING

lake, target = sys.argv[1:3]
names = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean, "time": pl.String}
columns = {name: schema.of(shape, names, pl.List, pl.Struct) for name, shape in schema.RECORD.items()}
lake = pl.scan_ndjson(f"{lake}/events/{EVERYTHING}/*.gz", schema=columns)
lake = lake.with_columns(
    pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC"),
    pl.col("detail").struct.field("eventType").alias("event_type"),
    pl.col("time").str.slice(0, 10).alias("date"),
)
lake.sink_parquet(pl.PartitionBy(f"{target}/", key=["event_type", "date"]), compression="zstd", mkdir=True, maintain_order=False)
