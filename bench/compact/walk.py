"""Questions before, during and after a compaction: every answer has to be the same.

walk.py --data DIR --hydrant BINARY [--steps N] [--out FILE]

DIR is that of bench/query/run. A copy of `small` is compacted in steps, each of which takes the hours of another stretch of
time, while two questioners ask one question after the other. A question that began before a commit and ended behind it has to
have the answer that all others have. In the end the raw objects are removed, and everything is asked once more.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "query"))
import queries  # noqa: E402

# The last hour of the lake, and how long it is.
END, HOURS = datetime.datetime(2026, 11, 12, tzinfo=datetime.timezone.utc), 240


class Questions:
    """The seven questions, and two that see every row."""

    def __init__(self, hydrant: str, lake: pathlib.Path, needle: str):
        self.hydrant, self.lake = hydrant, lake
        self.texts = {query: queries.hydrant(query, needle, True) for query in queries.QUERIES}
        self.texts["rows"] = (
            "select count(*), count(distinct id), min(time), max(time), count(distinct _object), "
            "sum(cast(detail.data.price as decimal(18, 2))) from events"
        )
        self.texts["folders"] = "select eventType, year, month, day, hour, count(*) from events group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"

    def ask(self, name: str) -> str:
        command = [self.hydrant, "-q", "sql", "--lake", self.lake, "--format", "csv", "-c", self.texts[name]]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return f"FAILED: {done.stderr}"
        # Sums of floats depend on who adds what first.
        return "\n".join(sorted(rounded(line) for line in done.stdout.splitlines()))


def rounded(line: str) -> str:
    parts = line.split(",")
    for at, part in enumerate(parts):
        if "." in part and part.replace(".", "", 1).isdigit():
            parts[at] = f"{float(part):.2f}"
    return ",".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--hydrant", required=True)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args()
    lake = given.data / "walked"
    shutil.rmtree(lake, ignore_errors=True)
    shutil.copytree(given.data / "small", lake, ignore=shutil.ignore_patterns("_tables"))
    questions = Questions(given.hydrant, lake, (given.data / "needle-small").read_text().strip())
    before = {name: questions.ask(name) for name in questions.texts}
    wrong = [f"before: {name}" for name, answer in before.items() if answer.startswith("FAILED")]
    asked, over = [], threading.Event()

    def questioner(names: list[str]) -> None:
        while not over.is_set():
            for name in names:
                began = time.time()
                same = questions.ask(name) == before[name]
                asked.append((name, began, time.time(), same))

    names = list(questions.texts)
    questioners = [threading.Thread(target=questioner, args=(part,)) for part in (names, names[::-1])]
    for one in questioners:
        one.start()
    now = datetime.datetime.now(datetime.timezone.utc)
    for step in range(1, given.steps + 1):
        until = END - datetime.timedelta(hours=HOURS * (given.steps - step) / given.steps)
        age = "0s" if step == given.steps else f"{max(0, int((now - until).total_seconds()))}s"
        subprocess.run([given.hydrant, "-q", "compact", "--lake", lake, "--older-than", age], check=True)
    over.set()
    for one in questioners:
        one.join()
    log = lake / "_tables/events/_delta_log"
    commits = [path.stat().st_mtime for path in sorted(log.glob("*.json"))[1:]]
    wrong += [f"during: {name}" for name, _, _, same in asked if not same]
    through = sum(any(began < commit < ended for commit in commits) for _, began, ended, _ in asked)
    wrong += [f"after: {name}" for name in names if questions.ask(name) != before[name]]
    subprocess.run(
        [given.hydrant, "-q", "compact", "--lake", lake, "--older-than", "0s", "--vacuum", "--grace", "0s"], check=True
    )
    raw = sum(1 for _ in (lake / "events").rglob("*.gz"))
    wrong += [f"after the raw objects were removed: {name}" for name in names if questions.ask(name) != before[name]]
    version = subprocess.run([given.hydrant, "--version"], capture_output=True, text=True).stdout.strip()
    text = "\n".join(
        [
            f"# Asked through a compaction, {datetime.date.today()}",
            "",
            f"`bench/compact/run walk --steps {given.steps}`: 2,000,000 events in 2,879 objects, compacted in {len(commits)} "
            f"commits while two questioners asked the seven questions of bench/query and two that see every row. {os.cpu_count()} "
            f"processors, {version}.",
            "",
            "| | |",
            "| --- | ---: |",
            f"| questions asked before | {len(names)} |",
            f"| during | {len(asked)} |",
            f"| of those, begun before a commit and ended behind it | {through} |",
            f"| after | {len(names)} |",
            f"| after the raw objects were removed ({raw} are left) | {len(names)} |",
            f"| answers that differed | {len(wrong)} |",
            "",
            *(f"- {one}" for one in wrong),
        ]
    )
    print(text)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(text.rstrip() + "\n")
    shutil.rmtree(lake)
    return 1 if wrong or through == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
