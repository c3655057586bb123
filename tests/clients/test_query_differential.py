"""Hydrant, which is told no schema, and DuckDB, which is told one, give the same answers to generated questions.

The questions come from a seed: filters, groups, orders, nested fields, casts, nulls, LIKE, IN, BETWEEN, distinct
counts, time functions, windows, joins and subqueries. What the two dialects mean differently is left out, such as
the cast of a fraction to an integer (DuckDB rounds, DataFusion cuts).
"""

import gzip
import json
import math
import random
import re
import subprocess
import sys

import duckdb
import pytest

from conftest import EXAMPLES, ROOT

sys.path.insert(0, str(ROOT / "bench" / "query" / "peers"))
import schema  # noqa: E402

QUESTIONS = 60


class Fields:
    """The fields of a table by type, and texts that occur in them."""

    def __init__(self, key, texts, integers, numbers, booleans, times, lists, values):
        self.key, self.texts, self.integers, self.numbers = key, texts, integers, numbers
        self.booleans, self.times, self.lists, self.values = booleans, times, lists, values


EVENTS = Fields(
    key="id",
    texts=[
        "detail.eventType", "detail.schemaVersion", "detail.clientId", "source", "region", '"detail-type"',
        "detail.data.searchTerm", "detail.data.device.kind", "detail.data.device.os", "detail.data.device.model",
        "detail.data.app.locale", "detail.data.item.brand", "detail.data.category", "detail.data.coupon",
        "detail.data.payment.method", "detail.data.discount.label",
    ],
    integers=[
        "detail.data.session.sequence", "detail.data.results", "detail.data.itemSku", "detail.data.page",
        "detail.data.device.screen.width", "detail.data.dwellMs", "detail.data.quantity", "detail.data.discount.percent",
        "detail.data.payment.instalments", "detail.data.app.build",
    ],
    numbers=["detail.data.price", "detail.data.total", "detail.data.scrollDepth", "detail.data.item.price"],
    booleans=["detail.data.suggested", "detail.data.consent.marketing", "detail.data.item.inStock"],
    times=["time"],
    lists=["detail.data.filters", "detail.data.shown", "detail.data.related", "resources"],
    values=["searching", "shopping", "phone", "iOS", "a", "Kvist", "de-DE", "games", "%", "o", "é", "prod", "card"],
)  # fmt: skip

WILD = Fields(
    key="n",
    texts=["name", "word", "deep.a.text", "maybe.text"],
    integers=["n", "small", "deep.a.count", "maybe.count"],
    numbers=["ratio", "deep.b.ratio"],
    booleans=["flag", "deep.b.flag"],
    times=["time"],
    lists=["list", "words"],
    values=["alpha", "beta", "é", "", "a b", 'quote"d', "back\\slash", "line\nfeed", "'", "%", "_", "東京", "0"],
)
WILD_SCHEMA = {
    "n": "integer", "name": "text", "word": "text", "small": "integer", "ratio": "number", "flag": "boolean",
    "time": "time", "list": ["integer"], "words": ["text"],
    "deep": {"a": {"text": "text", "count": "integer"}, "b": {"ratio": "number", "flag": "boolean"}},
    "maybe": {"text": "text", "count": "integer"},
}  # fmt: skip


