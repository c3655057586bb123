"""See start.sh. A Lambda Runtime API of one page, that hands out one event and watches who fetches it."""

import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import time

STARTS = 30
MARKS = {"binary": 6 * 1000 * 1000, "start": 10.0, "memory": 64.0}


def read_request(connection, pending):
    """One HTTP request: its head, its body, and what came after it."""
    while b"\r\n\r\n" not in pending:
        more = connection.recv(1 << 20)
        if not more:
            return None, None, b""
        pending += more
    head, _, rest = pending.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    parts = [rest]
    size = len(rest)
    while size < length:
        part = connection.recv(1 << 20)
        parts.append(part)
        size += len(part)
    body = b"".join(parts)
    return head, body[:length], body[length:]


def start(binary, server):
    environment = {
        "PATH": os.environ.get("PATH", ""),
        # The partitioner does not start without; the transformer is measured without unless it is set.
        **{name: value for name, value in os.environ.items() if name == "PARTITION_KEYS"},
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.getsockname()[1],
        "AWS_LAMBDA_FUNCTION_NAME": "transformer",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    }
    started = time.perf_counter()
    process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL)
    connection, _ = server.accept()
    connection.settimeout(30)
    head, _, pending = read_request(connection, b"")
    took = (time.perf_counter() - started) * 1000
    assert head.startswith(b"GET /2018-06-01/runtime/invocation/next"), head
    return process, connection, pending, took


def event(size):
    """A transform event of just below `size` bytes of client events."""
    detail = {"eventType": "search", "schemaVersion": "1", "data": {"searchTerm": "caf\u00e9", "pad": "x" * 250}}
    record = {"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "prod",
              "source": "clientevents", "account": "123456789012", "time": "2026-11-02T08:15:30Z",
              "region": "eu-west-1", "resources": ["b1f0c0de-1f0c-4a57-9d0b-000000000000"], "detail": detail}
    data = base64.b64encode(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()).decode()
    one = {"recordId": "4" * 56 + "%06d", "approximateArrivalTimestamp": 1793607330000, "data": data}
    text = json.dumps(one, separators=(",", ":"))
    count = (size - 200) // (len(text) + 5)
    records = ",".join(text % number for number in range(count))
    return ('{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:1:deliverystream/s",'
            '"region":"eu-west-1","records":[' + records + "]}").encode(), count


def memory(process, name):
    with open("/proc/%d/status" % process.pid) as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


def main():
    binary = sys.argv[1]
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(30)
    starts = []
    for _ in range(STARTS):
        process, connection, _, took = start(binary, server)
        starts.append(took)
        process.kill()
        process.wait()
        connection.close()
    process, connection, pending, _ = start(binary, server)
    idle = memory(process, "VmRSS")
    body, count = event(6_291_456)
    took = []
    # Answers come on a connection of their own, opened with the first.
    answers, rest = None, b""
    for number in range(6):
        head = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                "Lambda-Runtime-Aws-Request-Id: r%d\r\nLambda-Runtime-Deadline-Ms: %d\r\n"
                "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:1:function:transformer\r\n\r\n"
                % (len(body), number, int(time.time() * 1000) + 60_000)).encode()
        begun = time.perf_counter()
        connection.sendall(head + body)
        if answers is None:
            answers, _ = server.accept()
            answers.settimeout(30)
        head, answer, rest = read_request(answers, rest)
        took.append((time.perf_counter() - begun) * 1000)
        assert b"/response " in head.split(b"\r\n")[0], (head, answer[:300])
        records = json.loads(answer)["records"]
        assert len(records) == count
        failed = sum(record["result"] != "Ok" for record in records)
        answers.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        head, _, pending = read_request(connection, pending)
        assert head.startswith(b"GET "), head
    peak = memory(process, "VmHWM")
    process.kill()
    process.wait()
    size = os.path.getsize(binary)
    rows = [
        ("binary, MB", size / 1e6, MARKS["binary"] / 1e6),
        ("start to first request for an event, ms, best of %d" % STARTS, min(starts), MARKS["start"]),
        ("the same, median", statistics.median(starts), MARKS["start"]),
        ("memory before the first event, MiB", idle, None),
        ("most memory, events of %.2f MB, MiB" % (len(body) / 1e6), peak, MARKS["memory"]),
        ("event in to answer out, through the socket, ms, best of 6", min(took), None),
    ]
    print("| What | Measured | Mark |\n| --- | ---: | ---: |")
    for name, value, mark in rows:
        print("| %s | %.2f | %s |" % (name, value, "" if mark is None else "\u2264 %g" % mark))
    print("\nOf %d records %d had no room in the answer." % (count, failed))
    return 0 if all(mark is None or value <= mark for _, value, mark in rows) else 1


sys.exit(main())
