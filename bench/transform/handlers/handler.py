"""The same work as a Python handler, written as AWS's own samples write theirs, and the loop that times it.

What Lambda's Python runtime does around a handler is inside the time: json.loads of the event, json.dumps of
the answer.
"""

import base64
import json
import sys
import time


def handler(event, context):
    output = []
    for record in event["records"]:
        try:
            payload = json.loads(base64.b64decode(record["data"]))
            resources = payload.get("resources") or []
            if resources:
                payload["detail"]["clientId"] = resources[0]
                payload["resources"] = []
            line = json.dumps(payload, separators=(",", ":"), ensure_ascii=False) + "\n"
            output.append(
                {
                    "recordId": record["recordId"],
                    "result": "Ok",
                    "data": base64.b64encode(line.encode("utf-8")).decode("ascii"),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            output.append({"recordId": record["recordId"], "result": "ProcessingFailed"})
    return {"records": output}


def main():
    request, answer, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(request, "rb") as file:
        event = file.read()
    for _ in range(rounds):
        start = time.perf_counter_ns()
        text = json.dumps(handler(json.loads(event), None)).encode("utf-8")
        print(time.perf_counter_ns() - start)
    with open(answer, "wb") as file:
        file.write(text)


main()
