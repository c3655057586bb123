"""The front door with the tokens of a user pool that is not ours: moto's Cognito, with our confirmation's attribute."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import ROOT, client_of

FRONT = ROOT / "deploy" / "sam" / "front.yaml"
PASSWORD = "Password-of-12"


@pytest.fixture(scope="module")
def cognito(endpoint):
    return client_of("cognito-idp", endpoint)


@pytest.fixture(scope="module")
def pool(cognito):
    """A pool and its application, as the template has them."""
    schema = [{"Name": "clientId", "AttributeDataType": "String", "Mutable": True}]
    made = cognito.create_user_pool(PoolName="clients", Schema=schema)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=made,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        ReadAttributes=["email", "custom:clientId"],
        WriteAttributes=["email"],
    )["UserPoolClient"]["ClientId"]
    return made, client


def tokens(cognito, pool, user: str, client_id: str | None) -> dict:
    """Those of a new user; what the confirmation function does is done here."""
    made, client = pool
    cognito.admin_create_user(UserPoolId=made, Username=user)
    cognito.admin_set_user_password(UserPoolId=made, Username=user, Password=PASSWORD, Permanent=True)
    if client_id:
        attributes = [{"Name": "custom:clientId", "Value": client_id}]
        cognito.admin_update_user_attributes(UserPoolId=made, Username=user, UserAttributes=attributes)
    answer = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD},
    )
    return answer["AuthenticationResult"]


class Door:
    """`hydrant up` in front of the pool."""

    def __init__(self, hydrant, folder, endpoint, pool, *arguments):
        made, client = pool
        command = [
            hydrant.binary, "up", "-t", FRONT, "--lake", "lake", "--listen", "127.0.0.1:0",
            "--issuer", f"https://cognito-idp.eu-west-1.amazonaws.com/{made}",
            "--issuer-keys", f"{endpoint}/{made}/.well-known/jwks.json",
            "--app-client", client, *arguments,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=open(folder / "log", "wb"), env=hydrant.environment
        )
        self.url = self.process.stdout.readline().decode().strip()
        assert self.url, (folder / "log").read_text()

    def post(self, token: str, body: dict) -> tuple[int, dict]:
        request = urllib.request.Request(
            f"{self.url}/prod/event",
            data=json.dumps(body).encode(),
            headers={"Authorization": token, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)


BODY = {"entries": [{"entry": '{"eventType":"paging"}'}]}


def test_an_id_token_of_the_pool_is_let_in_and_other_tokens_are_not(hydrant, endpoint, cognito, pool, tmp_path):
    good = tokens(cognito, pool, "good", "client-of-good")
    without = tokens(cognito, pool, "without", None)
    other_pool = cognito.create_user_pool(PoolName="others")["UserPool"]["Id"]
    other_client = cognito.create_user_pool_client(
        UserPoolId=other_pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    stranger = tokens(cognito, (other_pool, other_client), "stranger", None)
    with Door(hydrant, tmp_path, endpoint, pool) as door:
        status, answer = door.post(good["IdToken"], BODY)
        assert status == 200 and answer["FailedEntryCount"] == 0, answer
        for refused in [good["AccessToken"], without["IdToken"], stranger["IdToken"], good["IdToken"][:-3]]:
            status, answer = door.post(refused, BODY)
            assert (status, answer) == (401, {"message": "Unauthorized"})


def test_an_access_token_has_no_client_id_and_the_pool_is_asked_for_it(hydrant, endpoint, cognito, pool, tmp_path):
    known = tokens(cognito, pool, "known", "client-of-known")
    without = tokens(cognito, pool, "nobody", None)
    look_up = ["--token-use", "access", "--client-id-directory", endpoint]
    with Door(hydrant, tmp_path, endpoint, pool, *look_up) as door:
        status, answer = door.post(known["AccessToken"], BODY)
        assert status == 200 and answer["FailedEntryCount"] == 0, answer
        for refused in [known["IdToken"], without["AccessToken"]]:
            status, answer = door.post(refused, BODY)
            assert (status, answer) == (401, {"message": "Unauthorized"})
        log = (tmp_path / "log").read_text()
        assert known["AccessToken"] not in log
