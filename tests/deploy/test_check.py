"""`hydrant check` on templates: nothing to say of ours, and the flaws of the AWS sample's."""

import json
import os
import pathlib
import subprocess

import pytest

from conftest import BESIDE, EVERYTHING, ROOT, STREAM

AWS_SAMPLE = ROOT / "examples" / "check" / "aws-sample-template.yaml"


def check(template: pathlib.Path, parameters: dict | None = None) -> dict:
    arguments = [f"--parameter={name}={value}" for name, value in (parameters or {}).items()]
    done = subprocess.run(
        [os.environ["HYDRANT"], "check", "-t", str(template), "--format", "json", *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def findings(report: dict, *severities: str) -> set[str]:
    return {
        finding["code"]
        for file in report["files"]
        for finding in file["diagnostics"]
        if finding["severity"] in severities
    }


@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_nothing_is_wrong_with_our_stream(parameters):
    report = check(STREAM, parameters)
    assert findings(report, "error", "warning") == set(), json.dumps(report, indent=2)
    [file] = report["files"]
    assert len(file["streams"]) == 1


def test_the_function_alone_has_no_stream_and_no_other_fault():
    report = check(BESIDE, {"StreamName": "events", "StreamRoleName": "delivery"})
    assert findings(report, "error", "warning", "note") == {"no-stream"}, json.dumps(report, indent=2)


def test_a_setting_that_aws_refuses_is_an_error():
    report = check(STREAM, {"BufferMegabytes": 5})
    assert findings(report, "error") != set()


def test_the_flaws_of_the_aws_sample_are_found():
    report = check(AWS_SAMPLE)
    assert findings(report, "error") == set(), "it deploys"
    assert findings(report, "warning") >= {
        "newline-stripped",
        "event-without-detail",
        "function-batch",
        "error-kinds-mixed",
        "errors-among-data",
        "function-runtime",
        "bucket-key",
    }
