"""Runs a Python handler as AWS Lambda does: events from the Runtime API, answers back to it.

Arguments: the handler's file and the name of its function. Needs nothing but the standard library.
"""

import decimal
import http.client
import importlib.util
import json
import os
import sys
import time
import traceback

RUNTIME = "/2018-06-01/runtime/"


class Context:
    """What a handler may ask about its invocation."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = "/aws/lambda/" + (self.function_name or "")
        self.log_stream_name = self.function_version
        self.identity = self.client_context = None
        self._deadline = int(headers.get("Lambda-Runtime-Deadline-Ms") or 0)

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)


def plain(value):
    """What Lambda's own runtime writes though JSON has no such type: handlers rely on it."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def problem(error):
    trace = traceback.format_exception(error)
    sys.stderr.write("".join(trace))
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace})


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(method, path, body=None):
        api.request(method, RUNTIME + path, body)
        response = api.getresponse()
        return response, response.read()

    file, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    try:
        os.chdir(os.path.dirname(file))
        sys.path.insert(0, os.path.dirname(file))
        module_name = os.path.splitext(os.path.basename(file))[0]
        spec = importlib.util.spec_from_file_location(module_name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        spec.loader.exec_module(module)
        handler = getattr(module, name)
    except Exception as error:
        call("POST", "init/error", problem(error))
        sys.exit(1)
    while True:
        response, event = call("GET", "invocation/next")
        if response.status != 200:
            return
        context = Context(response.headers)
        path = f"invocation/{context.aws_request_id}/"
        try:
            answer = json.dumps(handler(json.loads(event), context), default=plain)
        except Exception as error:
            call("POST", path + "error", problem(error))
        else:
            call("POST", path + "response", answer.encode())


main()
