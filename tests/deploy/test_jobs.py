"""The function of scheduled jobs: accepted by the linters of AWS, with no more rights than it needs, and the same in
SAM and in Pulumi."""

import json
import os
import shutil
import subprocess

import pytest

from conftest import PULUMI, SAM, STREAM, compiled, setting
from rendering import Rendered, parse, render

JOBS = SAM / "jobs.yaml"
GIVEN = {"BucketName": "lake"}
EVERYTHING = {
    **GIVEN,
    "JobsPrefix": "work/jobs",
    "FunctionName": "analytics",
    "ScheduleExpression": "rate(5 minutes)",
    "Timezone": "Europe/Berlin",
    "Architecture": "x86_64",
    "Parallel": 4,
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:on-call",
}


@pytest.fixture(params=[GIVEN, EVERYTHING], ids=["defaults", "everything"])
def given(request) -> dict:
    return request.param


@pytest.fixture
def sam(given) -> Rendered:
    return render(JOBS, given)


def test_the_linters_find_nothing(offline):
    for command in [
        ["cfn-lint", "-r", "us-east-1", "-r", "eu-west-1", "-t", str(JOBS)],
        ["sam", "validate", "--lint", "-t", str(JOBS)],
    ]:
        done = subprocess.run(command, capture_output=True, text=True, env=offline)
        assert done.returncode == 0, done.stdout + done.stderr


def test_hydrant_check_has_nothing_to_say_but_that_there_is_no_stream():
    done = subprocess.run(
        [os.environ["HYDRANT"], "check", "-t", str(JOBS), "--format", "json", "--parameter=BucketName=lake"],
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    codes = {it["code"] for file in report["files"] for it in file["diagnostics"]}
    assert codes == {"no-stream"}, json.dumps(report, indent=2)


def test_every_parameter_says_what_it_is_for_and_has_a_default():
    for name, parameter in parse(JOBS)["Parameters"].items():
        assert len(parameter["Description"]) > 10, name
        assert "Default" in parameter or name == "BucketName", name


def test_the_lake_is_the_one_that_the_stream_writes():
    destination = render(STREAM).properties("Stream")["ExtendedS3DestinationConfiguration"]
    defaults = {name: parameter.get("Default") for name, parameter in parse(JOBS)["Parameters"].items()}
    assert defaults["Prefix"] == destination["Prefix"]
    assert defaults["ErrorOutputPrefix"] == destination["ErrorOutputPrefix"]


def test_the_roles_may_do_what_they_need_and_nothing_else(sam):
    roles = sam.of_type("AWS::IAM::Role")
    statements = {
        it["Sid"]: it
        for role in roles.values()
        for policy in role["Policies"]
        for it in policy["PolicyDocument"]["Statement"]
    }
    assert {sid: it["Action"] for sid, it in statements.items()} == {
        "Log": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "List": "s3:ListBucket",
        "Read": "s3:GetObject",
        "Write": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
        "Invoke": "lambda:InvokeFunction",
    }
    # Nobody's record can be changed: what is written to begins with `_`, and the jobs themselves are not among it.
    folders = [it.split("lake/")[1] for it in statements["Write"]["Resource"]]
    assert folders == ["_jobs/runs/*", "_reports/*", "_tables/*"]
    assert all(it["Resource"] != "*" for it in statements.values())


def test_the_schedule_asks_for_what_is_due(sam):
    schedule = sam.properties("Schedule")
    assert json.loads(schedule["Target"]["Input"]) == {"due": True}
    assert schedule["Target"]["Arn"].endswith(f":function:{sam.properties('Jobs')['FunctionName']}")
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}


@pytest.fixture
def pulumi(given) -> dict:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to run the Pulumi component with")
    compiled()
    settings = json.dumps({setting(name): value for name, value in given.items()})
    command = ["node", "build/test/render-jobs.js", settings]
    done = subprocess.run(command, cwd=PULUMI, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sam_and_pulumi_have_the_same_settings(pulumi):
    parameters = parse(JOBS)["Parameters"]
    ours = {setting(name): it["Default"] for name, it in parameters.items() if "Default" in it}
    assert ours == pulumi["defaults"]


def small(value):
    """A member of CloudFormation as Pulumi calls it, all the way down."""
    if isinstance(value, dict):
        return {setting(name): small(it) for name, it in value.items()}
    return [small(it) for it in value] if isinstance(value, list) else value


def test_sam_and_pulumi_make_the_same(sam, pulumi):
    made = {}
    for resource in pulumi["resources"]:
        made.setdefault(resource["type"].split(":")[-1], {})[resource["name"]] = resource["inputs"]
    function, ours = made["Function"]["jobs"], sam.properties("Jobs")
    assert function["environment"]["variables"] == {
        name: str(value) for name, value in ours["Environment"]["Variables"].items()
    }
    for theirs, name in [
        ("name", "FunctionName"),
        ("description", "Description"),
        ("handler", "Handler"),
        ("runtime", "Runtime"),
        ("architectures", "Architectures"),
        ("memorySize", "MemorySize"),
        ("timeout", "Timeout"),
        ("role", "Role"),
    ]:
        assert function[theirs] == ours[name], name
    schedule = small(sam.properties("Schedule"))
    assert made["Schedule"]["jobs"] == schedule
    assert made["FunctionEventInvokeConfig"]["jobs"] == {
        "functionName": function["name"],
        "qualifier": "$LATEST",
        "maximumRetryAttempts": 0,
    }
    for name, role in sam.of_type("AWS::IAM::Role").items():
        name = name.removesuffix("Role").lower()
        assert json.loads(made["Role"][name]["assumeRolePolicy"]) == role["AssumeRolePolicyDocument"]
        [policy] = role["Policies"]
        assert json.loads(made["RolePolicy"][name]["policy"]) == policy["PolicyDocument"]
    alarms = {it["name"]: it for it in made["MetricAlarm"].values()}
    for alarm in sam.of_type("AWS::CloudWatch::Alarm").values():
        theirs = alarms.pop(alarm["AlarmName"])
        assert theirs["dimensions"] == {it["Name"]: it["Value"] for it in alarm["Dimensions"]}
        for member in [
            "AlarmDescription",
            "MetricName",
            "Namespace",
            "Period",
            "Statistic",
            "Threshold",
            "ComparisonOperator",
            "TreatMissingData",
            "AlarmActions",
            "EvaluationPeriods",
        ]:
            given = theirs.get({"AlarmActions": "alarmActions"}.get(member, setting(member)))
            assert given == alarm.get(member), member
    assert not alarms
