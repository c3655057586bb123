"""The transform of AWS's client event sample, with its habits: `hydrant up --function
client-event-transform=examples/aws-sample-transform.py` runs it for examples/aws-sample-stream.json.

The client's id travels in `resources` and moves into the detail. What comes out has no newline, and a record that
cannot be read is left out of the answer: Firehose then says that its id was not returned.
"""

import base64
import json


def moved(data: str) -> str:
    event = json.loads(base64.b64decode(data))
    event["detail"]["accountNumber"] = event["resources"].pop(0)
    return base64.b64encode(json.dumps(event).encode()).decode()


def lambda_handler(event, context):
    answered = []
    for record in event["records"]:
        try:
            data = moved(record["data"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            print(f"left out {record['recordId']}: {error!r}")
            continue
        answered.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": answered}
