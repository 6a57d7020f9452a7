"""Beyond the list: "Whoever may read our log could read our passwords." """

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from projections.database.installation import recreate
from tests.scenarios import server
from tests.scenarios.server import Server
from tests.support import serve, then
from tests.support.echo import Echo, echoing
from tests.support.office import INTERVALS
from tests.support.processes import Child, running, sendtrail
from tests.upgrades import schemas

PASSWORD = "database-pass-41"
KEY, NEW_KEY, OTHER_KEY = (b64encode(bytes([n] * 32)).decode() for n in (65, 66, 67))
# By gateway, with the settings of a device.
GATEWAYS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "gowa": (
        {"device_id": "sales-1"},
        {
            "username": "gowa-user-73",
            "password": "gowa-password-73",
            "webhook_secret": "gowa-webhook-secret-73",
        },
    ),
    "cloud": (
        {"phone_number_id": "1065", "business_account_id": "2077"},
        {
            "access_token": "cloud-access-token-73",
            "app_secret": "cloud-app-secret-73",
            "verify_token": "cloud-verify-token-73",
        },
    ),
    "wablas": (
        {},
        {
            "token": "wablas-token-73",
            "secret_key": "wablas-secret-key-73",
            "webhook_secret": "wablas-webhook-secret-73",
        },
    ),
    "whacenter": (
        {},
        {"device_id": "whacenter-device-73", "webhook_secret": "whacenter-webhook-secret-73"},
    ),
}
WRONG = "wrong-secret-that-somebody-typed"
SENT_TO = ("/send/message", "/v25.0/1065/messages", "/api/v2/send-message", "/api/send", "/hook")
LISTS = ("devices", "subscriptions", "messages", "audit/events", "reports/overview", "quarantine")


