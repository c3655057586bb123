"""DuckDB's SQL for each question, for its command line and its Python package alike."""

import os

from queries import EVERYTHING, FOLDERS, PARQUET_FOLDERS, funnel

# Only the fields that a query reads, with their types: the narrowest schema that a user could write.
COLUMNS = {
    "Q1": {"version": "VARCHAR"},
    "Q2": {"detail": "STRUCT(eventType VARCHAR)"},
    "Q3": {"detail": "STRUCT(data STRUCT(searchTerm VARCHAR))"},
    "Q4": {"detail": "STRUCT(clientId VARCHAR)"},
    "Q5": {"time": "TIMESTAMP", "detail": "STRUCT(data STRUCT(total DOUBLE))"},
    "Q6": {"time": "TIMESTAMP", "detail": "JSON"},
    "Q7": {"time": "TIMESTAMP", "detail": "STRUCT(eventType VARCHAR, clientId VARCHAR)"},
}


def globs(lake: str, folders: list[str], extension: str) -> str:
    return "[" + ", ".join(f"'{lake}/events/{folder}/*{extension}'" for folder in folders) + "]"


def sql(query: str, lake: str, mode: str, needle: str) -> str | None:
    if mode == "parquet":
        # Where files differ in their columns, and all of them are shown, somebody has to say so.
        union = ", union_by_name = true" if query == "Q6" and os.environ.get("FILES_DIFFER") else ""
        table = f"read_parquet({globs(lake, PARQUET_FOLDERS[query], '.parquet')}, hive_partitioning = true{union})"
    elif mode == "text":
        # A line as one column of a CSV file without separators or quotes: nothing of it is parsed.
        table = (
            f"read_csv({globs(lake, FOLDERS[query], '.gz')}, columns = {{line: 'VARCHAR'}}, delim = '\\x01', "
            "quote = '', escape = '', header = false, auto_detect = false, compression = 'gzip', "
            "max_line_size = 16000000)"
        )
        return {
            "Q1": f"select count(*) from {table}",
            "Q6": "select time, detail from (select line->>'$.time' as time, line->'$.detail' as detail "
            f"from {table} where contains(line, '{needle}')) where detail->>'$.clientId' = '{needle}'",
        }.get(query)
    elif mode == "hand":
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS[query].items())
        table = (
            f"read_json({globs(lake, FOLDERS[query], '.gz')}, format = 'newline_delimited', compression = 'gzip', "
            f"columns = {{{columns}}}, hive_partitioning = {'true' if query == 'Q4' else 'false'})"
        )
    else:
        table = f"read_json({globs(lake, [EVERYTHING], '.gz')}, hive_partitioning = true)"
    if mode == "auto":
        # Partition columns instead of globs by hand.
        where = {
            "Q2": "where year = 2026 and month = 11 and day = 5",
            "Q3": "where eventType = 'searching'",
            "Q5": "where eventType = 'purchase'",
            "Q7": "where eventType in ('productview', 'addtocart', 'checkout')",
        }.get(query, "")
    else:
        where = ""
    client = "detail->>'$.clientId'" if query == "Q6" and mode == "hand" else "detail.clientId"
    return {
        "Q1": f"select count(*) from {table}",
        "Q2": f"select detail.eventType, count(*) from {table} {where} group by 1",
        "Q3": f"select detail.data.searchTerm as term, count(*) as n from {table} {where} "
        "group by 1 order by n desc, 1 limit 10",
        "Q4": f"select year, month, day, count(distinct detail.clientId) from {table} group by 1, 2, 3",
        "Q5": f"select date_trunc('hour', time)::varchar, sum(detail.data.total) from {table} {where} group by 1",
        "Q6": f"select time::varchar, detail from {table} where {client} = '{needle}'",
        "Q7": funnel("detail.clientId", "detail.eventType", "epoch(time)", table, where),
    }[query]
