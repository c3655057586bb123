"""Writes a lake's records as ZSTD Parquet by event type and day, with DuckDB: write_parquet.py LAKE TARGET."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb
import schema
from queries import EVERYTHING

lake, target = sys.argv[1:3]
columns = ", ".join(f"\"{name}\": '{schema.duckdb(shape)}'" for name, shape in schema.RECORD.items())
Path(target).mkdir(parents=True, exist_ok=True)
connection = duckdb.connect()
connection.execute("set preserve_insertion_order = false")
connection.execute("set memory_limit = '4GB'")
connection.execute("set timezone = 'UTC'")
connection.execute(
    f"copy (select * exclude (schemaVersion, hour) replace (time::timestamptz as time) from "
    f"read_json('{lake}/events/{EVERYTHING}/*.gz', format = 'newline_delimited', compression = 'gzip', "
    f"columns = {{{columns}}}, hive_partitioning = true, hive_types = {{year: VARCHAR, month: VARCHAR, day: VARCHAR}})) "
    f"to '{target}/events' (format parquet, compression zstd, partition_by (eventType, year, month, day))"
)
