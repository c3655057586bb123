"""The seven questions, as data: what each of them reads, and how Hydrant is asked.

Q1 count of all - Q2 count by event type for one day - Q3 top ten search terms - Q4 distinct clients a day -
Q5 hourly revenue - Q6 every event of one client with its detail - Q7 clients with productview, addtocart and
checkout, in this order, within an hour.
"""

QUERIES = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7")

FUNNEL = ("productview", "addtocart", "checkout")

# The folders below `events/` that hold what a query is about: what a user would put into a glob by hand.
EVERYTHING = "eventType=*/schemaVersion=*/year=*/month=*/day=*/hour=*"
FOLDERS = {
    "Q1": [EVERYTHING],
    "Q2": ["eventType=*/schemaVersion=*/year=2026/month=11/day=05/hour=*"],
    "Q3": ["eventType=searching/schemaVersion=*/year=*/month=*/day=*/hour=*"],
    "Q4": [EVERYTHING],
    "Q5": ["eventType=purchase/schemaVersion=*/year=*/month=*/day=*/hour=*"],
    "Q6": [EVERYTHING],
    "Q7": [f"eventType={kind}/schemaVersion=*/year=*/month=*/day=*/hour=*" for kind in FUNNEL],
}

# The Parquet files lie by event type and day.
PARQUET_FOLDERS = {
    query: [folder.replace("/schemaVersion=*", "").replace("/hour=*", "") for folder in folders]
    for query, folders in FOLDERS.items()
}


def funnel(client: str, kind: str, seconds: str, table: str, where: str = "") -> str:
    """Q7 in plain SQL: for each event the last product view up to it, then the last one that led to a cart.

    `seconds` is the time of an event in seconds. Events of one instant count in the funnel's order.
    """
    step = "case " + " ".join(f"when {kind} = '{name}' then {n}" for n, name in enumerate(FUNNEL, 1)) + " end"
    order = "over (partition by client order by happened, step rows between unbounded preceding and current row)"
    return (
        f"with e as (select {client} as client, {seconds} as happened, {step} as step from {table} {where}), "
        f"v as (select client, happened, step, max(case when step = 1 then happened end) {order} as viewed from e), "
        f"c as (select client, happened, step, max(case when step = 2 then viewed end) {order} as led from v) "
        "select count(distinct client) from c where step = 3 and happened - led <= 3600"
    )


def hydrant(query: str, needle: str, has_window_funnel: bool) -> str:
    """What an analyst asks `hydrant sql`: no schema, no globs."""
    kinds = ", ".join(f"'{kind}'" for kind in FUNNEL)
    if query == "Q7" and has_window_funnel:
        steps = ", ".join(f"detail.eventType = '{kind}'" for kind in FUNNEL)
        return (
            f"select count(*) from (select detail.clientId as client, window_funnel(3600, time, {steps}) as reached "
            f"from events where eventType in ({kinds}) group by 1) where reached = 3"
        )
    return {
        "Q1": "select count(*) from events",
        "Q2": "select detail.eventType, count(*) from events where year = 2026 and month = 11 and day = 5 "
        "group by 1 order by 1",
        "Q3": "select detail.data.searchTerm, count(*) as n from events where eventType = 'searching' "
        "group by 1 order by n desc, 1 limit 10",
        "Q4": "select year, month, day, count(distinct detail.clientId) from events group by 1, 2, 3 order by 1, 2, 3",
        "Q5": "select date_trunc('hour', time) as hour, sum(detail.data.total) from events "
        "where eventType = 'purchase' group by 1 order by 1",
        "Q6": f"select time, detail from events where detail.clientId = '{needle}' order by time",
        "Q7": funnel(
            "detail.clientId", "detail.eventType", "to_unixtime(time)", "events", f"where eventType in ({kinds})"
        ),
    }[query]
