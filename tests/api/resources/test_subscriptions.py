"""/subscriptions: who is told what happens."""

from __future__ import annotations

from base64 import b64decode

import pytest

from domain.hosts import parse_allowed
from domain.webhook_events import TOPICS
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import then
from tests.support.api import given
from tests.support.api.client import Client, fields
from tests.support.given import settings

URL = "https://crm.example.com/hooks/sendtrail"


def test_the_secret_is_shown_once_and_kept_encrypted(
    container: Container, administrator: Client
) -> None:
    made = administrator.create("/subscriptions", {"url": URL, "events": ["message.sent"]})

    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    status, shown = administrator.get(f"/subscriptions/{made['id']}")
    assert (status, shown) == (200, made)
    assert shown == {
        "id": made["id"],
        "kind": "webhook",
        "settings": None,
        "url": URL,
        "allow_http": False,
        "events": ["message.sent"],
        "created_at": "2026-03-02T08:00:00+00:00",
        "waiting": 0,
        "given_up": 0,
        "last_error": None,
        "former_signs_until": None,
    }
    (row,) = then.table(container, "subscriptions")
    assert secret.encode() not in bytes(row.ciphertext)


def test_another_secret_is_shown_once_too(container: Container, administrator: Client) -> None:
    """And it says until when the one before signs beside it."""
    made = administrator.create("/subscriptions", {"url": URL, "events": ["message.sent"]})
    path = f"/subscriptions/{made['id']}"

    status, rotated = administrator.post(f"{path}/rotate-secret")

    assert status == 200
    former, secret = made.pop("secret"), rotated.pop("secret")
    assert secret.startswith("whsec_")
    assert secret != former
    assert rotated == {**made, "former_signs_until": "2026-03-03T08:00:00+00:00"}
    assert administrator.get(path).json == rotated
    rows = [*then.table(container, "subscriptions"), *then.table(container, "former_secrets")]
    kept = [container.secrets.read(row.ciphertext) for row in rows]
    assert kept == [{"secret": secret}, {"secret": former}]


def test_all_is_told_unless_said_otherwise(administrator: Client) -> None:
    made = administrator.create("/subscriptions", {"url": URL})
    assert made["events"] == sorted(TOPICS)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://crm.example.com/hook"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://user:pw@crm.example.com/hook"}, "url"),
        ({"url": f"{URL}#a"}, "url"),
        ({"url": f"{URL}/a b"}, "url"),
        ({"url": f"{URL}\\@b.example"}, "url"),
        ({"url": "https://10.1.2.3/hook"}, "url"),
        ({"url": "http://10.1.2.3/hook", "allow_http": True}, "url"),
        ({"url": "https://crm/hook"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "url"),
        ({"url": "https://2852039166/"}, "url"),
        ({"url": "https://0xa9.254.43518/"}, "url"),
        ({"url": URL, "events": ["message.lost"]}, "events"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
def test_a_bad_subscription_is_refused(
    container: Container, administrator: Client, body: dict[str, object], field: str
) -> None:
    assert fields(administrator.post("/subscriptions", body)) == [field]
    assert then.table(container, "subscriptions") == []


def test_clear_text_may_be_allowed(administrator: Client, clock: SimulatedClock) -> None:
    """To this host it always is. The oldest comes first."""
    administrator.create("/subscriptions", {"url": "http://crm.intern/hook", "allow_http": True})
    clock.advance(seconds=1)
    administrator.create("/subscriptions", {"url": "http://localhost:3000/hook"})
    _, found = administrator.get("/subscriptions")
    assert [item["url"] for item in found["items"]] == [
        "http://crm.intern/hook",
        "http://localhost:3000/hook",
    ]


def test_a_private_system_is_told_what_the_setting_names(
    container: Container, administrator: Client
) -> None:
    """The answer says what to set, and to what."""
    private = {"url": "https://crm.lan/hook?token=1"}
    refused = administrator.post("/subscriptions", private)
    assert refused.json["message"] == (
        "url: expected a public host; if this private one is meant, an administrator adds it to the"
        " setting SENDTRAIL_ALLOW_PRIVATE_HOSTS of all processes, as in"
        " SENDTRAIL_ALLOW_PRIVATE_HOSTS=crm.lan"
    )

    settings(container, allow_private_hosts=parse_allowed("crm.lan"))

    assert administrator.create("/subscriptions", private)["url"] == private["url"]


def test_only_an_admin_may_subscribe(
    administrator: Client, operator: Client, viewer: Client
) -> None:
    """Whoever subscribes is told what people wrote."""
    made = administrator.create("/subscriptions", {"url": URL})
    path = f"/subscriptions/{made['id']}"
    assert operator.post("/subscriptions", {"url": URL}).status == 403
    assert operator.post("/subscriptions", {"url": URL, "allow_http": True}).status == 403
    assert operator.post(f"{path}/retry").status == 403
    assert operator.post(f"{path}/rotate-secret").status == 403
    assert operator.json("DELETE", path).status == 403
    assert viewer.get(path).status == 200


def test_only_an_admin_sees_the_whole_address(
    administrator: Client, operator: Client, viewer: Client
) -> None:
    """What comes after the host is a secret of many systems."""
    url = "https://hooks.example.com:8443/services/T0/s3cret?token=s3cret"
    path = f"/subscriptions/{administrator.create('/subscriptions', {'url': url})['id']}"

    shown = [client.get(path).json["url"] for client in (administrator, operator, viewer)]

    assert shown == [url, *["https://hooks.example.com:8443/…"] * 2]
    assert "s3cret" not in str(viewer.get("/subscriptions"))


def test_a_subscription_ends_with_what_it_was_not_told(
    container: Container, administrator: Client
) -> None:
    made = administrator.create("/subscriptions", {"url": URL})
    path = f"/subscriptions/{made['id']}"
    assert administrator.post(f"{path}/retry").status == 200
    assert administrator.post(f"{path}/rotate-secret").status == 200

    assert administrator.open("DELETE", path).status_code == 204

    assert administrator.get(path).status == 404
    assert administrator.post(f"{path}/retry").status == 404
    assert administrator.post(f"{path}/rotate-secret").status == 404
    assert then.table(container, "former_secrets") == []
    assert administrator.json("DELETE", path).status == 404
    assert administrator.get(f"/subscriptions/{given.NOBODY}").status == 404
