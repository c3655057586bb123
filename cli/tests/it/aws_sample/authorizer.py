"""An authorizer of the sample's kind: any token of three parts is let in, with the client that it names. For tests alone."""

import base64
import json


def handler(event, context):
    parts = event["authorizationToken"].split(".")
    if len(parts) != 3:
        raise Exception("Unauthorized")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": claims["sub"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"clientId": claims["custom:clientId"]},
    }
