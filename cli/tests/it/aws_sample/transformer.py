"""A transformer of the sample's kind: the client's id moves, the newline goes, and data is bytes."""

import base64
import json


def handler(event, context):
    output = []
    for record in event["records"]:
        payload = json.loads(base64.b64decode(record["data"]))
        payload["detail"]["accountNumber"] = payload["resources"][0]
        payload["resources"] = []
        data = base64.b64encode(json.dumps(payload).encode())
        output.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": output}
