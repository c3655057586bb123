"""Asks chDB one question: chdb_peer.py QUERY LAKE MODE NEEDLE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import chdb
from queries import EVERYTHING, FOLDERS, FUNNEL, PARQUET_FOLDERS

STRUCTURES = {
    "Q1": "version String",
    "Q2": "detail Tuple(eventType String)",
    "Q3": "detail Tuple(data Tuple(searchTerm String))",
    "Q4": "detail Tuple(clientId String)",
    "Q5": "time String, detail Tuple(data Tuple(total Float64))",
    "Q6": "time String, detail String",
    "Q7": "time String, detail Tuple(eventType String, clientId String)",
}
SETTINGS = (
    "settings max_threads = 2, input_format_skip_unknown_fields = 1, input_format_json_read_objects_as_strings = 1, "
    "use_hive_partitioning = {hive}, input_format_parallel_parsing = 0, "
    "schema_inference_make_columns_nullable = 1, max_http_get_redirects = 0"
)


def alternatives(folders: list[str]) -> str:
    """Several folders as one glob: they differ in their first part."""
    heads, tails = zip(*(folder.removeprefix("eventType=").split("/", 1) for folder in folders))
    head = heads[0] if len(heads) == 1 else "{" + ",".join(heads) + "}"
    return f"eventType={head}/{tails[0]}"


def sql(query: str, lake: str, mode: str, needle: str) -> str:
    where, hive = "", 0
    time = "parseDateTimeBestEffort(time)"
    if mode == "parquet":
        table, hive, time = f"file('{lake}/events/{alternatives(PARQUET_FOLDERS[query])}/*.parquet', Parquet)", 1, "time"
    elif mode == "text":
        table = f"file('{lake}/events/{EVERYTHING}/*.gz', LineAsString, 'line String', 'gzip')"
    elif mode == "hand":
        hive = int(query == "Q4")
        table = (
            f"file('{lake}/events/{alternatives(FOLDERS[query])}/*.gz', JSONEachRow, '{STRUCTURES[query]}', 'gzip')"
        )
    else:
        hive = 1
        table = f"file('{lake}/events/{EVERYTHING}/*.gz', JSONEachRow, auto, 'gzip')"
        where = {
            "Q2": "where year = 2026 and month = 11 and day = 5",
            "Q3": "where eventType = 'searching'",
            "Q5": "where eventType = 'purchase'",
            "Q7": "where eventType in ('productview', 'addtocart', 'checkout')",
        }.get(query, "")
        time = "parseDateTimeBestEffort(toString(time))"
    settings = SETTINGS.format(hive=hive)
    steps = ", ".join(f"detail.eventType = '{kind}'" for kind in FUNNEL)
    if query == "Q6" and mode == "text":
        text = (
            "select JSONExtractString(line, 'time'), JSONExtractRaw(line, 'detail') "
            f"from {table} where line like '%{needle}%' and JSONExtractString(line, 'detail', 'clientId') = '{needle}'"
        )
    elif query == "Q6" and mode == "hand":
        text = f"select time, detail from {table} where JSONExtractString(detail, 'clientId') = '{needle}'"
    else:
        text = {
            "Q1": f"select count() from {table}",
            "Q2": f"select detail.eventType, count() from {table} {where} group by 1",
            "Q3": f"select detail.data.searchTerm as term, count() as n from {table} {where} "
            "group by 1 order by n desc, 1 limit 10",
            "Q4": f"select toUInt32(year), toUInt32(month), toUInt32(day), uniqExact(detail.clientId) from {table} "
            "group by 1, 2, 3",
            "Q5": f"select toStartOfHour({time}), sum(detail.data.total) from {table} {where} group by 1",
            "Q6": f"select time, detail from {table} where detail.clientId = '{needle}'",
            "Q7": f"select count() from (select windowFunnel(3600)(toDateTime({time}), {steps}) as reached from {table} "
            f"{where} group by detail.clientId) where reached = 3",
        }[query]
    return f"{text} {settings}"


answer = chdb.query(sql(*sys.argv[1:5]), "JSONCompactEachRow")
sys.stdout.write(str(answer))
