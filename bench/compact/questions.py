"""The seven questions of bench/query over the compacted lake, beside peers that read the same files.

questions.py --data DIR --hydrant BINARY [--rounds N] [--peers NAME,…] [--queries Q1,…] [--removed] [--out FILE]

DIR is that of bench/query/run. A copy of `small` is compacted; Hydrant is asked of that lake, raw objects and all (without them
when --removed says so), and the peers of the table's Parquet files, by links to them in folders by event type and day, so that
they get the narrowest glob that a user could write. Answers are compared to the row.
"""

import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
QUERY = HERE.parent / "query"
sys.path.insert(0, str(QUERY))
spec = importlib.util.spec_from_file_location("query_bench", QUERY / "bench.py")
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)


def compacted(data: pathlib.Path, hydrant: str, removed: bool) -> pathlib.Path:
    """A lake whose objects are all in the table."""
    lake = data / "compacted-lake"
    shutil.rmtree(lake, ignore_errors=True)
    shutil.copytree(data / "small", lake, ignore=shutil.ignore_patterns("_tables"))
    arguments = ["--vacuum", "--grace", "0s"] if removed else []
    subprocess.run([hydrant, "-q", "compact", "--lake", lake, "--older-than", "0s", *arguments], check=True)
    return lake


def link(lake: pathlib.Path, to: pathlib.Path) -> None:
    """Links to the files that the table's log names, in the folders of the lake `parquet` of bench/query."""
    table, files = lake / "_tables/events", {}
    for version in sorted((table / "_delta_log").glob("*.json")):
        for line in version.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files[action["add"]["path"]] = action["add"]["partitionValues"]
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
    for number, (path, values) in enumerate(files.items()):
        year, month, day = values["_date"].split("-")
        folder = to / f"events/eventType={values['_type']}/year={year}/month={month}/day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.parquet").symlink_to(table / path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--hydrant", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--best", action="store_true")
    parser.add_argument("--peers", default="")
    parser.add_argument("--queries", default=",".join(bench.queries.QUERIES))
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--removed", action="store_true", help="remove the raw objects first")
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args()
    lake, links = compacted(given.data, given.hydrant, given.removed), given.data / "compacted-links"
    shutil.rmtree(links, ignore_errors=True)
    link(lake, links / "parquet")
    asked = argparse.Namespace(
        data=given.data, hydrant=given.hydrant, hydrant_option=[], floor="", peers=given.peers or None, lock=None,
        rounds=given.rounds, queries=given.queries, limit=given.limit, best=given.best,
    )
    everybody = [peer for peer in bench.peers(asked) if peer.mode in ("no schema", "parquet")]
    for peer in everybody:
        if peer.mode == "no schema":
            ask = peer.command
            peer.command = lambda query, _: ask(query, lake)
    os.environ["FILES_DIFFER"] = "1"
    asked.data = links
    bench.LAKES["parquet"] = "the table that `hydrant compact` made of 2,000,000 events"
    runs = bench.measure(asked, everybody, "parquet")
    differences = bench.check(runs, "parquet")
    raw = "removed" if given.removed else "still there, 2,879 of them"
    pick = "best" if given.best else "median"
    version = subprocess.run([given.hydrant, "--version"], capture_output=True, text=True).stdout.strip()
    lines = [
        f"# The seven questions of a compacted lake, {datetime.date.today()}",
        "",
        f"Seconds from the start of the process to the end of its answer, {pick} of {given.rounds} rounds in turns, warm page "
        f"cache, local disk. {bench.machine()}; {version}. Hydrant is asked of the lake, whose raw objects are {raw}; the peers "
        "of the same Parquet files, with the narrowest glob. The best peer of a column is in bold.",
        "",
        "All answers agree to the row." if not differences else "Answers that differ:",
        "",
        *(f"- {text}" for text in differences),
        bench.tables(asked, "parquet", runs),
    ]
    text = "\n".join(lines)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(text)
    print(text)
    shutil.rmtree(lake)
    shutil.rmtree(links)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