class Everything:
    """All that anybody may see: ``seen`` are answers, logs and what commands print."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: list[str] = []
        self.secrets: list[str] = []

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """The status and the JSON of an answer, which is seen."""
        status, text = self.ask_unseen(method, path, body, key=key, **headers)
        self.seen.append(text)
        return status, _json(text)

    def ask_unseen(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, str]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given.setdefault("Authorization", f"Bearer {key}")
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body)
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return response.status, f"{response.headers}\n\n{response.read().decode()}"
        finally:
            connection.close()

    def run(self, *command: str, **settings: object) -> int:
        """The exit code of a command, whose output is seen."""
        result = sendtrail(*command, **settings)
        self.seen += [result.stdout, result.stderr]
        return result.returncode

    def found(self, secrets: list[str]) -> list[tuple[str, str]]:
        """Which of these secrets are seen, in what form, and where."""
        forms = {
            form: secret
            for secret in secrets
            for form in (secret, secret.encode().hex(), b64encode(secret.encode()).decode())
        }
        return [
            (secret, text[max(0, text.find(form) - 80) :][:200])
            for form, secret in forms.items()
            for text in self.seen
            if form in text
        ]


def _json(text: str) -> Any:
    body = text.partition("\n\n")[2].strip()
    return json.loads(body) if body.startswith(("{", "[")) else body


@pytest.fixture
def postgres() -> Iterator[Server]:
    with server.running() as started:
        yield started


@pytest.fixture
def echo() -> Iterator[Echo]:
    with echoing() as started:
        yield started


def test_no_secret_is_seen_whatever_goes_wrong(
    postgres: Server, echo: Echo, tmp_path: Path
) -> None:
    """Every secret that somebody can give is given, and everything is made to fail that can: wrong
    keys and bodies, gateways and a subscriber that refuse and repeat what they were told, a
    database that goes away. Then no log, no answer, no command and no table has one of them."""
    plain = recreate(postgres.url, "sendtrail_secrets")
    url = f"{plain}{'&' if '?' in plain else '?'}password={PASSWORD}"
    # All answer at once; how long that takes a busy machine is not what is asked here.
    patient = {**INTERVALS, "gateway_timeout": 30}
    settings = {"database_url": url, "secret_key": KEY, "log_level": "DEBUG", **patient}
    boss, viewer = (
        sendtrail("keys", "create", role, "--role", role, **settings).stdout.split()[-1]
        for role in ("admin", "viewer")
    )
    with ExitStack() as stack:
        own = {"secret_key": KEY, "log_level": "DEBUG"}
        serving = stack.enter_context(serve.serving(url, tmp_path, "--workers", "1", **own))
        runners = stack.enter_context(
            running("run", notify_every=0.2, receive_every=0.2, **settings)
        )
        all_ = Everything(serving.port)
        ids = devices(all_, echo, boss)
        hooks(all_, ids)
        shown = subscribe(all_, echo, boss)
        work(all_, echo, boss)
        for path in (*(f"/api/v1/{each}" for each in LISTS), "/metrics", "/readyz", "/docs/"):
            assert all_.ask("GET", path, key=viewer)[0] == 200, path
        for path in (f"/api/v1/devices/{ids['gowa']}", "/openapi.json"):
            assert all_.ask("GET", path, key=boss)[0] == 200
        all_.ask("GET", f"/api/v1/devices/{ids['cloud']}/templates", key=boss)
        goes_down(all_, postgres, boss, runners, settings)
        commands(all_, settings)
        assert serving.process.wait(60) == 1
        assert runners.ends() == 1
        all_.seen += [*serving.lines, *runners.lines]
    all_.seen += [line for rows in schemas.everything(plain).values() for line in rows]

    given = [PASSWORD, KEY, NEW_KEY, OTHER_KEY, boss, viewer, f"{boss}x", WRONG, *shown]
    given += [secret for _, credentials in GATEWAYS.values() for secret in credentials.values()]
    # As it goes to the gateway.
    given.append("gowa-user-73:gowa-password-73")
    told = " ".join(text for texts in echo.heard.values() for text in texts)
    assert "cloud-access-token-73" in told
    assert all_.found(given) == []


def devices(all_: Everything, echo: Echo, boss: str) -> dict[str, str]:
    """The ids of a device behind each gateway, after some that are refused."""
    ids = {}
    for gateway, (settings, credentials) in GATEWAYS.items():
        body = {
            "name": gateway,
            "gateway": gateway,
            "settings": {"base_url": echo.url, **settings},
            "credentials": credentials,
            "min_delay_seconds": 0,
            "max_delay_seconds": 0,
        }
        for wrong in (
            {**body, "credentials": [*credentials.values()]},
            {**body, "credentials": {**credentials, "x y": WRONG}},
            {**body, "credentials": {**credentials, "number": 7}},
            {**body, "settings": {"base_url": f"https://user:{WRONG}@"}, "min_delay_seconds": -1},
            {**body, "secret": WRONG},
        ):
            assert all_.ask("POST", "/api/v1/devices", wrong, key=boss)[0] == 422
        for _ in range(2):
            status, made = all_.ask(
                "POST", "/api/v1/devices", body, key=boss, Idempotency_Key=gateway
            )
            assert status == 201, made
        ids[gateway] = made["id"]
        assert all_.ask("POST", f"/api/v1/devices/{made['id']}/connect", key=boss)[0] == 200
        change = {"credentials": credentials}
        assert all_.ask("PATCH", f"/api/v1/devices/{made['id']}", change, key=boss)[0] == 200
    for wrong in (f"Bearer {boss}x", f"Basic {boss}", f"Bearer {WRONG}"):
        assert all_.ask("GET", "/api/v1/leads", Authorization=wrong)[0] == 401
    return ids


def hooks(all_: Everything, ids: dict[str, str]) -> None:
    """Providers tell what nobody understands, with the right proof and with a wrong one."""
    for gateway, (_, credentials) in GATEWAYS.items():
        path, body = f"/webhooks/{gateway}/{ids[gateway]}", b'{"event": "nonsense"}'
        secret = credentials.get("webhook_secret", credentials.get("app_secret", ""))
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        signed = {"X_Hub_Signature_256": f"sha256={digest}"}
        assert all_.ask("POST", path, body, **signed)[0] == 200
        assert all_.ask("POST", f"{path}?secret={WRONG}", body)[0] == 401
        in_url = all_.ask("POST", f"{path}?secret={secret}", body)[0]
        assert in_url == (200 if gateway in ("wablas", "whacenter") else 401)
        assert all_.ask("POST", f"{path}?secret={secret}", b"{", **signed)[0] in (400, 401)
    query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token="
    for token in (WRONG, GATEWAYS["cloud"][1]["verify_token"]):
        all_.ask("GET", f"/webhooks/cloud/{ids['cloud']}?{query}{token}")


def subscribe(all_: Everything, echo: Echo, boss: str) -> list[str]:
    """The two secrets of a subscription, each of which is in the first answer alone."""
    path, body = "/api/v1/subscriptions", {"url": f"{echo.url}/hook"}
    _, answer = all_.ask_unseen("POST", path, body, key=boss, Idempotency_Key="hook")
    made = _json(answer)
    again = all_.ask("POST", path, body, key=boss, Idempotency_Key="hook")
    path = f"{path}/{made['id']}/rotate-secret"
    _, answer = all_.ask_unseen("POST", path, key=boss, Idempotency_Key="anew")
    anew = all_.ask("POST", path, key=boss, Idempotency_Key="anew")
    assert [again[1]["secret"], anew[1]["secret"]] == [None, None]
    return [made["secret"], _json(answer)["secret"]]


def work(all_: Everything, echo: Echo, boss: str) -> None:
    """Messages go to all gateways, the subscriber is told, and all refuse."""
    for number in range(1, 41):
        lead = {"phone": f"+6012{number:07d}"}
        assert all_.ask("POST", "/api/v1/leads", lead, key=boss)[0] == 201
    offer = {"name": "Offer", "body": "Hi", "scheduled_at": "2026-01-01T09:00Z"}
    assert all_.ask("POST", "/api/v1/campaigns", offer, key=boss)[0] == 201

    def failed() -> bool:
        _, answer = all_.ask("GET", "/api/v1/subscriptions", key=boss)
        told = answer["items"][0]["last_error"]
        return told is not None and all(len(echo.heard.get(path, [])) > 2 for path in SENT_TO)

    def offline() -> set[str]:
        _, answer = all_.ask("GET", "/api/v1/devices", key=boss)
        return {each["gateway"] for each in answer["items"] if each["status"] == "offline"}

    then.soon(failed, 60)
    echo.get_status = 200
    then.soon(lambda: "gowa" in offline(), 60)
    echo.get_status = 401
    then.soon(lambda: offline() == set(GATEWAYS), 60)


def goes_down(
    all_: Everything, postgres: Server, boss: str, runners: Child, settings: dict[str, Any]
) -> None:
    """The database is away, and comes back."""
    postgres.crash()
    assert all_.ask("GET", "/api/v1/devices", key=boss)[0] == 503
    assert all_.run("status", **settings) == 1
    runners.says("runner.waits")
    postgres.start()
    then.soon(lambda: all_.ask("GET", "/api/v1/devices", key=boss)[0] == 200, 60)


def commands(all_: Everything, settings: dict[str, Any]) -> None:
    """What somebody looks at, what somebody sets wrongly, and another secret key at the end."""
    for command in (["status"], ["keys", "list"], ["devices", "list"], ["audit", "verify"]):
        assert all_.run(*command, **settings) == 0, command
    to = ["--to", "+60123456789"]
    assert all_.run("devices", "test", "gowa", *to, **settings) == 1
    url = str(settings["database_url"])
    for wrong in (
        {"secret_key": OTHER_KEY},
        {"secret_key": f"{WRONG}="},
        {"database_url": f"postgresql://user:{WRONG}@localhost:1/none"},
        {"database_url": f"postgresql://user:{WRONG}@@localhost/none"},
        {"database_url": f"mysql://user:{WRONG}@localhost/none"},
        {"database_url": f"{url}&{WRONG}=1"},
        {"new_secret_key": WRONG},
    ):
        assert all_.run("status", **{**settings, **wrong}) == 1, wrong
    assert all_.run("keys", "rotate-secret", **{**settings, "new_secret_key": NEW_KEY}) == 0