class Questions:
    """Makes SQL that both understand alike, from a seed."""

    def __init__(self, fields: Fields, seed: int):
        self.fields, self.dice = fields, random.Random(seed)

    def text(self) -> str:
        field = self.dice.choice(self.fields.texts)
        wrapped = [
            "{}", "{}", "{}", "lower({})", "upper({})", "substr({}, 2, 3)", "coalesce({}, 'none')", "trim({})",
            "replace({}, 'a', 'A')", "concat({}, '-', {})", "nullif({}, 'searching')", "reverse({})", "{} || '!'",
        ]  # fmt: skip
        return self.dice.choice(wrapped).format(field, field)

    def integer(self) -> str:
        field, dice = self.dice.choice(self.fields.integers), self.dice
        wrapped = [
            "{0}", "{0}", "{0}", "{0} + 1", "{0} * 2 - 3", "abs({0})", "coalesce({0}, -1)", "{0} % 7",
            "length({1})", "cast({2} as integer)", "extract({3} from {4})", "greatest({0}, 5)", "least({0}, 5)",
            "case when {0} > 3 then 1 when {0} is null then 2 else 0 end", "nullif({0}, 1)", "cast({0} as bigint)",
        ]  # fmt: skip
        part = dice.choice(["year", "month", "day", "hour", "minute", "dow", "doy"])
        return dice.choice(wrapped).format(
            field, dice.choice(self.fields.texts), dice.choice(self.fields.booleans), part, dice.choice(self.fields.times)
        )

    def number(self) -> str:
        field = self.dice.choice(self.fields.numbers)
        integer = self.dice.choice(self.fields.integers)
        wrapped = ["{0}", "{0}", "{0} * 1.5", "{0} + {1}", "floor({0})", "ceil({0})", "abs({0})", "cast({1} as double)"]
        return self.dice.choice(wrapped).format(field, integer)

    def time(self) -> str:
        field = self.dice.choice(self.fields.times)
        unit = self.dice.choice(["minute", "hour", "day", "week", "month", "year"])
        wrapped = ["{0}", "date_trunc('{1}', {0})", "date_trunc('{1}', {0})", "{0} + interval '90 minutes'", "cast({0} as date)"]
        return self.dice.choice(wrapped).format(field, unit)

    def scalar(self) -> str:
        return self.dice.choice([self.text, self.integer, self.number, self.time])()

    def literal(self) -> str:
        return "'" + self.dice.choice(self.fields.values).replace("'", "''") + "'"

    def like(self) -> str:
        # No backslash: by default it escapes in one dialect and not in the other.
        value = self.dice.choice([value for value in self.fields.values if "\\" not in value]).replace("'", "''")
        return "'" + self.dice.choice(["{}%", "%{}", "%{}%", "_{}%", "{}", "%{}_"]).format(value) + "'"

    def condition(self, depth: int = 2) -> str:
        dice = self.dice
        if depth and dice.random() < 0.4:
            joined = f" {dice.choice(['and', 'or'])} ".join(self.condition(depth - 1) for _ in range(2))
            return f"{dice.choice(['', 'not '])}({joined})"
        kind = dice.randrange(12)
        number = dice.choice([0, 1, 2, 3, 5, 10, 24, 84, 100, 1_000, 100_000, 390])
        instant = f"2026-11-{dice.randrange(2, 5):02}T{dice.randrange(24):02}:{dice.randrange(60):02}:00Z"
        later = f"2026-11-{dice.randrange(3, 8):02}T00:00:00Z"
        time = dice.choice(self.fields.times)
        if kind == 0:
            return f"{self.text()} {dice.choice(['=', '<>', '<', '>='])} {self.literal()}"
        if kind == 1:
            return f"{dice.choice(self.fields.texts)} {dice.choice(['like', 'not like', 'ilike'])} {self.like()}"
        if kind == 2:
            values = ", ".join(self.literal() for _ in range(3))
            return f"{dice.choice(self.fields.texts)} {dice.choice(['in', 'not in'])} ({values})"
        if kind == 3:
            return f"{self.integer()} {dice.choice(['=', '<>', '<', '<=', '>', '>='])} {number}"
        if kind == 4:
            return f"{self.integer()} {dice.choice(['between', 'not between'])} {number} and {number * 3}"
        if kind == 5:
            return f"{dice.choice(self.fields.integers)} in ({number}, {number + 1}, 7)"
        if kind == 6:
            return f"{self.number()} {dice.choice(['<', '>', '>='])} {number / 2}"
        if kind == 7:
            return f"{self.scalar()} is {dice.choice(['null', 'not null'])}"
        if kind == 8:
            boolean = dice.choice(self.fields.booleans)
            return dice.choice(["{}", "not {}", "{} is true", "{} is not true", "{} = false"]).format(boolean)
        if kind == 9:
            return f"{time} {dice.choice(['<', '>='])} timestamp '{instant[:-1].replace('T', ' ')}'"
        if kind == 10:
            return f"{time} between '{instant}' and '{later}'"
        # In parentheses: sqlparser takes what follows, `… and x`, as part of what is compared.
        return f"({dice.choice(self.fields.texts)} is {dice.choice(['', 'not '])}distinct from {self.literal()})"

    def aggregate(self) -> str:
        dice = self.dice
        only = f" filter (where {self.condition(1)})" if dice.random() < 0.2 else ""
        choices = [
            lambda: "count(*)",
            lambda: f"count({self.scalar()})",
            lambda: f"count(distinct {dice.choice([self.text, self.integer, self.time])()})",
            lambda: f"sum({self.integer()})",
            lambda: f"sum({self.number()})",
            lambda: f"avg({self.integer()})",
            lambda: f"avg({self.number()})",
            lambda: f"min({self.scalar()})",
            lambda: f"max({self.scalar()})",
            lambda: f"bool_or({dice.choice(self.fields.booleans)})",
            lambda: f"bool_and({dice.choice(self.fields.booleans)})",
        ]
        return dice.choice(choices)() + only

    def where(self, chance: float = 0.75) -> str:
        return f"where {self.condition()}" if self.dice.random() < chance else ""

    def question(self) -> str:
        kind = self.dice.randrange(10)
        key, dice = self.fields.key, self.dice
        if kind == 0:
            named = ", ".join(f"{self.aggregate()} as c{n}" for n in range(dice.randrange(1, 5)))
            return f"select {named} from events {self.where()}"
        if kind in (1, 2, 3):
            groups = [dice.choice([self.text, self.text, self.integer, self.time])() for _ in range(dice.randrange(1, 3))]
            named = [f"{group} as g{n}" for n, group in enumerate(groups)]
            named += [f"{self.aggregate()} as c{n}" for n in range(dice.randrange(1, 4))]
            having = f" having count(*) > {dice.randrange(4)}" if dice.random() < 0.3 else ""
            positions = ", ".join(str(n + 1) for n in range(len(groups)))
            return f"select {', '.join(named)} from events {self.where()} group by {positions}{having}"
        if kind in (4, 5):
            named = ", ".join(f"{self.scalar()} as c{n}" for n in range(dice.randrange(1, 5)))
            descending = dice.choice(["", " desc"])
            limit = f" limit {dice.randrange(1, 40)}{dice.choice(['', ' offset 3'])}"
            return f"select {named}, {key} as key from events {self.where()} order by {key}{descending}{limit}"
        if kind == 6:
            named = ", ".join(f"{self.scalar()} as c{n}" for n in range(2))
            return f"select distinct {named} from events {self.where()}"
        if kind == 7:
            part = dice.choice(self.fields.texts)
            window = f"over (partition by {part} order by {key})"
            call = dice.choice(
                [
                    "row_number()", f"sum({dice.choice(self.fields.integers)})", f"lag({dice.choice(self.fields.integers)})",
                    f"lead({dice.choice(self.fields.texts)})", f"max({dice.choice(self.fields.numbers)})", "count(*)",
                    f"first_value({dice.choice(self.fields.integers)})",
                ]
            )  # fmt: skip
            ranked = f"select {key} as key, {call} {window} as c from events {self.where()}"
            return f"select key, c from ({ranked}) order by key limit 200"
        if kind == 8:
            field = dice.choice(self.fields.texts)
            inner = f"select {field} from events where {self.condition(1)} and {field} is not null"
            return f"select {self.aggregate()} as c0, count(*) as c1 from events where {field} in ({inner})"
        entry, position = dice.choice(self.fields.lists), dice.randrange(1, 4)
        length = f"coalesce(array_length({entry}), 0)"
        return f"select {length} as l, {entry}[{position}] as e, count(*) as c from events {self.where()} group by 1, 2"


