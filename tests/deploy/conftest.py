"""What the checks share: the two templates rendered as CloudFormation would, and the Pulumi component."""

import functools
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from rendering import Rendered, render

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAM = ROOT / "deploy" / "sam"
PULUMI = ROOT / "deploy" / "pulumi"
STREAM = SAM / "template.yaml"
BESIDE = SAM / "transformer-only.yaml"

# Everything that a parameter can turn on, beside the defaults.
EVERYTHING = {
    "SplitRecords": "true",
    "SourceBackup": "true",
    "Reingest": "true",
    "CreateTable": "true",
    "EventDays": 400,
    "BucketName": "lake-of-everything",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:on-call",
    "FunctionBufferMegabytes": 0.2,
    "Architecture": "x86_64",
    "StreamName": "everything",
}


@pytest.fixture(params=[{}, EVERYTHING], ids=["defaults", "everything"])
def stream(request) -> Rendered:
    return render(STREAM, request.param)


@pytest.fixture
def beside() -> Rendered:
    return render(BESIDE, {"StreamName": "events", "StreamRoleName": "delivery", "Reingest": "true"})


@functools.cache
def compiled() -> None:
    done = subprocess.run(["npx", "--no-install", "tsc"], cwd=PULUMI, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def pulumi():
    """The component, rendered for settings by the names of the template's parameters."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to run the Pulumi component with")
    compiled()

    def run(parameters: dict) -> dict:
        settings = {setting(name): plain(value) for name, value in parameters.items()}
        done = subprocess.run(
            ["node", "build/test/render.js", json.dumps(settings)], cwd=PULUMI, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def setting(parameter: str) -> str:
    """`StreamName` as the component calls it."""
    return parameter[0].lower() + parameter[1:]


def plain(value):
    """A parameter's value as the component takes it: CloudFormation has no booleans."""
    return {"true": True, "false": False}.get(value, value)


@pytest.fixture(scope="session")
def offline() -> dict:
    """An environment in which nothing finds an account, or sends anything anywhere."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }
