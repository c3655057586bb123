"""Writes a lake's records as ZSTD Parquet by event type and day, with chDB: chdb_peer.py LAKE TARGET."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "query"), str(Path(__file__).resolve().parents[2] / "query/peers")]

import chdb
import schema
from queries import EVERYTHING

lake, target = sys.argv[1:3]
NAMES = {
    "text": "Nullable(String)", "integer": "Nullable(Int64)", "number": "Nullable(Float64)", "boolean": "Nullable(Bool)",
    "time": "String",
}  # fmt: skip


def structure(parts: dict) -> str:
    return "Tuple(" + ", ".join(f"`{name}` {kind}" for name, kind in parts.items()) + ")"


columns = ", ".join(
    f"`{name}` {schema.of(shape, NAMES, lambda kind: f'Array({kind})', structure)}" for name, shape in schema.RECORD.items()
).replace("'", "\\'")
answer = chdb.query(
    f"insert into function file('{target}/{{_partition_id}}.parquet', Parquet) "
    f"partition by concat(event_type, '-', event_date) "
    f"select * replace (parseDateTime64BestEffort(time, 6) as time) from ("
    f"select *, assumeNotNull(tupleElement(detail, 'eventType')) as event_type, substring(time, 1, 10) as event_date "
    f"from file('{lake}/events/{EVERYTHING}/*.gz', JSONEachRow, '{columns}')) "
    f"settings max_threads = 2, output_format_parquet_compression_method = 'zstd', max_partitions_per_insert_block = 1000, "
    f"input_format_skip_unknown_fields = 1, input_format_defaults_for_omitted_fields = 1, use_hive_partitioning = 0, "
    f"input_format_null_as_default = 1, engine_file_truncate_on_insert = 1"
)
if answer.has_error():
    raise SystemExit(answer.error_message())
