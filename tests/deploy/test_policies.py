"""Roles may do what they need, on what is theirs, and nothing else."""

import pytest

# By role and statement (Firehose developer guide, "Grant Firehose access to an Amazon S3 destination" and "Allow
# Firehose to invoke a Lambda function"; Lambda developer guide, "Defining permissions with an execution role").
NEEDED = {
    "TransformerRole": {
        "Log": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "Reingest": {"firehose:PutRecordBatch"},
    },
    "DeliveryRole": {
        "Transform": {"lambda:InvokeFunction", "lambda:GetFunctionConfiguration"},
        "Bucket": {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
        "Objects": {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"},
        "Log": {"logs:PutLogEvents"},
    },
}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def granted(role: dict) -> dict[str, dict]:
    [policy] = role["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def test_each_role_has_exactly_the_actions_it_needs(stream):
    reingest = stream.environment()["REINGEST"] == "true"
    assert stream.of_type("AWS::IAM::Role").keys() == NEEDED.keys()
    for name, needed in NEEDED.items():
        statements = granted(stream.properties(name))
        wanted = {sid: actions for sid, actions in needed.items() if sid != "Reingest" or reingest}
        assert {sid: set(listed(it["Action"])) for sid, it in statements.items()} == wanted
        assert "ManagedPolicyArns" not in stream.properties(name)


def test_nothing_is_granted_on_everything(stream, beside):
    for rendered in [stream, beside]:
        documents = [role["Policies"][0] for role in rendered.of_type("AWS::IAM::Role").values()]
        documents += rendered.of_type("AWS::IAM::RolePolicy").values()
        for document in documents:
            for statement in document["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not any("*" in action for action in listed(statement["Action"]))
                for resource in listed(statement["Resource"]):
                    assert resource.startswith("arn:aws:") and "*" not in resource.split("/")[0].replace(":*", ""), resource


def test_the_stream_may_invoke_the_version_that_it_names(stream, beside):
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:{}:$LATEST"
    name = stream.properties("Transformer")["FunctionName"]
    assert granted(stream.properties("DeliveryRole"))["Transform"]["Resource"] == arn.format(name)
    destination = stream.properties("Stream")["ExtendedS3DestinationConfiguration"]
    processor, *_ = destination["ProcessingConfiguration"]["Processors"]
    assert processor["Parameters"][0] == {"ParameterName": "LambdaArn", "ParameterValue": arn.format(name)}
    [statement] = beside.properties("InvokePermission")["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == NEEDED["DeliveryRole"]["Transform"]
    assert statement["Resource"] == arn.format("transformer")


def test_the_stream_writes_where_its_prefixes_lead_and_nowhere_else(stream):
    destination = stream.properties("Stream")["ExtendedS3DestinationConfiguration"]
    folders = [destination["Prefix"], destination["ErrorOutputPrefix"]]
    if "S3BackupConfiguration" in destination:
        folders.append(destination["S3BackupConfiguration"]["Prefix"])
    wanted = [f"{destination['BucketARN']}/{folder.split('/')[0]}/*" for folder in folders]
    assert granted(stream.properties("DeliveryRole"))["Objects"]["Resource"] == wanted


@pytest.mark.parametrize("role, service", [("TransformerRole", "lambda"), ("DeliveryRole", "firehose")])
def test_each_role_trusts_one_service(stream, role, service):
    [statement] = stream.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    if service == "firehose":
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "123456789012"}}
