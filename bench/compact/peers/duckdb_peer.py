"""Writes a lake's records as ZSTD Parquet by event type and day, with DuckDB: duckdb_peer.py LAKE TARGET."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "query"), str(Path(__file__).resolve().parents[2] / "query/peers")]

import duckdb
import schema
from queries import EVERYTHING

lake, target = sys.argv[1:3]
columns = ", ".join(f"\"{name}\": '{schema.duckdb(shape)}'" for name, shape in schema.RECORD.items())
connection = duckdb.connect()
connection.execute("set preserve_insertion_order = false")
connection.execute("set timezone = 'UTC'")
connection.execute(
    f"copy (select * exclude (schemaVersion, hour) replace (time::timestamptz as time) from "
    f"read_json('{lake}/events/{EVERYTHING}/*.gz', format = 'newline_delimited', compression = 'gzip', "
    f"columns = {{{columns}}}, hive_partitioning = true, hive_types = {{year: VARCHAR, month: VARCHAR, day: VARCHAR}})) "
    f"to '{target}/events' (format parquet, compression zstd, partition_by (eventType, year, month, day))"
)
