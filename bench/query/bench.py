"""Runs every question as a cold process for each peer in turns, compares the answers, and writes the tables."""

import argparse
import contextlib
import datetime
import fcntl
import json
import math
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import queries

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "peers"))
import duckdb_sql  # noqa: E402

LAKES = {
    "small": "2,000,000 events, raw `.gz` objects in Hive folders",
    "tiny": "200,000 events, raw `.gz` objects in Hive folders",
    "parquet": "the 2,000,000 events as ZSTD Parquet by event type and day",
}
# Which floor a question has: what is inflated, and whether one field of it is plucked.
FLOORS = {"Q1": ("count", None), "Q3": ("pluck", "searchTerm"), "Q4": ("pluck", "clientId"), "Q6": ("find", None)}


class Peer:
    """A program that answers a question: its name in the table, its mode, and its command line."""

    def __init__(self, name: str, mode: str, command):
        self.name, self.mode, self.command = name, mode, command


def peers(arguments) -> list[Peer]:
    home = Path(arguments.data)

    def needle(lake: Path) -> str:
        # The Parquet lake has the events of the small one.
        return (home / f"needle-{'tiny' if lake.name == 'tiny' else 'small'}").read_text().strip()

    def python(environment: str, script: str, mode: str):
        interpreter = home / f"venv-{environment}" / "bin" / "python"
        return lambda query, lake: [interpreter, HERE / "peers" / script, query, lake, mode, needle(lake)]

    def duckdb_cli(mode: str):
        binary = home / "venv-duckdb1" / "bin" / "duckdb"

        def command(query, lake):
            text = duckdb_sql.sql(query, str(lake), mode, needle(lake))
            return [binary, "-init", "/dev/null", "-jsonlines", "-cmd", "set preserve_insertion_order = false", "-c", text]

        return command

    funnel = has_window_funnel(arguments.hydrant)

    def hydrant(query, lake):
        text = queries.hydrant(query, needle(lake), funnel)
        return [arguments.hydrant, "-q", "sql", "--lake", lake, "--format", "ndjson", *arguments.hydrant_option, "-c", text]

    def floor(query, lake):
        kind, field = FLOORS[query]
        folders = queries.FOLDERS[query][0].split("/")
        only = [part for part in folders if "*" not in part]
        subject = [needle(lake)] if kind == "find" else [field] if field else []
        return [arguments.floor, kind, lake / "events", *subject, *(f"--only={part}" for part in only)]

    found = [Peer("Hydrant", "no schema", hydrant)]
    for mode in ("hand", "text", "parquet"):
        found.append(Peer("DuckDB 1.5.6", mode, duckdb_cli(mode)))
        found.append(Peer("DuckDB 2.0.0", mode, python("duckdb2", "duckdb_peer.py", mode)))
        found.append(Peer("chDB 4.4.0", mode, python("chdb", "chdb_peer.py", mode)))
        found.append(Peer("Polars 2.1.0", mode, python("polars", "polars_peer.py", mode)))
        if mode != "text":
            found.append(Peer("DataFusion 55.0.0", mode, python("datafusion", "datafusion_peer.py", mode)))
    found.append(Peer("DuckDB 1.5.6", "auto", duckdb_cli("auto")))
    found.append(Peer("DuckDB 2.0.0", "auto", python("duckdb2", "duckdb_peer.py", "auto")))
    found.append(Peer("chDB 4.4.0", "auto", python("chdb", "chdb_peer.py", "auto")))
    found.append(Peer("Polars 2.1.0", "auto", python("polars", "polars_peer.py", "auto")))
    found.append(Peer("DataFusion 55.0.0", "auto", python("datafusion", "datafusion_peer.py", "auto")))
    found.append(Peer("floor", "floor", floor))
    if arguments.peers:
        wanted = arguments.peers.split(",")
        found = [peer for peer in found if any(f"{peer.name} {peer.mode}".lower().startswith(w.lower()) for w in wanted)]
    return found


def takes_part(peer: Peer, lake: str, query: str) -> bool:
    if peer.mode == "parquet":
        return lake == "parquet"
    if peer.mode == "no schema":
        return True
    if lake == "parquet":
        return False
    if peer.mode == "text":
        return query in ("Q1", "Q6")
    return peer.mode != "floor" or query in FLOORS


