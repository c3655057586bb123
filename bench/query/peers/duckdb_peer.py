"""Asks DuckDB's Python package one question: duckdb_peer.py QUERY LAKE MODE NEEDLE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import json

import duckdb
from duckdb_sql import sql

connection = duckdb.connect()
connection.execute("set preserve_insertion_order = false")
for row in connection.execute(sql(*sys.argv[1:5])).fetchall():
    print(json.dumps(row, default=str))
