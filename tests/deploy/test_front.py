"""The template of the front half: what it lets in, what it may do, and the faults of the AWS sample that it has not."""

import json
import re
import subprocess

import pytest

from conftest import PULUMI, SAM, STREAM, setting
from rendering import parse

FRONT = SAM / "front.yaml"


@pytest.fixture(scope="module")
def front() -> dict:
    return parse(FRONT)


def properties(front: dict, name: str) -> dict:
    return front["Resources"][name]["Properties"]


def test_the_linters_of_aws_find_nothing(offline):
    for command in (["cfn-lint", "-r", "us-east-1", "-r", "eu-west-1", "-t"], ["sam", "validate", "--lint", "-t"]):
        done = subprocess.run([*command, str(FRONT)], capture_output=True, text=True, env=offline)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_parameter_says_what_it_is_for_and_has_a_default(front):
    for name, parameter in front["Parameters"].items():
        assert len(parameter["Description"]) > 10, name
        assert "Default" in parameter, name


def test_the_stream_s_template_hands_on_parameters_that_there_are(front):
    outer = parse(STREAM)
    application = outer["Resources"]["FrontDoorApplication"]["Properties"]
    assert application["Location"] == FRONT.name
    assert application["Parameters"].keys() <= front["Parameters"].keys()
    for name in ["ServiceDeskUrl", "ServiceDeskSecret"]:
        assert outer["Parameters"][name]["Default"] == front["Parameters"][name]["Default"]


