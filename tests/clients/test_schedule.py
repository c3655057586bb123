"""When schedules fire, beside aws-croniter, which knows the cron expressions of EventBridge and shares no code with us.

It says nothing of time zones, and refuses some expressions (steps in day of week): those are left out.
"""

import datetime
import json
import random

import pytest

FIELDS = {
    "minutes": (0, 59, []),
    "hours": (0, 23, []),
    "days": (1, 31, []),
    "months": (1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    "weekdays": (1, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
}
JOBS = 300


def field(chance: random.Random, name: str) -> str:
    """A field with a star, a number, a range, steps or a list."""
    least, most, names = FIELDS[name]

    def number(value: int) -> str:
        return names[value - least] if names and chance.random() < 0.4 else str(value)

    low, high = sorted(chance.sample(range(least, most + 1), 2))
    form = chance.choice(["star", "star", "one", "range", "steps", "list"])
    if form == "star":
        return "*"
    if form == "one":
        return number(low)
    if form == "range":
        return f"{number(low)}-{number(high)}"
    if form == "steps":
        return f"{chance.choice(['*', str(low)])}/{chance.randint(1, (most - least) // 2)}"
    return ",".join(number(value) for value in sorted({low, high, chance.randint(least, most)}))


def expression(chance: random.Random) -> str:
    days = chance.choice([field(chance, "days"), field(chance, "days"), "L", f"{chance.randint(1, 28)}W", "?"])
    weekdays = "?"
    if days == "?":
        weekdays = chance.choice(
            [field(chance, "weekdays"), field(chance, "weekdays"), f"{chance.randint(1, 7)}#{chance.randint(1, 4)}"]
        )
    parts = [field(chance, "minutes"), field(chance, "hours"), days, field(chance, "months"), weekdays, "*"]
    return " ".join(parts)


@pytest.mark.parametrize("seed", [1, 2])
def test_schedules_fire_when_another_program_says(hydrant, tmp_path, seed):
    croniter = pytest.importorskip("aws_croniter")
    chance = random.Random(seed)
    (tmp_path / "lake").mkdir()
    (tmp_path / "jobs").mkdir()
    crons = {f"job-{number:03}": expression(chance) for number in range(JOBS)}
    for name, cron in crons.items():
        head = f'-- schedule = "cron({cron})"\n-- interval = "1 day"\n-- output.table = "{name.replace("-", "_")}"'
        query = "select count(*) as n from events where time >= $start and time < $end"
        (tmp_path / f"jobs/{name}.sql").write_text(f"---\n{head}\n---\n{query}\n")
    before = datetime.datetime.now(datetime.timezone.utc)
    listed = hydrant("jobs", "list", "--lake", tmp_path / "lake", "--jobs", tmp_path / "jobs", "--format", "json")
    after = datetime.datetime.now(datetime.timezone.utc)
    found = {job["job"]: job["next"] for job in json.loads(listed)}
    assert found.keys() == crons.keys()
    differ, compared = [], 0
    for name, cron in crons.items():
        ours = datetime.datetime.fromisoformat(found[name])
        try:
            theirs = {croniter.AwsCroniter(cron).get_next(at)[0] for at in (before, after)}
        except ValueError:
            continue
        compared += 1
        if ours not in theirs:
            differ.append(f"{cron}: {ours}, and {theirs}")
    assert differ == []
    assert compared > JOBS * 0.8
