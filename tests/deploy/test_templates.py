"""The SAM templates: accepted by the linters of AWS, and what a careful person would have written by hand."""

import json
import pathlib
import re
import subprocess
import tomllib

import pytest

from conftest import BESIDE, ROOT, STREAM
from rendering import parse, render

TEMPLATES = [STREAM, BESIDE]
names = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)


@names
def test_cfn_lint_finds_nothing(template: pathlib.Path, offline):
    done = subprocess.run(
        ["cfn-lint", "-r", "us-east-1", "-r", "eu-west-1", "-t", str(template)],
        capture_output=True,
        text=True,
        env=offline,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@names
def test_sam_accepts_the_template(template: pathlib.Path, offline):
    done = subprocess.run(
        ["sam", "validate", "--lint", "-t", str(template)], capture_output=True, text=True, env=offline
    )
    assert done.returncode == 0, done.stdout + done.stderr


@names
def test_every_parameter_says_what_it_is_for_and_has_a_default(template: pathlib.Path):
    for name, parameter in parse(template)["Parameters"].items():
        assert len(parameter["Description"]) > 10, name
        assert "Default" in parameter or name == "StreamName", name


@names
def test_only_what_has_a_condition_is_ever_left_out(template: pathlib.Path):
    given = {"StreamName": "s"}
    rendered, source = render(template, given), parse(template)
    left_out = source["Resources"].keys() - rendered.resources.keys()
    assert all("Condition" in source["Resources"][name] for name in left_out)


def test_hints_are_ones_that_aws_accepts_with_dynamic_partitioning(stream):
    parameters = stream.parameters
    assert (parameters["BufferMegabytes"]["MinValue"], parameters["BufferMegabytes"]["MaxValue"]) == (64, 128)
    assert (parameters["BufferSeconds"]["MinValue"], parameters["BufferSeconds"]["MaxValue"]) == (60, 900)
    function = parameters["FunctionBufferMegabytes"]
    assert (function["MinValue"], function["MaxValue"]) == (0.2, 3)


def test_every_key_of_the_prefix_is_one_that_the_function_gives(stream):
    prefix = destination(stream)["Prefix"]
    wanted = re.findall(r"!\{partitionKeyFromLambda:(\w+)\}", prefix)
    given = [name for name, _ in re.findall(r"(?:^|,)(\w+)=([^,]+)", stream.environment()["PARTITION_KEYS"])]
    assert wanted == given == ["eventType", "schemaVersion", "year", "month", "day", "hour"]
    assert prefix == "events/" + "".join(f"{key}=!{{partitionKeyFromLambda:{key}}}/" for key in wanted)


def test_the_example_stream_is_the_one_that_is_deployed():
    example = json.loads((ROOT / "examples" / "stream.json").read_text())
    ours = destination(render(STREAM))
    theirs = example["ExtendedS3DestinationConfiguration"]
    assert example["DeliveryStreamName"] == "client-events"
    for member in ["Prefix", "ErrorOutputPrefix", "CompressionFormat", "BufferingHints"]:
        assert ours[member] == theirs[member], member
    assert [it["Type"] for it in processors(ours)] == [it["Type"] for it in processors(theirs)]


def test_the_bucket_is_private_encrypted_tidied_and_outlives_the_stack(stream):
    bucket = stream.properties("Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert stream.resources["Bucket"]["DeletionPolicy"] == "Retain"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["errors"]["Prefix"] == "errors/" and rules["source"]["Prefix"] == "source/"
    assert ("events" in rules) == (stream.properties("Stream")["DeliveryStreamName"] == "everything")
    denied = [statement["Condition"] for statement in statements(stream.properties("BucketPolicy"))]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied


def test_the_source_is_kept_where_that_is_asked_for(stream):
    backup = destination(stream).get("S3BackupConfiguration")
    if destination(stream)["S3BackupMode"] == "Disabled":
        assert backup is None
    else:
        assert backup["Prefix"] == "source/"
        # Needed only beside expressions (developer guide, "Custom prefixes for Amazon S3 objects").
        assert "!{" not in backup["Prefix"]


def test_alarms_read_metrics_that_there_are(stream):
    """Names from the developer guide, "Monitor with CloudWatch metrics", and from transformer/src."""
    telemetry = "\n".join(path.read_text() for path in ROOT.glob("*/src/**/telemetry*.rs"))
    known = {
        "AWS/Firehose": {
            "DeliveryToS3.DataFreshness",
            "DeliveryToS3.Records",
            "DeliveryToS3.Bytes",
            "DeliveryToS3.ObjectCount",
            "IncomingRecords",
            "IncomingBytes",
            "PartitionCount",
            "PartitionCountExceeded",
            "ThrottledRecords",
        },
        "AWS/Lambda": {"Errors", "Throttles", "Duration"},
        "AWS/S3": {"PutRequests"},
        "Hydrant/Transformer": set(re.findall(r'"(Records|Ok|ProcessingFailed)"', telemetry)),
    }
    assert known["Hydrant/Transformer"] == {"Records", "Ok", "ProcessingFailed"}
    used = set()
    for alarm in stream.of_type("AWS::CloudWatch::Alarm").values():
        queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        used |= {(metric["Namespace"], metric["MetricName"]) for metric in queries or [alarm]}
    dashboard = json.loads(stream.properties("Dashboard")["DashboardBody"])
    for widget in dashboard["widgets"]:
        used |= {(row[0], row[1]) for row in widget["properties"]["metrics"] if isinstance(row[0], str)}
    assert all(name in known[namespace] for namespace, name in used), used
    assert {"DeliveryToS3.DataFreshness", "ProcessingFailed", "Throttles", "ThrottledRecords", "PutRequests"} <= {
        name for _, name in used
    }


def test_metrics_are_where_the_transformer_puts_them(stream, beside):
    sources = "\n".join(path.read_text() for folder in ["transformer", "function"] for path in (ROOT / folder).glob("src/**/*.rs"))
    assert '"Hydrant/Transformer"' in sources and '"DeliveryStream"' in sources
    for rendered in [stream, beside]:
        # Another namespace would leave the alarm without data.
        assert "METRICS_NAMESPACE" not in rendered.environment()


def test_variables_are_ones_that_the_function_reads(stream, beside):
    readme = (ROOT / "transformer" / "README.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.M))
    for rendered in [stream, beside]:
        assert rendered.environment().keys() <= documented


def test_both_templates_make_the_same_function(stream, beside):
    """Beside the names, and what only one of them can know."""
    ours, theirs = stream.properties("Transformer"), beside.properties("Transformer")
    for member in ["Handler", "Runtime", "MemorySize", "Timeout"]:
        assert ours[member] == theirs[member], member
    sources = [parse(template)["Resources"]["Transformer"] for template in TEMPLATES]
    assert sources[0]["Metadata"] == sources[1]["Metadata"]
    assert sources[0]["Properties"]["CodeUri"] == sources[1]["Properties"]["CodeUri"]


def test_outputs_are_commands_that_are_complete(stream, beside):
    for rendered in [stream, beside]:
        for name, value in rendered.outputs.items():
            assert "${" not in value and "None" not in value, (name, value)
    assert ("QueryWithAthena" in stream.outputs) == ("EventsTable" in stream.resources)
    assert json.loads(beside.outputs["Processor"])["Type"] == "Lambda"


def test_the_table_reads_the_layout_that_the_stream_writes():
    rendered = render(STREAM, {"CreateTable": "true", "BucketName": "lake"})
    table = rendered.properties("EventsTable")["TableInput"]
    template = table["Parameters"]["storage.location.template"]
    prefix = re.sub(r"!\{partitionKeyFromLambda:(\w+)\}", lambda m: f"${{{m[1].lower()}}}", destination(rendered)["Prefix"])
    assert template == f"s3://lake/{prefix}"
    keys = [key["Name"] for key in table["PartitionKeys"]]
    assert keys == re.findall(r"\$\{(\w+)\}", template)
    for key in keys:
        assert f"projection.{key}.type" in table["Parameters"]
    generated = set(re.findall(r'=> "([a-z]{3,})"', (ROOT / "generator" / "src" / "event_type.rs").read_text()))
    assert set(table["Parameters"]["projection.eventtype.values"].split(",")) == generated


def test_sam_builds_what_the_profile_lambda_builds():
    """`sam build` always asks for --release; CargoLambda.toml makes that the profile `lambda`."""
    profile = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["lambda"]
    assert profile.pop("inherits") == "release"
    build = tomllib.loads((ROOT / "CargoLambda.toml").read_text())["build"]
    assert build["disable_optimizations"] is True
    made = tomllib.loads("\n".join(build["config"]))["profile"]["release"]
    assert made == profile


def destination(rendered) -> dict:
    return rendered.properties("Stream")["ExtendedS3DestinationConfiguration"]


def processors(configuration: dict) -> list[dict]:
    return configuration["ProcessingConfiguration"]["Processors"]


def statements(policy: dict) -> list[dict]:
    return policy["PolicyDocument"]["Statement"]


def test_two_commands_need_no_more_than_samconfig_says(stream):
    config = tomllib.loads((STREAM.parent / "samconfig.toml").read_text())["default"]
    assert config["build"]["parameters"]["template_file"] == STREAM.name
    # Roles with names of their own would need CAPABILITY_NAMED_IAM.
    # The nested template is expanded; its roles have no names either.
    assert config["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
    assert not any("RoleName" in role for role in stream.of_type("AWS::IAM::Role").values())
    readme = (ROOT / "deploy" / "README.md").read_text()
    assert f"the stack is called `{config['global']['parameters']['stack_name']}`" in " ".join(readme.split())


def test_the_stack_policy_protects_what_holds_records(stream):
    policy = json.loads((STREAM.parent / "stack-policy.json").read_text())
    [denied] = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]
    protected = {resource.removeprefix("LogicalResourceId/") for resource in denied["Resource"]}
    assert protected == {"Stream", "Bucket"} and protected <= stream.resources.keys()


def test_the_readme_names_parameters_and_alarms_that_there_are(stream):
    readme = (ROOT / "deploy" / "README.md").read_text()
    table = readme.split("### What to set")[1].split("\n#")[0]
    for name, default in re.findall(r"^\| `(\w+)` \| (\S+) \|", table, re.M):
        told = default.strip("`").replace("none", "")
        assert told == str(stream.parameters[name]["Default"]), name
    watched = readme.split("## What is watched")[1].split("\n#")[0]
    name = stream.properties("Stream")["DeliveryStreamName"]
    alarms = {alarm["AlarmName"].removeprefix(f"{name}-") for alarm in stream.of_type("AWS::CloudWatch::Alarm").values()}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", watched, re.M)) == alarms