def wild_records(count: int) -> list[dict]:
    """Records in which anything may be null or absent, with texts that need escapes."""
    dice, found = random.Random(11), []
    words = [*WILD.values, "gamma", "Alpha", "ALPHA", "searching", "z" * 300]
    for n in range(count):
        record = {
            "n": n,
            "name": dice.choice(words),
            "word": dice.choice(["alpha", "beta", None]),
            "small": dice.choice([0, 1, 2, 3, -5, None]),
            "ratio": dice.choice([0.5, -1.25, 1e6, 3, 0, None]),
            "flag": dice.choice([True, False, None]),
            "time": f"2026-11-{dice.randrange(1, 11):02}T{dice.randrange(24):02}:{dice.randrange(60):02}:"
            f"{dice.randrange(60):02}{dice.choice(['', '.5', '.123456'])}Z",
            "list": dice.choice([[], [1], [3, 2, 1], None]),
            "words": dice.choice([[], ["a"], ["b", "é", ""], None]),
            "deep": {
                "a": dice.choice([{}, {"text": dice.choice(words), "count": dice.randrange(50)}]),
                "b": dice.choice([None, {"ratio": dice.random() * 100, "flag": dice.random() < 0.5}]),
            },
        }
        if dice.random() < 0.05:
            record["maybe"] = {"text": dice.choice(words), "count": 2**40 + dice.randrange(9)}
        for name in list(record):
            if name != "n" and dice.random() < 0.1:
                del record[name]
        found.append(record)
    return found