def has_window_funnel(binary: str) -> bool:
    with tempfile.TemporaryDirectory() as lake:
        path = Path(lake, "events/a")
        path.parent.mkdir()
        path.write_text('{"time":"2026-11-02T00:00:00Z","n":1}\n')
        text = "select window_funnel(3600, time, n = 1) from events"
        return subprocess.run([binary, "-q", "sql", "--lake", lake, "-c", text], capture_output=True).returncode == 0


class Run:
    """What one process took and answered."""

    def __init__(self, command, limit: float):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            began = time.monotonic()
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, env=os.environ | {"TZ": "UTC"}, start_new_session=True)
            status, usage = wait(process, limit)
            self.seconds = time.monotonic() - began
            self.mebibytes = usage.ru_maxrss / 1024
            self.processor = usage.ru_utime + usage.ru_stime
            self.own = None
            out.seek(0), err.seek(0)
            self.out, self.err = out.read().decode(errors="replace"), err.read().decode(errors="replace")
        self.failure = None
        if status is None:
            self.failure = f"more than {limit:.0f} s"
        elif status != 0:
            self.failure = reason(self.err) or f"status {status}"


def reason(text: str) -> str:
    """The line of a program's errors that says what was wrong, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line and not line.startswith("File")]
    return re.sub(r"'?/\S+'?", "…", (telling or lines or [""])[-1])[:160]


# Whose own memory is watched, in runs that are not timed.
WATCHED = {("Hydrant", "no schema"), ("DuckDB 1.5.6", "hand"), ("DuckDB 1.5.6", "parquet")}


def own_memory(command) -> float:
    """The most memory of its own that a process held, in MiB: pages of files, such as its program, are left out."""
    environment = os.environ | {"TZ": "UTC"}
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen([str(part) for part in command], stdout=nowhere, stderr=nowhere, env=environment)
    most = 0
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration, IndexError):
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            most = max(most, next(int(line.split()[1]) for line in status if line.startswith("RssAnon")))
        time.sleep(0.001)
    return most / 1024


def wait(process: subprocess.Popen, limit: float):
    """Waits with `wait4`, which knows the peak memory of this process alone; kills it at the limit."""

    def expire(*_):
        os.killpg(process.pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, limit)
    began = time.monotonic()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    process.returncode = status
    code = os.waitstatus_to_exitcode(status)
    return (None if code == -signal.SIGKILL and time.monotonic() - began >= limit else code), usage


INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.0+)?( UTC|Z|\+00:00|\+00)?")


def plain(value):
    """A value as every peer would say it: no nulls inside structures, instants in one form, rounded numbers."""
    if isinstance(value, str):
        if value.startswith("{"):
            with contextlib.suppress(json.JSONDecodeError):
                return plain(json.loads(value))
        if instant := INSTANT.fullmatch(value):
            return f"{instant[1]}T{instant[2]}Z"
        if value.isdigit() and len(value) < 12:
            return int(value)
        return value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return round(value, 4) if not float(value).is_integer() else int(value)
    if isinstance(value, dict):
        parts = {name: plain(part) for name, part in sorted(value.items())}
        # A peer that has the fields of all records in one structure has empty ones where a record has none.
        return {name: part for name, part in parts.items() if part not in (None, {}, [])}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


def rows(text: str) -> list:
    found = []
    for line in text.splitlines():
        if line.strip():
            row = json.loads(line)
            found.append(plain(list(row.values()) if isinstance(row, dict) else row))
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def same(one, other) -> bool:
    """Whether two answers agree to the row; sums of floats may differ in their last digits."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=2e-4)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return one == other


@contextlib.contextmanager
def lock(path: str | None):
    if path is None:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def warm(directory: Path) -> None:
    """Reads every object once: whoever is asked first would otherwise pay for what the page cache has lost."""
    for object in directory.rglob("*"):
        if object.is_file():
            object.read_bytes()