# By role and statement: the actions, and the one thing that they are for.
NEEDED = {
    "ConfirmationRole": {"Log": {"logs:CreateLogStream", "logs:PutLogEvents"}},
    "AuthorizerRole": {"Log": {"logs:CreateLogStream", "logs:PutLogEvents"}},
    "ApiRole": {"PutEvents": {"events:PutEvents"}},
    "StreamRole": {"PutRecords": {"firehose:PutRecord", "firehose:PutRecordBatch"}},
    "ServiceDeskRole": {"Invoke": {"events:InvokeApiDestination"}},
}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def test_each_role_has_exactly_the_actions_it_needs(front):
    roles = {name: it["Properties"] for name, it in front["Resources"].items() if it["Type"] == "AWS::IAM::Role"}
    assert roles.keys() == NEEDED.keys()
    for name, role in roles.items():
        [policy] = role["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        assert {it["Sid"]: set(listed(it["Action"])) for it in statements} == NEEDED[name]
        assert not any("*" == resource for it in statements for resource in listed(it["Resource"]))
        assert "ManagedPolicyArns" not in role
        [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"].keys() == {"Service"}
    [statement] = properties(front, "ConfirmationPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "cognito-idp:AdminUpdateUserAttributes"
    assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


def test_no_application_can_write_a_client_s_id(front):
    client = properties(front, "UserPoolClient")
    assert client["WriteAttributes"] == ["email"]
    assert "custom:clientId" in client["ReadAttributes"]


def test_the_authorizer_checks_issuer_application_and_use(front):
    """The AWS sample's checks none of the three for the tokens that its clients send."""
    variables = properties(front, "Authorizer")["Environment"]["Variables"]
    assert variables["ISSUER"] == {"Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}"}
    assert variables["APP_CLIENT_IDS"] == {"Ref": "UserPoolClient"}
    assert variables["TOKEN_USE"] == "id"


def test_every_method_has_an_authorizer(front):
    for api in ["EventsApi", "UploadsApi"]:
        document = properties(front, api)["DefinitionBody"]
        known = document["components"]["securitySchemes"].keys()
        for path in document["paths"].values():
            for method in path.values():
                assert {name for scheme in method["security"] for name in scheme} <= known and method["security"]


def test_what_the_bus_refuses_is_no_success(front):
    """The AWS sample answers 200 to whatever the bus says."""
    document = properties(front, "EventsApi")["DefinitionBody"]
    responses = document["paths"]["/event"]["post"]["x-amazon-apigateway-integration"]["responses"]
    statuses = {pattern: response["statusCode"] for pattern, response in responses.items()}
    assert statuses == {"2\\d{2}": "200", "4\\d{2}": "400", "default": "502"}
    assert "responseOverride.status = 207" in responses["2\\d{2}"]["responseTemplates"]["application/json"]


def test_every_rule_has_a_dead_letter_queue_that_takes_from_it(front):
    rules = {name: it for name, it in front["Resources"].items() if it["Type"] == "AWS::Events::Rule"}
    [statement] = properties(front, "DeadLettersPolicy")["PolicyDocument"]["Statement"]
    sources = json.dumps(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    for name, rule in rules.items():
        for target in rule["Properties"]["Targets"]:
            assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
        assert f'["{name}", "Arn"]' in sources


def test_an_event_reaches_the_stream_whole_and_on_a_line_of_its_own(front):
    """`<aws.events.event>` leaves the detail out; the AWS sample's template has it, and no newline survives."""
    [target] = properties(front, "ToStream")["Targets"]
    assert target["InputTransformer"] == {"InputTemplate": "<aws.events.event.json>\n"}


def test_secrets_are_named_once_and_never_written(front):
    """The AWS sample makes proto/Zendesk and looks for proto/zendesk."""
    basic = properties(front, "ServiceDeskConnection")["AuthParameters"]["BasicAuthParameters"]
    assert {it["Fn::Sub"].split(":")[2] for it in basic.values()} == {"${ServiceDeskSecret}"}
    assert {it["Fn::Sub"].split(":")[4].rstrip("}") for it in basic.values()} == {"user", "apiKey"}


def test_users_and_their_ids_outlive_the_stack(front):
    pool = front["Resources"]["UserPool"]
    assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("Retain", "Retain")


# -- The same with Pulumi ------------------------------------------------------------------------------------------

DESK = {"serviceDeskUrl": "https://desk.example.com/tickets"}
NAMES = {
    "StreamName": "client-events",
    "BusName": "client-events",
    "StageName": "prod",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "Authorizer.Arn": "arn:aws:lambda:eu-west-1:123456789012:function:client-events-authorizer",
}
ARNS = {
    "ApiRole.Arn": "arn:aws:iam::123456789012:role/api",
    "StreamRole.Arn": "arn:aws:iam::123456789012:role/stream",
    "ServiceDeskRole.Arn": "arn:aws:iam::123456789012:role/service-desk",
    "ServiceDesk.Arn": "arn:aws:events:eu-west-1:123456789012:api-destination/client-events-service-desk/1",
    "DeadLetters.Arn": "arn:aws:sqs:eu-west-1:123456789012:client-events-dead-letters",
    "Bus.Arn": "arn:aws:events:eu-west-1:123456789012:event-bus/client-events",
}


@pytest.fixture(scope="module")
def component(pulumi):
    """`pulumi` has compiled the program, or skipped."""
    done = subprocess.run(
        ["node", "build/test/render-front.js", json.dumps(DESK)], cwd=PULUMI, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def made(component: dict, kind: str) -> dict[str, dict]:
    return {it["name"]: it["inputs"] for it in component["resources"] if it["type"].endswith(f":{kind}")}


def put_in(value, parameters: dict):
    """A value of the template with its functions carried out, for the defaults."""
    if isinstance(value, list):
        return [put_in(it, parameters) for it in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return parameters.get(value["Ref"], NAMES.get(value["Ref"], value["Ref"]))
    if value.keys() == {"Fn::GetAtt"}:
        return ARNS[".".join(value["Fn::GetAtt"])]
    if value.keys() == {"Fn::Sub"}:
        known = {**parameters, **NAMES}
        return re.sub(r"\$\{([^}]+)\}", lambda match: str(known[match[1]]), value["Fn::Sub"])
    return {name: put_in(it, parameters) for name, it in value.items()}


@pytest.fixture(scope="module")
def resolved(front) -> dict:
    parameters = {name: it["Default"] for name, it in front["Parameters"].items()}
    parameters["ServiceDeskUrl"] = DESK["serviceDeskUrl"]

    def properties_of(name: str) -> dict:
        return put_in(properties(front, name), parameters)

    return properties_of


@pytest.mark.parametrize("sam, kind", [("EventsApi", "RestApi"), ("UploadsApi", "apigatewayv2/api:Api")])
def test_both_have_the_same_api_to_the_byte_of_its_templates(component, resolved, sam, kind):
    [document] = [json.loads(it["body"]) for it in made(component, kind.split(":")[-1]).values()]
    assert document == resolved(sam)["DefinitionBody"]


def test_both_have_the_same_settings_with_the_same_defaults(component, front):
    parameters = front["Parameters"].items()
    assert component["defaults"] == {setting(name): it["Default"] for name, it in parameters}


@pytest.mark.parametrize("sam, pulumi_name", [("ToStream", "to-stream"), ("ToServiceDesk", "to-service-desk")])
def test_both_route_the_same_events_to_the_same_targets(component, resolved, sam, pulumi_name):
    rule = made(component, "EventRule")[pulumi_name]
    theirs = resolved(sam)
    assert (rule["name"], rule["description"]) == (theirs["Name"], theirs["Description"])
    assert json.loads(rule["eventPattern"]) == theirs["EventPattern"]
    ours, [target] = made(component, "EventTarget")[pulumi_name], theirs["Targets"]
    assert (ours["targetId"], ours["arn"], ours["roleArn"]) == (target["Id"], target["Arn"], target["RoleArn"])
    assert ours.get("inputPath") == target.get("InputPath")
    assert ours.get("inputTransformer", {}).get("inputTemplate") == target.get("InputTransformer", {}).get("InputTemplate")
    assert ours.get("httpTarget", {}).get("headerParameters") == target.get("HttpParameters", {}).get("HeaderParameters")
    assert ours["deadLetterConfig"]["arn"] == target["DeadLetterConfig"]["Arn"]


def test_both_archive_and_desk_are_the_same(component, resolved):
    [ours], theirs = made(component, "EventArchive").values(), resolved("Archive")
    assert json.loads(ours["eventPattern"]) == theirs["EventPattern"]
    assert (ours["name"], ours["retentionDays"], ours["eventSourceArn"]) == (
        theirs["ArchiveName"],
        theirs["RetentionDays"],
        theirs["SourceArn"],
    )
    [desk] = made(component, "EventApiDestination").values()
    assert (desk["httpMethod"], desk["invocationRateLimitPerSecond"]) == ("POST", 10)


def test_both_functions_and_the_pool_are_the_same(component, front, resolved):
    for name in ["authorizer", "confirmation"]:
        ours, theirs = made(component, "Function")[name], properties(front, name.title())
        assert (ours["memorySize"], ours["timeout"], ours["description"]) == (
            theirs["MemorySize"],
            theirs["Timeout"],
            theirs["Description"],
        )
        variables = theirs.get("Environment", {}).get("Variables", {})
        assert ours.get("environment", {}).get("variables", {}).keys() == variables.keys()
    client, theirs = made(component, "UserPoolClient")["users"], properties(front, "UserPoolClient")
    assert (client["readAttributes"], client["writeAttributes"]) == (theirs["ReadAttributes"], theirs["WriteAttributes"])
    assert client["explicitAuthFlows"] == theirs["ExplicitAuthFlows"]


def test_both_grant_the_same(component):
    policies = {
        name: {it["Sid"]: set(listed(it["Action"])) for it in json.loads(policy["policy"])["Statement"]}
        for name, policy in made(component, "RolePolicy").items()
    }
    by_role = {name.removesuffix("Role").lower().replace("servicedesk", "service-desk"): it for name, it in NEEDED.items()}
    assert policies == {**by_role, "users": {"SetClientId": {"cognito-idp:AdminUpdateUserAttributes"}}}