@pytest.fixture(scope="module")
def wild(tmp_path_factory):
    """A lake of fifty objects, written in two ways."""
    lake, records = tmp_path_factory.mktemp("wild"), wild_records(3_000)
    for n in range(50):
        folder = lake / "events" / f"part={n % 4}"
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(record, ensure_ascii=n % 2 == 0) + "\n" for record in records[n::50]).encode()
        (folder / f"{n:03}.gz").write_bytes(gzip.compress(text))
    return lake


@pytest.fixture(scope="module")
def clean_lake(hydrant, tmp_path_factory):
    events = hydrant("generate", "--events", 3_000, "--seed", 5, "--span", "2d")
    path = tmp_path_factory.mktemp("clean")
    hydrant("deliver", "--stream", EXAMPLES / "stream.json", "--to", path, "-", stdin=events)
    return path


def connect(lake, shape) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    columns = ", ".join(f"\"{name}\": '{schema.duckdb(part)}'" for name, part in shape.items())
    connection.execute(
        f"create table events as select * from read_json('{lake}/events/**/*.gz', format = 'newline_delimited', "
        f"hive_partitioning = false, columns = {{{columns}}})"
    )
    return connection


INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)?)?")


def plain(value):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(f"{value:.9g}") if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [plain(part) for part in value]
    text = str(value)
    if instant := INSTANT.fullmatch(text):
        return f"{instant[1]}T{instant[2] or '00:00:00'}.{(instant[3] or '').rstrip('0')}"
    return text


def table(rows, is_ordered: bool) -> list[str]:
    texts = [json.dumps([plain(value) for value in row]) for row in rows]
    return texts if is_ordered else sorted(texts)


def answers(hydrant, lake, questions: list[str], tmp_path) -> list[list]:
    """The rows of each question, from one process: a marker stands before each answer."""
    script = tmp_path / "questions.sql"
    script.write_text("".join(f"select {n} as marker;\n{question};\n" for n, question in enumerate(questions)))
    done = subprocess.run(
        [hydrant.binary, "-q", "sql", "--lake", lake, "-f", script, "--format", "ndjson"],
        capture_output=True, env=hydrant.environment, timeout=300,
    )  # fmt: skip
    found = []
    for line in done.stdout.decode().splitlines():
        row = json.loads(line)
        if list(row) == ["marker"]:
            found.append([])
        else:
            found[-1].append(list(row.values()))
    assert done.returncode == 0, f"{done.stderr.decode()}\nafter: {questions[len(found) - 1]}"
    assert len(found) == len(questions)
    return found


def check(hydrant, lake, shape, fields: Fields, seed: int, tmp_path) -> None:
    connection, maker, questions, expected, refused = connect(lake, shape), Questions(fields, seed), [], [], 0
    while len(questions) < QUESTIONS:
        question = maker.question()
        try:
            rows = connection.execute(question).fetchall()
        except duckdb.Error:
            # A question that DuckDB's types do not allow, such as a text where it wants a number.
            refused += 1
            assert refused < QUESTIONS, "most questions are to be good ones"
            continue
        questions.append(question)
        expected.append(rows)
    found = answers(hydrant, lake, questions, tmp_path)
    empty, differences = 0, []
    for question, ours, theirs in zip(questions, found, expected, strict=True):
        is_ordered = "order by" in question and "over (" not in question
        ours, theirs = table(ours, is_ordered), table(theirs, is_ordered)
        empty += not theirs
        if ours != theirs:
            pair = next(((a, b) for a, b in zip(ours, theirs) if a != b), (f"{len(ours)} rows", f"{len(theirs)} rows"))
            differences.append(f"{question}\n  Hydrant: {pair[0]}\n  DuckDB:  {pair[1]}")
    assert not differences, f"{len(differences)} of {QUESTIONS} differ:\n" + "\n".join(differences)
    assert empty < QUESTIONS / 3, "most questions are to have an answer"


@pytest.mark.parametrize("seed", [1, 2])
def test_generated_questions_about_client_events_have_duckdbs_answers(hydrant, clean_lake, tmp_path, seed):
    check(hydrant, clean_lake, schema.RECORD, EVENTS, seed, tmp_path)


@pytest.mark.parametrize("seed", [3, 4])
def test_generated_questions_about_wild_records_have_duckdbs_answers(hydrant, wild, tmp_path, seed):
    check(hydrant, wild, WILD_SCHEMA, WILD, seed, tmp_path)
