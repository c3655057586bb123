"""The table of costs in deploy/README.md adds up, from the prices that `hydrant check` has."""

import re

from conftest import ROOT

HOURS, GB = 730, 2**30
RATES = [10, 300, 3_000]
EVENT_BYTES, PARTITIONS, SHRUNK = 709, 12, 7


def price(name: str) -> float:
    prices = (ROOT / "check" / "src" / "prices.rs").read_text()
    number = re.search(rf"\n    {name}: ([0-9._]+),", prices)
    first_tier = re.search(rf"\n    {name}: &\[\s*\([0-9._]+, ([0-9._]+)\)", prices)
    return float((number or first_tier)[1].replace("_", ""))


def expected(rate: int) -> list[float]:
    events = rate * HOURS * 3600
    objects = PARTITIONS * HOURS * 3600 / 300 / 1000
    # One batch a minute at least: the function's buffer interval.
    invocations = max(events * EVENT_BYTES / 2**20, HOURS * 60)
    lines = [
        events * 5 * 1024 / GB * price("ingestion"),
        events * EVENT_BYTES / GB * price("partitioning_gb"),
        objects * price("partitioning_thousand_objects"),
        objects * price("put_thousand"),
        events * EVENT_BYTES / SHRUNK / GB * price("storage"),
        invocations * (price("invocations_million") / 1e6 + 0.010 * 0.25 * price("gb_second_arm")),
        invocations * 2000 / GB * 0.50,
        16 * 0.30 + 9 * 0.10,
    ]
    lines = [round(line, 2) for line in lines]
    return [*lines, sum(lines)]


def test_the_table_of_costs_adds_up():
    readme = (ROOT / "deploy" / "README.md").read_text()
    section = readme.split("## What it costs")[1].split("\n## ")[0]
    table = [line.split("|")[3:6] for line in section.splitlines() if line.startswith("|")]
    rows = [row for row in table if all("$" in cell for cell in row)]
    told = [[float(re.sub(r"[$,*\s]", "", cell)) for cell in row] for row in rows]
    wanted = [[round(cost, 2) for cost in line] for line in zip(*map(expected, RATES))]
    assert told == wanted


def test_seven_events_in_a_record_cost_what_is_said():
    readme = (ROOT / "deploy" / "README.md").read_text()
    events = RATES[-1] * HOURS * 3600
    alone, together = (events / each * 5 * 1024 / GB * price("ingestion") for each in (1, 7))
    assert f"${together:,.2f} instead of ${alone:,.2f}" in readme
