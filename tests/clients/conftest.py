"""What the conformance suite shares: the binary, a batch of events, and an S3 server that is not ours."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
EVENTS = 5_000


class Hydrant:
    """The command, with an environment that knows one S3 endpoint and no other."""

    def __init__(self, binary: str, endpoint: str, home: pathlib.Path):
        self.binary = binary
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "conformance",
            "AWS_SECRET_ACCESS_KEY": "conformance",
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __call__(self, *arguments, stdin: bytes | None = None) -> bytes:
        done = subprocess.run(
            [self.binary, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sql(self, lake, query: str, *arguments) -> list[dict]:
        return json.loads(self("sql", "--lake", lake, "-c", query, "--format", "json", *arguments))


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    """moto's server, on a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("moto")
    log = open(folder / "log", "wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
        env=os.environ | {"MOTO_RECORDER_FILEPATH": str(folder / "recording")},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, "the S3 server ended by itself"
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def client_of(service: str, endpoint: str):
    """A client of one of the server's services."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="conformance",
        aws_secret_access_key="conformance",
    )


@pytest.fixture(scope="session")
def s3(endpoint):
    return client_of("s3", endpoint)


@pytest.fixture(scope="session")
def hydrant(endpoint, tmp_path_factory):
    return Hydrant(os.environ["HYDRANT"], endpoint, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def events(hydrant) -> bytes:
    """Records as they reach Firehose, one in ten of them with a fault."""
    return hydrant("generate", "--events", EVENTS, "--seed", 7, "--malformed", 10)


@pytest.fixture(scope="session")
def lake(hydrant, events, tmp_path_factory) -> pathlib.Path:
    """A lake in a directory, as the example stream writes it."""
    path = tmp_path_factory.mktemp("lake")
    hydrant("deliver", "--stream", EXAMPLES / "stream.json", "--to", path, "-", stdin=events)
    return path
