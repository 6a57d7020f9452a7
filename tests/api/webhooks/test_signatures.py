"""/webhooks: only who has the device's secret is heard, and nobody learns it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from projections.container import Container
from projections.records import credentials
from tests.support import given, then
from tests.support.api import webhooks
from tests.support.api.given import SECRET_KEY
from tests.support.api.webhooks import ACCEPTED, FORM, GATEWAYS, HEADER, SECRET, signature

OTHERS = "another-s3cret"
# Wablas and Whacenter do not sign: their secret may be in the address that they were given.
UNSIGNED = ("wablas", "whacenter")
SIGNED = ("gowa", "cloud")

Wrong = Callable[[bytes], dict[str, str]]


def _digest(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def _sha1(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


WRONG: dict[str, Wrong] = {
    "missing": lambda body: {},
    "empty": lambda body: {HEADER: ""},
    "with nothing after its prefix": lambda body: {HEADER: "sha256="},
    "of another device's secret": lambda body: signature(body, OTHERS),
    "of an empty secret": lambda body: signature(body, ""),
    "of another body": lambda body: signature(body + b" "),
    "of no body": lambda body: signature(b""),
    "cut": lambda body: {HEADER: f"sha256={_digest(body)[:-1]}"},
    "with more after it": lambda body: {HEADER: f"sha256={_digest(body)}0"},
    "in upper case": lambda body: {HEADER: f"sha256={_digest(body).upper()}"},
    "without its prefix": lambda body: {HEADER: _digest(body)},
    "of an older kind": lambda body: {"X-Hub-Signature": f"sha1={_sha1(body)}"},
    "of an older kind by the new name": lambda body: {HEADER: f"sha256={_sha1(body)}"},
    "not ASCII": lambda body: {HEADER: "sha256=\xe9\xff"},
    "the secret itself": lambda body: {HEADER: SECRET},
}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_what_is_not_signed_with_the_devices_secret_is_refused(
    container: Container, app: Flask, gateway: str
) -> None:
    """Whatever is wrong with it, nothing is recorded; the same request, signed, is taken."""
    device = webhooks.device(container, gateway)
    webhooks.device(container, gateway, name="Other", secret=OTHERS)
    phone = given.phone(1)
    lead = given.lead(container)
    said = webhooks.reply(gateway, phone, "Who is this?", "3EB0R1")
    body = webhooks.encoded(said)

    answers = {
        name: webhooks.post(app, gateway, device, body, headers=wrong(body)).status
        for name, wrong in WRONG.items()
    }

    assert answers == dict.fromkeys(WRONG, 401)
    assert then.topics(container, lead) == ["lead.registered"]
    assert webhooks.post(app, gateway, device, body) == ACCEPTED
    assert then.topics(container, lead) == ["lead.registered", "lead.replied"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_changed_body_is_refused(container: Container, app: Flask, gateway: str) -> None:
    """One letter of the text, with the signature of what was really said."""
    device = webhooks.device(container, gateway)
    lead = given.lead(container)
    said = webhooks.encoded(webhooks.reply(gateway, given.phone(1), "shop", "3EB0R1"))

    changed = said.replace(b"shop", b"stop")

    assert changed != said
    answer = webhooks.post(app, gateway, device, changed, headers=signature(said))
    assert answer.status == 401
    assert then.topics(container, lead) == ["lead.registered"]


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("kept", [None, {}, {"token": "t"}, "empty"], ids=str)
def test_a_device_without_that_secret_hears_nobody(
    container: Container, app: Flask, gateway: str, kept: object
) -> None:
    """Not who signs with nothing, nor who signs with another device's."""
    device = webhooks.device(container, gateway, secret="")
    webhooks.device(container, gateway, name="Other", secret=OTHERS)
    if isinstance(kept, dict) or kept is None:
        with container.database.transaction() as connection:
            credentials.put(connection, device, kept or {}, SECRET_KEY, container.outreach.clock())
    given.lead(container)
    said = webhooks.reply(gateway, given.phone(1), "stop", "3EB0R1")

    for secret in (None, "", OTHERS, "None"):
        answer = webhooks.post(app, gateway, device, said, secret=secret)
        assert answer.status == 401
    for query in ("secret=", f"secret={OTHERS}", "secret=None"):
        answer = webhooks.post(app, gateway, device, said, secret=None, query=query)
        assert answer.status == 401
    assert then.events(container, "lead.replied") == []