def measure(arguments, everybody: list[Peer], lake: str) -> dict:
    """The runs of each peer and question, by (name, mode, question)."""
    directory, runs = Path(arguments.data) / lake, {}
    for turn in range(arguments.rounds):
        warm(directory)
        for query in arguments.queries.split(","):
            with lock(arguments.lock):
                for peer in everybody:
                    key = (peer.name, peer.mode, query)
                    if not takes_part(peer, lake, query):
                        continue
                    known = runs.setdefault(key, [])
                    # Without a schema most peers fail or take very long: one turn tells it.
                    if known and (peer.mode == "auto" or known[0].failure):
                        continue
                    run = Run(peer.command(query, directory), arguments.limit)
                    known.append(run)
                    said = run.failure or f"{run.seconds:.2f} s"
                    print(f"{lake} {turn + 1} {query} {peer.name} {peer.mode}: {said}", file=sys.stderr, flush=True)
    for peer in everybody:
        for query in arguments.queries.split(","):
            several = runs.get((peer.name, peer.mode, query))
            if (peer.name, peer.mode) in WATCHED and several and not several[0].failure:
                several[0].own = own_memory(peer.command(query, directory))
    return runs


def check(runs: dict, lake: str) -> list[str]:
    """Says which answers differ from the first hand-written peer's."""
    found, expected = [], {}
    for (name, mode, query), several in runs.items():
        if mode == "floor":
            continue
        for run in several:
            if run.failure:
                continue
            try:
                answer = rows(run.out)
            except json.JSONDecodeError as error:
                found.append(f"{lake} {query}: {name} ({mode}) answers no JSON: {error}")
                continue
            who, known = expected.setdefault(query, (f"{name} ({mode})", answer))
            if not same(known, answer):
                run.failure = "other answer"
                found.append(f"{lake} {query}: {name} ({mode}) differs from {who}: {difference(known, answer)}")
    return found


def difference(one: list, other: list) -> str:
    if len(one) != len(other):
        return f"{len(other)} rows instead of {len(one)}"
    for left, right in zip(one, other):
        if not same(left, right):
            return f"{json.dumps(right, default=str)[:160]} instead of {json.dumps(left, default=str)[:160]}"
    return "?"


def tables(arguments, lake: str, runs: dict) -> str:
    asked = arguments.queries.split(",")
    pick = min if arguments.best else statistics.median
    seconds, processor, mebibytes = {}, {}, {}
    for (name, mode, query), several in runs.items():
        if all(run.failure is None for run in several):
            seconds[name, mode, query] = pick([run.seconds for run in several])
            processor[name, mode, query] = pick([run.processor for run in several])
            mebibytes.setdefault((name, mode), []).append(max(run.mebibytes for run in several))
    best = {}
    for query in asked:
        others = [took for (name, mode, q), took in seconds.items() if q == query and name not in ("Hydrant", "floor")]
        best[query] = min(others, default=None)
    lines = [f"## {lake}: {LAKES[lake]}{counted(arguments, lake)}", ""]
    lines += ["| | " + " | ".join(asked) + " | peak MiB |", "|---|" + "---:|" * (len(asked) + 1)]
    for name, mode in dict.fromkeys((name, mode) for name, mode, _ in runs):
        cells = []
        for query in asked:
            several = runs.get((name, mode, query))
            took = seconds.get((name, mode, query))
            if several is None:
                cells.append("")
            elif took is None:
                cells.append("wrong" if any(run.failure == "other answer" for run in several) else "fails")
            else:
                is_best = took == best[query]
                shown = f"{took:.3f}" if took < 0.1 else f"{took:.2f}"
                cells.append(f"**{shown}**" if is_best else shown)
        peak = mebibytes.get((name, mode))
        span = f"{min(peak):.0f}–{max(peak):.0f}" if peak else ""
        titles = {"hand": "schema by hand", "text": "lines as text by hand", "auto": "no schema", "floor": "2 threads"}
        title = titles.get(mode, mode) if mode != "parquet" else ""
        lines.append(f"| {name}{', ' + title if title else ''} | " + " | ".join(cells) + f" | {span} |")
    ratios = []
    for query in asked:
        ours, peer = seconds.get(("Hydrant", "no schema", query)), best[query]
        ratios.append(f"{ours / peer:.2f}" if ours and peer else "")
    lines.append("| *Hydrant ÷ best peer* | " + " | ".join(ratios) + " | |")
    if lake != "parquet":
        floors = []
        for query in asked:
            ours, floor = seconds.get(("Hydrant", "no schema", query)), seconds.get(("floor", "floor", query))
            floors.append(f"{ours / floor:.2f}" if ours and floor else "")
        lines.append("| *Hydrant ÷ floor* | " + " | ".join(floors) + " | |")
    lines += ["", "Seconds of processor time, of all threads together: what other work on the machine disturbs least.", ""]
    lines += ["| | " + " | ".join(asked) + " |", "|---|" + "---:|" * len(asked)]
    for name, mode in dict.fromkeys((name, mode) for name, mode, _ in processor):
        cells = [processor.get((name, mode, query)) for query in asked]
        cells = ["" if took is None else f"{took:.2f}" for took in cells]
        lines.append(f"| {name}, {mode} | " + " | ".join(cells) + " |")
    lines.append("")
    own = {key: several[0].own for key, several in runs.items() if several[0].own is not None}
    if own:
        lines += ["The most memory of its own that a process held, in MiB: pages of files, such as its program, are left out.", ""]
        lines += ["| | " + " | ".join(asked) + " |", "|---|" + "---:|" * len(asked)]
        for name, mode in dict.fromkeys((name, mode) for name, mode, _ in own):
            cells = [own.get((name, mode, query)) for query in asked]
            cells = ["" if held is None else f"{held:.0f}" for held in cells]
            lines.append(f"| {name}, {mode} | " + " | ".join(cells) + " |")
        lines.append("")
    failures = []
    for (name, mode, query), several in runs.items():
        for reason in dict.fromkeys(run.failure for run in several if run.failure):
            failures.append(f"- {name}, {mode}, {query}: {reason}")
    if failures:
        lines += ["What failed:", "", *failures, ""]
    return "\n".join(lines)


