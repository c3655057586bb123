"""Compaction beside its peers: everybody writes the same raw objects as ZSTD Parquet by event type and day.

bench.py --data DIR --hydrant BINARY [--rounds N] [--peers NAME,…] [--out FILE]

DIR is that of bench/query/run: `small`, the raw lake, and the peers' environments. In each round everybody is asked once, one
behind the other; the best of the rounds counts. What was written is read back by DuckDB: rows and sums by event type have to be
those of the raw lake.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent

CHECK = """
import sys, duckdb
where = sys.argv[1]
files = "read_parquet(%r, hive_partitioning = false, union_by_name = true)" % where
print(duckdb.sql(
    f"select detail.eventType, count(*), sum(detail.data.price)::decimal(18, 2), count(distinct detail.clientId) "
    f"from {files} group by 1 order by 1"
).fetchall())
"""


def peers(data: pathlib.Path, hydrant: str, target: pathlib.Path) -> dict[str, tuple[list, str]]:
    """How each is asked, and where what it wrote is."""
    raw = data / "small"
    folder = str(target)
    python = lambda name: str(data / f"venv-{name}" / "bin" / "python")  # noqa: E731
    return {
        "hydrant": (
            [hydrant, "-q", "compact", "--lake", str(raw), "--memory-limit", "512MB"],
            f"{raw}/_tables/events/_type=*/*/*.parquet",
        ),
        "duckdb 1.5.6": ([python("duckdb1"), str(HERE / "peers/duckdb_peer.py"), str(raw), folder], f"{folder}/**/*.parquet"),
        "duckdb 2.0.0": ([python("duckdb2"), str(HERE / "peers/duckdb_peer.py"), str(raw), folder], f"{folder}/**/*.parquet"),
        "polars 2.1.0": ([python("polars"), str(HERE / "peers/polars_peer.py"), str(raw), folder], f"{folder}/**/*.parquet"),
        "chdb 4.4.0": ([python("chdb"), str(HERE / "peers/chdb_peer.py"), str(raw), folder], f"{folder}/**/*.parquet"),
    }


def run(command: list, limit: float):
    """Seconds and peak MiB of a process, or what was wrong."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    if process.returncode != 0:
        return None, None, error.decode(errors="replace").strip().splitlines()[-1:] or [f"status {process.returncode}"]
    return took, usage.ru_maxrss / 1024, None


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=pathlib.Path, required=True)
    arguments.add_argument("--hydrant", required=True)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--peers", default="")
    arguments.add_argument("--out", type=pathlib.Path)
    arguments = arguments.parse_args()
    target = arguments.data / "compacted"
    known = peers(arguments.data, arguments.hydrant, target)
    wanted = [name for name in known if not arguments.peers or name in arguments.peers.split(",")]
    checker = str(arguments.data / "venv-duckdb1/bin/python")
    best: dict[str, list] = {name: [None, None, None, None] for name in wanted}
    answers = {}
    for number in range(arguments.rounds):
        for name in wanted:
            command, files = known[name]
            shutil.rmtree(target, ignore_errors=True)
            shutil.rmtree(arguments.data / "small/_tables", ignore_errors=True)
            target.mkdir()
            took, peak, wrong = run(command, 120)
            if wrong:
                best[name][3] = wrong[0]
                print(name, wrong[0], file=sys.stderr)
                continue
            print(f"{number + 1} {name}: {took:.2f} s, {peak:.0f} MiB", file=sys.stderr)
            if number == 0:
                done = subprocess.run([checker, "-c", CHECK, files], capture_output=True, text=True)
                answers[name] = done.stdout if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
                best[name][2] = sum(f.stat().st_size for f in pathlib.Path("/").glob(files.lstrip("/")))
            if best[name][0] is None or took < best[name][0]:
                best[name][0] = took
            best[name][1] = max(best[name][1] or 0, peak)
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(arguments.data / "small/_tables", ignore_errors=True)
    right = answers.get("duckdb 1.5.6") or next(iter(answers.values()), None)
    others = [best[name][0] for name in wanted if name != "hydrant" and best[name][0]]
    lines = [
        f"# Compaction, {datetime.date.today()}",
        "",
        f"2,000,000 events in `.gz` objects to ZSTD Parquet by event type and day; {os.cpu_count()} processors, best of "
        f"{arguments.rounds} rounds, peak of all of them.",
        "",
        "| | s | of the best peer | peak MiB | MB written | same rows |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name in wanted:
        took, peak, size, wrong = best[name]
        if took is None:
            lines.append(f"| {name} | {wrong} | | | | |")
            continue
        share = f"{took / min(others):.2f}" if others else ""
        same = "yes" if answers.get(name) == right else f"NO: {answers.get(name)}"
        lines.append(f"| {name} | {took:.2f} | {share} | {peak:.0f} | {(size or 0) / 1e6:.0f} | {same} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text)


main()
