"""The mapping template of the API, in two engines that are not ours: every event comes out as it went in."""

import json
import pathlib
import re
import shutil
import subprocess

import airspeed
import pytest

from conftest import ROOT, SAM
from rendering import parse

FRONT = SAM / "front.yaml"
CASES = json.loads((ROOT / "gateway" / "tests" / "mapping.json").read_text())["cases"]
RENDERED = [case for case in CASES if case["details"] is not None]
CONTEXT = {"authorizer": {"clientId": "client-1"}}
STAGE_VARIABLES = {"Bus": "client-events", "Environment": "prod"}


def integration() -> dict:
    document = parse(FRONT)["Resources"]["EventsApi"]["Properties"]["DefinitionBody"]
    return document["paths"]["/event"]["post"]["x-amazon-apigateway-integration"]


def template() -> str:
    return integration()["requestTemplates"]["application/json"]


class JavaText(str):
    """Text with Java's `replaceAll`."""

    def replaceAll(self, pattern: str, replacement: str) -> "JavaText":
        return JavaText(re.sub(pattern, lambda _: replacement, self))


class Util:
    SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "'": "\\'", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

    def escapeJavaScript(self, text: str) -> JavaText:
        def escaped(character: str) -> str:
            if short := self.SHORT.get(character):
                return short
            if " " <= character <= "~":
                return character
            units = character.encode("utf-16-be")
            return "".join(f"\\u{units[at] << 8 | units[at + 1]:04X}" for at in range(0, len(units), 2))

        return JavaText("".join(map(escaped, str(text))))


class Input:
    def __init__(self, body: dict):
        self.body = body

    def path(self, path: str):
        value = self.body
        for name in path.split(".")[1:]:
            value = value.get(name, [])
        return value


def with_airspeed(text: str, bodies: list[dict]) -> list[str]:
    def render(body: dict) -> str:
        context = {**CONTEXT, "requestOverride": {"header": {}}}
        variables = {"input": Input(body), "util": Util(), "context": context, "stageVariables": STAGE_VARIABLES}
        return airspeed.Template(text).merge(variables)

    return [render(body) for body in bodies]


def with_velocityjs(text: str, bodies: list[dict]) -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("there is no Node to run velocityjs with")
    given = {"template": text, "bodies": bodies, "context": CONTEXT, "stageVariables": STAGE_VARIABLES}
    done = subprocess.run(
        ["node", "mapping.js"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=pathlib.Path(__file__).parent,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


ENGINES = {"airspeed": with_airspeed, "velocityjs": with_velocityjs}
engines = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


@engines
def test_every_event_comes_out_of_the_template_as_it_went_in(engine):
    for case, text in zip(RENDERED, engine(template(), [case["body"] for case in RENDERED]), strict=True):
        entries = json.loads(text)["Entries"]
        assert [entry["Detail"] for entry in entries] == case["details"], case["name"]
        for entry in entries:
            rest = {name: value for name, value in entry.items() if name != "Detail"}
            assert rest == {
                "Source": "clientevents",
                "DetailType": "prod",
                "EventBusName": "client-events",
                "Resources": ["client-1"],
            }


@engines
def test_without_the_replacement_an_apostrophe_breaks_it(engine):
    """What the AWS sample does, and why ours does not do it."""
    bare = template().replace(""".replaceAll("\\\\'", "'")""", "")
    assert bare != template()
    [text] = engine(bare, [{"entries": [{"entry": '{"a":"it\'s"}'}]}])
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_the_template_is_within_what_api_gateway_takes():
    assert len(template().encode()) < 300 << 10
    assert integration()["uri"] == {
        "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:events:action/PutEvents"
    }
    # A 400 of the bus must not reach a client as 200, nor an answer with failed entries.
    assert list(integration()["responses"]) == ["2\\d{2}", "4\\d{2}", "default"]
