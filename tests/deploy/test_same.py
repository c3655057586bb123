"""The SAM template and the Pulumi component make the same: each is brought into one form, and the forms compared."""

import json
import subprocess

import pytest

from conftest import EVERYTHING, PULUMI, STREAM, plain, setting
from rendering import parse, render


@pytest.fixture(scope="module", params=[{"BucketName": "lake"}, EVERYTHING], ids=["defaults", "everything"])
def both(request, pulumi):
    sam, component = render(STREAM, request.param), pulumi(request.param)
    return Sam(sam), Component(component["resources"]), sam.outputs, component["next"]


def document(text) -> dict:
    """A policy: text in the one, an object in the other."""
    return json.loads(text) if isinstance(text, str) else text


class Sam:
    def __init__(self, rendered):
        self.made = rendered

    def stream(self) -> dict:
        stream = self.made.properties("Stream")
        s3 = stream["ExtendedS3DestinationConfiguration"]
        return {
            "name": stream["DeliveryStreamName"],
            "encryption": stream["DeliveryStreamEncryptionConfigurationInput"]["KeyType"],
            **self._s3(s3),
            "partitioning": s3["DynamicPartitioningConfiguration"]["Enabled"],
            "retry": s3["DynamicPartitioningConfiguration"]["RetryOptions"]["DurationInSeconds"],
            "processors": [
                (it["Type"], [(p["ParameterName"], str(p["ParameterValue"])) for p in it["Parameters"]])
                for it in s3["ProcessingConfiguration"]["Processors"]
            ],
            "backup mode": s3["S3BackupMode"],
            "backup": self._s3(s3["S3BackupConfiguration"]) if "S3BackupConfiguration" in s3 else None,
        }

    @staticmethod
    def _s3(s3: dict) -> dict:
        log = s3["CloudWatchLoggingOptions"]
        return {
            "role": s3["RoleARN"],
            "bucket": s3["BucketARN"],
            "prefix": s3["Prefix"],
            "error prefix": s3.get("ErrorOutputPrefix"),
            "size": s3["BufferingHints"]["SizeInMBs"],
            "interval": s3["BufferingHints"]["IntervalInSeconds"],
            "compression": s3["CompressionFormat"],
            "log": (log["Enabled"], log["LogGroupName"], log["LogStreamName"]),
        }

    def function(self) -> dict:
        function = self.made.properties("Transformer")
        return {
            "name": function["FunctionName"],
            "description": function["Description"],
            "runtime": (function["Runtime"], function["Handler"]),
            "architectures": function["Architectures"],
            "memory": function["MemorySize"],
            "timeout": function["Timeout"],
            "role": function["Role"],
            "log": function["LoggingConfig"]["LogGroup"],
            "environment": function["Environment"]["Variables"],
        }

    def policies(self) -> dict:
        roles = self.made.of_type("AWS::IAM::Role")
        return {
            name.removesuffix("Role").lower(): (
                role["AssumeRolePolicyDocument"],
                role["Policies"][0]["PolicyName"],
                role["Policies"][0]["PolicyDocument"],
            )
            for name, role in roles.items()
        }

    def bucket(self) -> dict:
        bucket = self.made.properties("Bucket")
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        [ownership] = bucket["OwnershipControls"]["Rules"]
        rules = bucket["LifecycleConfiguration"]["Rules"]
        access = bucket["PublicAccessBlockConfiguration"]
        return {
            "encryption": encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
            "ownership": ownership["ObjectOwnership"],
            "access": {setting(name): value for name, value in access.items()},
            "lifecycle": [
                (rule["Id"], rule["Status"], rule.get("Prefix"), rule.get("ExpirationInDays"), abandoned)
                for rule in rules
                for abandoned in [rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")]
            ],
            "metrics": [(it["Id"], it["Prefix"]) for it in bucket["MetricsConfigurations"]],
            "policy": self.made.properties("BucketPolicy")["PolicyDocument"],
        }

    def alarms(self) -> dict:
        return {alarm["AlarmName"]: self._alarm(alarm) for alarm in self.made.of_type("AWS::CloudWatch::Alarm").values()}

    @staticmethod
    def _alarm(alarm: dict) -> dict:
        queries = [
            {
                "id": query["Id"],
                "shown": query["ReturnData"],
                "expression": query.get("Expression"),
                "metric": metric
                and {
                    "name": (metric["Metric"]["Namespace"], metric["Metric"]["MetricName"]),
                    "dimensions": dimensions(metric["Metric"]),
                    "statistic": (metric["Stat"], metric["Period"]),
                },
            }
            for query in alarm.get("Metrics", [])
            for metric in [query.get("MetricStat")]
        ]
        return {
            "description": alarm["AlarmDescription"],
            "metric": (alarm.get("Namespace"), alarm.get("MetricName"), alarm.get("Statistic"), alarm.get("Period")),
            "dimensions": dimensions(alarm),
            "queries": queries,
            "when": (alarm["ComparisonOperator"], float(alarm["Threshold"]), alarm["EvaluationPeriods"]),
            "missing": alarm["TreatMissingData"],
            "told": (alarm.get("AlarmActions", []), alarm.get("OKActions", [])),
        }

    def dashboard(self) -> tuple:
        dashboard = self.made.properties("Dashboard")
        return dashboard["DashboardName"], json.loads(dashboard["DashboardBody"])

    def logs(self) -> set:
        groups = self.made.of_type("AWS::Logs::LogGroup").values()
        streams = self.made.of_type("AWS::Logs::LogStream").values()
        return {(it["LogGroupName"], it["RetentionInDays"]) for it in groups} | {
            (it["LogGroupName"], it["LogStreamName"]) for it in streams
        }

    def table(self) -> dict | None:
        if "EventsTable" not in self.made.resources:
            return None
        table = self.made.properties("EventsTable")
        whole = table["TableInput"]
        storage = whole["StorageDescriptor"]
        serde = storage["SerdeInfo"]
        return {
            "name": (table["DatabaseName"], whole["Name"], whole["TableType"]),
            "keys": [(it["Name"], it["Type"]) for it in whole["PartitionKeys"]],
            "parameters": whole["Parameters"],
            "storage": (storage["Location"], storage["InputFormat"], storage["OutputFormat"]),
            "serde": (serde["SerializationLibrary"], serde["Parameters"]),
            "columns": [(it["Name"], it["Type"]) for it in storage["Columns"]],
        }


def dimensions(metric: dict) -> dict:
    return {it["Name"]: it["Value"] for it in metric.get("Dimensions", [])}


class Component:
    def __init__(self, resources: list[dict]):
        self.resources = resources

    def of_type(self, kind: str) -> dict[str, dict]:
        return {it["name"]: it["inputs"] for it in self.resources if it["type"].endswith(f":{kind}")}

    def one(self, kind: str) -> dict:
        [made] = self.of_type(kind).values()
        return made

    def stream(self) -> dict:
        stream = self.one("FirehoseDeliveryStream")
        assert stream["destination"] == "extended_s3" and stream["serverSideEncryption"]["enabled"]
        s3 = stream["extendedS3Configuration"]
        return {
            "name": stream["name"],
            "encryption": stream["serverSideEncryption"]["keyType"],
            **self._s3(s3),
            "partitioning": s3["dynamicPartitioningConfiguration"]["enabled"],
            "retry": s3["dynamicPartitioningConfiguration"]["retryDuration"],
            "processors": [
                (it["type"], [(p["parameterName"], p["parameterValue"]) for p in it["parameters"]])
                for it in s3["processingConfiguration"]["processors"]
            ],
            "backup mode": s3["s3BackupMode"],
            "backup": self._s3(s3["s3BackupConfiguration"]) if "s3BackupConfiguration" in s3 else None,
        }

    @staticmethod
    def _s3(s3: dict) -> dict:
        log = s3["cloudwatchLoggingOptions"]
        return {
            "role": s3["roleArn"],
            "bucket": s3["bucketArn"],
            "prefix": s3["prefix"],
            "error prefix": s3.get("errorOutputPrefix"),
            "size": s3["bufferingSize"],
            "interval": s3["bufferingInterval"],
            "compression": s3["compressionFormat"],
            "log": (log["enabled"], log["logGroupName"], log["logStreamName"]),
        }

    def function(self) -> dict:
        function = self.one("Function")
        return {
            "name": function["name"],
            "description": function["description"],
            "runtime": (function["runtime"], function["handler"]),
            "architectures": function["architectures"],
            "memory": function["memorySize"],
            "timeout": function["timeout"],
            "role": function["role"],
            "log": function["loggingConfig"]["logGroup"],
            "environment": function["environment"]["variables"],
        }

    def policies(self) -> dict:
        policies = self.of_type("RolePolicy")
        return {
            name: (document(role["assumeRolePolicy"]), policies[name]["name"], document(policies[name]["policy"]))
            for name, role in self.of_type("Role").items()
        }

    def bucket(self) -> dict:
        [encryption] = self.one("BucketServerSideEncryptionConfiguration")["rules"]
        access = dict(self.one("BucketPublicAccessBlock"))
        access.pop("bucket")
        metrics = self.of_type("BucketMetric").values()
        return {
            "encryption": encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
            "ownership": self.one("BucketOwnershipControls")["rule"]["objectOwnership"],
            "access": access,
            "lifecycle": [
                (
                    rule["id"],
                    rule["status"],
                    rule["filter"].get("prefix"),
                    rule.get("expiration", {}).get("days"),
                    rule.get("abortIncompleteMultipartUpload", {}).get("daysAfterInitiation"),
                )
                for rule in self.one("BucketLifecycleConfiguration")["rules"]
            ],
            "metrics": [(it["name"], it["filter"]["prefix"]) for it in metrics],
            "policy": document(self.one("BucketPolicy")["policy"]),
        }

    def alarms(self) -> dict:
        return {alarm["name"]: self._alarm(alarm) for alarm in self.of_type("MetricAlarm").values()}

    @staticmethod
    def _alarm(alarm: dict) -> dict:
        queries = [
            {
                "id": query["id"],
                "shown": query["returnData"],
                "expression": query.get("expression"),
                "metric": metric
                and {
                    "name": (metric["namespace"], metric["metricName"]),
                    "dimensions": metric["dimensions"],
                    "statistic": (metric["stat"], metric["period"]),
                },
            }
            for query in alarm.get("metricQueries", [])
            for metric in [query.get("metric")]
        ]
        return {
            "description": alarm["alarmDescription"],
            "metric": (alarm.get("namespace"), alarm.get("metricName"), alarm.get("statistic"), alarm.get("period")),
            "dimensions": alarm.get("dimensions", {}),
            "queries": queries,
            "when": (alarm["comparisonOperator"], float(alarm["threshold"]), alarm["evaluationPeriods"]),
            "missing": alarm["treatMissingData"],
            "told": (alarm["alarmActions"], alarm["okActions"]),
        }

    def dashboard(self) -> tuple:
        dashboard = self.one("Dashboard")
        return dashboard["dashboardName"], json.loads(dashboard["dashboardBody"])

    def logs(self) -> set:
        groups = self.of_type("LogGroup").values()
        streams = self.of_type("LogStream").values()
        return {(it["name"], it["retentionInDays"]) for it in groups} | {
            (it["logGroupName"], it["name"]) for it in streams
        }

    def table(self) -> dict | None:
        if not self.of_type("CatalogTable"):
            return None
        table = self.one("CatalogTable")
        storage = table["storageDescriptor"]
        serde = storage["serDeInfo"]
        return {
            "name": (table["databaseName"], table["name"], table["tableType"]),
            "keys": [(it["name"], it["type"]) for it in table["partitionKeys"]],
            "parameters": table["parameters"],
            "storage": (storage["location"], storage["inputFormat"], storage["outputFormat"]),
            "serde": (serde["serializationLibrary"], serde["parameters"]),
            "columns": [(it["name"], it["type"]) for it in storage["columns"]],
        }


PARTS = ["stream", "function", "policies", "bucket", "alarms", "dashboard", "logs", "table"]


@pytest.mark.parametrize("part", PARTS)
def test_both_make_the_same(both, part):
    sam, component, *_ = both
    assert getattr(component, part)() == getattr(sam, part)()


def test_both_say_the_same_next_commands(both):
    *_, outputs, commands = both
    assert {setting(name) for name in outputs} >= commands.keys()
    assert all(commands[setting(name)] == text for name, text in outputs.items() if setting(name) in commands)


def test_the_component_holds_by_itself(pulumi):
    done = subprocess.run(["node", "--test", "build/test/stream.test.js"], cwd=PULUMI, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 3\n" in done.stdout, done.stdout


# What is handed on to the template in front of the stream; test_front.py compares that one.
HANDED_ON = {"FrontDoor", "ServiceDeskUrl", "ServiceDeskSecret"}


def test_both_take_the_same_settings_with_the_same_defaults_and_limits(pulumi):
    parameters = {name: it for name, it in parse(STREAM)["Parameters"].items() if name not in HANDED_ON}
    component = pulumi({})
    assert component["defaults"] == {setting(name): plain(it["Default"]) for name, it in parameters.items()}
    limits = {
        setting(name): [it.get("MinValue", None), it.get("MaxValue", None)]
        for name, it in parameters.items()
        if "MinValue" in it and name != "LastSchemaVersion"
    }
    assert {name: [least, most] for name, least, most in component["ranges"]} == limits