def counted(arguments, lake: str) -> str:
    files = [path for path in (Path(arguments.data) / lake / "events").rglob("*") if path.is_file()]
    return f": {len(files):,} objects, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB"


def machine() -> str:
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{len(names)} × {names[0] if names else 'unknown'}, {memory / 2**20:.0f} GiB"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the directory with the lakes and the peers' environments")
    parser.add_argument("--hydrant", required=True, help="the binary")
    parser.add_argument("--hydrant-option", action="append", default=[], help="an option of `hydrant sql` to add")
    parser.add_argument("--floor", required=True, help="the floor's binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--best", action="store_true", help="the best of the rounds instead of the median")
    parser.add_argument("--lakes", default="small,tiny,parquet")
    parser.add_argument("--queries", default=",".join(queries.QUERIES))
    parser.add_argument("--peers", help="only those whose `name mode` begins so, separated by commas")
    parser.add_argument("--limit", type=float, default=60, help="seconds after which a question counts as failed")
    parser.add_argument("--lock", help="a file to lock while a question is asked, on a machine with other work")
    parser.add_argument("--out", help="the file to write; standard output otherwise")
    parser.add_argument("--note", action="append", default=[], help="a sentence for the head of the file")
    arguments = parser.parse_args()
    everybody = peers(arguments)
    version = subprocess.run([arguments.hydrant, "--version"], capture_output=True, text=True).stdout.strip()
    load = os.getloadavg()[0]
    sections, differences = [], []
    for lake in arguments.lakes.split(","):
        runs = measure(arguments, everybody, lake)
        differences += check(runs, lake)
        sections.append(tables(arguments, lake, runs))
    pick = "best" if arguments.best else "median"
    head = [
        f"# The seven questions, {datetime.date.today().isoformat()}",
        "",
        f"Seconds from the start of the process to the end of its answer, {pick} of {arguments.rounds} rounds in turns, warm page "
        f"cache, local disk. {machine()}; {version}. Load average at the start {load:.1f}.",
        "Peers have the narrowest schema and the narrowest glob that a user could write by hand; Hydrant has neither. "
        "The best peer of a column is in bold.",
        *arguments.note,
        "",
    ]
    agree = ["All answers agree to the row." if not differences else "Answers that differ:", ""]
    agree += [f"- {text}" for text in differences] + ([""] if differences else [])
    # Where things lie on this machine is nobody's business.
    places = ("--data", "--hydrant", "--floor", "--out", "--lock")
    given = [part for at, part in enumerate(sys.argv[1:], 1) if not {part, sys.argv[at - 1]} & set(places)]
    command = ["```sh", shlex.join(["bench/query/run", *given]), "```", ""]
    text = "\n".join([*head, *agree, *sections, *command])
    if arguments.out:
        Path(arguments.out).write_text(text)
    print(text)
    return 1 if any("Hydrant" in text for text in differences) else 0


if __name__ == "__main__":
    sys.exit(main())
