"""/webhooks: where they are, what they answer, and how Meta asks whether they are ours."""

from __future__ import annotations

import pytest
from flask import Flask

from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import webhooks
from tests.support.api.client import CHUNKED
from tests.support.api.given import NOBODY
from tests.support.api.webhooks import ACCEPTED, GATEWAYS

MIB = 1024 * 1024


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_a_receipt_is_recorded_once(
    container: Container, clock: SimulatedClock, app: Flask, prefix: str
) -> None:
    """At either address, and however often it comes."""
    device = webhooks.device(container, "gowa")
    given.lead(container)
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    body = webhooks.receipt("gowa", "delivered", "3EB0A1")

    path = f"{prefix}/webhooks/gowa/{device}"
    answers = [webhooks.post(app, "gowa", device, body, path=path) for _ in range(3)]

    assert answers == [ACCEPTED] * 3
    assert then.message(container).delivered_at == clock()
    (event,) = then.events(container, "message.delivered")
    assert event.actor == "webhook:gowa"


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_only_a_device_of_that_gateway_has_an_address(
    container: Container, app: Flask, gateway: str
) -> None:
    """Signed or not: nobody learns more than that there is none."""
    others = {other: webhooks.device(container, other) for other in GATEWAYS}
    own = others.pop(gateway)

    assert webhooks.post(app, gateway, own, {}) == ACCEPTED
    for other in (NOBODY, *others.values()):
        assert webhooks.post(app, gateway, other, {}).status == 404
        assert webhooks.post(app, gateway, other, {}, secret=None).status == 404


@pytest.mark.parametrize("gateway", ["sandbox", "GOWA", "telegram", "%00"])
def test_other_gateways_have_no_webhooks(container: Container, app: Flask, gateway: str) -> None:
    """The sandbox has nothing outside that could call."""
    device = given.device(container)
    assert webhooks.post(app, gateway, device, {}).status == 404


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_a_slip_in_the_address_is_found(container: Container, app: Flask, prefix: str) -> None:
    """The last part is the device's id, and not its name."""
    client = app.test_client()
    device = webhooks.device(container, "gowa")

    unknown = client.post(f"{prefix}/webhooks/gowa/{NOBODY}", json={})
    named = client.post(f"{prefix}/webhooks/gowa/sales-1", json={})
    meta = client.get(f"{prefix}/webhooks/cloud/sales-1")
    further = client.post(f"{prefix}/webhooks/gowa/{device}/x", json={})

    assert (unknown.status_code, unknown.get_json()["message"]) == (404, "no such gowa device")
    for answer in (named, meta):
        assert answer.status_code == 404
        assert answer.get_json()["message"] == ("no such device: expected its id, which is a UUID")
    assert further.status_code == 404


SIGNED = "the header X-Hub-Signature-256: sha256= and the HMAC-SHA256 of the raw body in hex"
IN_URL = f"?secret= at the end of the URL, or {SIGNED}"


@pytest.mark.parametrize(
    ("gateway", "proof"),
    [
        ("gowa", f"webhook_secret proves, by {SIGNED}"),
        ("cloud", f"app_secret proves, by {SIGNED}"),
        ("wablas", f"webhook_secret proves, by {IN_URL}"),
        ("whacenter", f"webhook_secret proves, by {IN_URL}"),
    ],
)
def test_without_proof_it_says_what_a_request_carries(
    container: Container, app: Flask, gateway: str, proof: str
) -> None:
    device = webhooks.device(container, gateway)

    answer = app.test_client().post(f"/webhooks/{gateway}/{device}", json={})

    assert answer.status_code == 401
    assert answer.get_json()["message"] == f"expected a request that the device's {proof}"


def test_an_id_that_is_none_has_no_address(app: Flask) -> None:
    path = "/webhooks/gowa/1"
    assert webhooks.post(app, "gowa", NOBODY, {}, path=path).status == 404


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_mebibyte_is_the_limit(container: Container, app: Flask, gateway: str) -> None:
    """With and without a length that is said beforehand; a body of just that size is read."""
    device = webhooks.device(container, gateway)
    largest = b"{}" + b" " * (MIB - 2)
    larger = largest + b" "
    unannounced = app.test_client().post(
        f"/webhooks/{gateway}/{device}",
        data=larger,
        content_type="application/json",
        headers=webhooks.signature(larger),
        environ_overrides={**CHUNKED, "CONTENT_LENGTH": ""},
    )

    assert webhooks.post(app, gateway, device, largest) == ACCEPTED
    assert webhooks.post(app, gateway, device, larger).status == 413
    assert unannounced.status_code == 413


# Meta asks with GET whether the address is ours.

ASKED = {
    "hub.mode": "subscribe",
    "hub.verify_token": "vérify-t0ken",
    "hub.challenge": "1158201444",
}


def test_meta_gets_its_challenge_back(container: Container, app: Flask) -> None:
    """As plain text, which no browser takes for a page."""
    device = webhooks.device(container, "cloud", verify_token="vérify-t0ken")
    challenge = "<script>alert(1)</script>"

    for prefix in ("", "/api/v1"):
        path = f"{prefix}/webhooks/cloud/{device}"
        answer = app.test_client().get(path, query_string=ASKED)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        odd = app.test_client().get(path, query_string={**ASKED, "hub.challenge": challenge})
        assert (odd.status_code, odd.text, odd.mimetype) == (200, challenge, "text/plain")


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.verify_token": "another"},
        {"hub.verify_token": "vérify-t0ke"},
        {"hub.verify_token": "VÉRIFY-T0KEN"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
    ],
    ids=str,
)
def test_nobody_else_gets_a_challenge_back(
    container: Container, app: Flask, wrong: dict[str, str]
) -> None:
    device = webhooks.device(container, "cloud", verify_token="vérify-t0ken")

    answer = app.test_client().get(f"/webhooks/cloud/{device}", query_string={**ASKED, **wrong})

    assert answer.status_code == 403
    assert "1158201444" not in answer.text
    assert "vérify-t0ken" not in answer.text


def test_without_a_token_of_its_own_a_device_confirms_nothing(
    container: Container, app: Flask
) -> None:
    """An empty token is no token, and neither is another device's."""
    without = webhooks.device(container, "cloud")
    webhooks.device(container, "cloud", name="Other", verify_token="vérify-t0ken")
    gowa = webhooks.device(container, "gowa", verify_token="vérify-t0ken")

    def ask(path: str, **changes: str) -> int:
        asked = {**ASKED, **changes}
        return app.test_client().get(f"/webhooks/{path}", query_string=asked).status_code

    empty = {"hub.verify_token": ""}
    assert ask(f"cloud/{without}") == 403
    assert ask(f"cloud/{without}", **empty) == 403
    assert ask(f"cloud/{NOBODY}", **empty) == 403
    assert ask(f"cloud/{gowa}") == 403
    assert ask(f"gowa/{gowa}") == 405
