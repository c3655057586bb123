"""Prints the id of a client with some dozens of events, the same one for the same lake: needle.py LAKE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb
from queries import EVERYTHING

(lake,) = sys.argv[1:]
found = duckdb.sql(
    f"select detail.clientId from read_json('{lake}/events/{EVERYTHING}/*.gz', format = 'newline_delimited', "
    "compression = 'gzip', columns = {detail: 'STRUCT(clientId VARCHAR)'}) "
    "group by 1 having count(*) between 20 and 60 order by 1 limit 1"
).fetchone()
print(found[0])