@pytest.mark.parametrize("gateway", UNSIGNED)
def test_who_cannot_sign_has_the_secret_in_the_address(
    container: Container, app: Flask, gateway: str
) -> None:
    """The right one is enough; a wrong signature is not made good by it."""
    device = webhooks.device(container, gateway)
    webhooks.device(container, gateway, name="Other", secret=OTHERS)
    given.lead(container)
    said = webhooks.reply(gateway, given.phone(1), "Who is this?", "3EB0R1")

    def ask(query: str, **headers: str) -> int:
        answer = webhooks.post(app, gateway, device, said, query=query, headers=headers)
        return answer.status

    wrong = ("", "secret", "secret=", f"secret={OTHERS}", f"secret={SECRET}0", f"Secret={SECRET}")
    assert [ask(query) for query in wrong] == [401] * len(wrong)
    assert ask(f"secret={SECRET}", **{HEADER: "sha256=0"}) == 401
    # The first of several counts.
    assert ask(f"secret={OTHERS}&secret={SECRET}") == 401
    assert then.events(container, "lead.replied") == []
    assert ask(f"secret={SECRET}") == 200
    assert len(then.events(container, "lead.replied")) == 1


@pytest.mark.parametrize("gateway", SIGNED)
def test_who_can_sign_must(container: Container, app: Flask, gateway: str) -> None:
    """The secret in an address would be in the log of every proxy on the way."""
    device = webhooks.device(container, gateway)
    query = f"secret={SECRET}"
    assert webhooks.post(app, gateway, device, {}, secret=None, query=query).status == 401


@pytest.mark.parametrize("gateway", UNSIGNED)
def test_the_secret_is_not_in_the_body(container: Container, app: Flask, gateway: str) -> None:
    """A form's field is none of the address's."""
    device = webhooks.device(container, gateway)
    said = {**webhooks.reply(gateway, given.phone(1), "Hi", "1"), "secret": SECRET}
    for kind in ("application/json", FORM):
        answer = webhooks.post(app, gateway, device, said, secret=None, content_type=kind)
        assert answer.status == 401


def _refusals(app: Flask, gateway: str) -> float:
    text = app.test_client().get("/metrics").get_data(as_text=True)
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "sendtrail_webhooks_refused_total"
        and sample.labels == {"gateway": gateway}
    )


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_an_attempt_is_noted_and_names_nobody(
    container: Container, app: Flask, gateway: str, logged: Callable[[], str]
) -> None:
    """Who tried, at which device, and why not; counted, too. Secrets, phones and texts are in no
    line, neither of what was refused nor of what was taken."""
    device = webhooks.device(container, gateway)
    silent = webhooks.device(container, gateway, name="Silent", secret="")
    given.lead(container)
    said = webhooks.reply(gateway, given.phone(1), "Where is Aisyah?", "3EB0R1")
    before = _refusals(app, gateway)

    webhooks.post(app, gateway, device, said, secret=OTHERS)
    webhooks.post(app, gateway, device, said, query=f"secret={OTHERS}", secret=None)
    webhooks.post(app, gateway, silent, said)
    taken = webhooks.post(app, gateway, device, said)

    assert taken == ACCEPTED
    lines = [json.loads(line) for line in logged().splitlines()]
    refused = [line for line in lines if line["event"] == "audit.webhook_refused"]
    assert [(line["device_id"], line["reason"]) for line in refused] == [
        (str(device), "wrong signature"),
        (str(device), "wrong signature"),
        (str(silent), f"no {'app_secret' if gateway == 'cloud' else 'webhook_secret'}"),
    ]
    assert {(line["gateway"], line["address"], line["level"]) for line in refused} == {
        (gateway, "127.0.0.1", "warning")
    }
    assert _refusals(app, gateway) - before == 3
    for hidden in (SECRET, OTHERS, given.phone(1).removeprefix("+"), "Aisyah", "sha256"):
        assert hidden not in logged()
