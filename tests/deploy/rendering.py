"""A SAM template as CloudFormation would carry it out: SAM's own translator, then the functions, with an account and
a Region that are nobody's."""

import dataclasses
import pathlib
import re
from typing import Any

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ACCOUNT = "123456789012"
REGION = "eu-west-1"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
NOTHING = object()


@dataclasses.dataclass
class Rendered:
    """What a template makes."""

    parameters: dict[str, dict]
    resources: dict[str, dict]
    outputs: dict[str, str]

    def properties(self, logical_id: str) -> dict:
        return self.resources[logical_id]["Properties"]

    def of_type(self, kind: str) -> dict[str, dict]:
        return {name: made["Properties"] for name, made in self.resources.items() if made["Type"] == kind}

    def environment(self) -> dict[str, str]:
        return self.properties("Transformer")["Environment"]["Variables"]


class _Session:
    """What SAM asks boto3 for, without boto3 looking for an account."""

    region_name = REGION


def parse(path: pathlib.Path) -> dict:
    return yaml_parse(path.read_text())


def render(path: pathlib.Path, given: dict | None = None) -> Rendered:
    source = parse(path)
    parameters = source["Parameters"]
    # `sam package` puts the built code there.
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://artifacts/{name.lower()}"
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Application":
            resource["Properties"]["Location"] = "https://s3.amazonaws.com/artifacts/front.yaml"
    template = Translator({}, Parser(), boto_session=_Session()).translate(source, given or {})
    values = {name: parameter.get("Default") for name, parameter in parameters.items()} | (given or {})
    assert values.keys() == parameters.keys(), values.keys() - parameters.keys()
    return _Renderer(template, values).render(parameters)


class _Renderer:
    def __init__(self, template: dict, values: dict):
        self.values = values
        self.resources = template["Resources"]
        self.outputs = template["Outputs"]
        self.conditions: dict[str, bool] = {}
        for name, condition in template["Conditions"].items():
            self.conditions[name] = self.resolve(condition)

    def render(self, parameters: dict) -> Rendered:
        made = {
            name: {**resource, "Properties": self.resolve(resource["Properties"])}
            for name, resource in self.resources.items()
            if self.conditions.get(resource.get("Condition"), True)
        }
        outputs = {
            name: self.resolve(output["Value"])
            for name, output in self.outputs.items()
            if self.conditions.get(output.get("Condition"), True)
        }
        return Rendered(parameters, made, outputs)

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [it for it in map(self.resolve, value) if it is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            function = getattr(self, f"_{name.removeprefix('Fn::').lower()}", None)
            if function and (name.startswith("Fn::") or name in ("Ref", "Condition")):
                return function(argument)
        members = {name: self.resolve(it) for name, it in value.items()}
        return {name: it for name, it in members.items() if it is not NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        return PSEUDO.get(name, self.values.get(name)) if name not in self.resources else self._id(name)

    def _sub(self, text: str) -> str:
        def placeholder(match: re.Match) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            resource, _, attribute = name.partition(".")
            return self._getatt([resource, attribute]) if attribute else str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", placeholder, text)

    def _if(self, argument: list) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self.conditions[condition] else otherwise)

    def _equals(self, argument: list) -> bool:
        left, right = map(self.resolve, argument)
        return str(left) == str(right)

    def _not(self, argument: list) -> bool:
        return not self.resolve(argument[0])

    def _getatt(self, argument: list | str) -> str:
        resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if attribute.startswith("Outputs."):
            return f"{resource}/{attribute}"
        assert attribute == "Arn", attribute
        made = self.resources[resource]
        name = self._id(resource)
        return {
            "AWS::S3::Bucket": f"arn:aws:s3:::{name}",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "AWS::KinesisFirehose::DeliveryStream": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}",
        }[made["Type"]]

    def _id(self, logical_id: str) -> str:
        """What `Ref` gives: the name, for everything that is referred to here."""
        made = self.resources[logical_id]
        names = {
            "AWS::S3::Bucket": "BucketName",
            "AWS::Lambda::Function": "FunctionName",
            "AWS::Logs::LogGroup": "LogGroupName",
            "AWS::Logs::LogStream": "LogStreamName",
            "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
        }
        name = self.resolve(made["Properties"].get(names.get(made["Type"], ""), NOTHING))
        if name is not NOTHING:
            return name
        if made["Type"] == "AWS::Glue::Database":
            return self.resolve(made["Properties"]["DatabaseInput"]["Name"])
        # One that CloudFormation makes up; for a role it is the part before `Role`.
        return logical_id.removesuffix("Role").lower()
