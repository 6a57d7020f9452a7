"""Beyond the list: "The line broke, I clicked again, and now the campaign is there twice." """

from __future__ import annotations

import json
import signal
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import then
from tests.support.api.given import SECRET_KEY, api_key, phone
from tests.support.gateways.fake_gowa import CREDENTIALS
from tests.support.office import Office
from tests.support.serve import Server, serving

CREATED: dict[str, dict[str, object]] = {
    "/leads": {"phone": phone(1), "name": "Aisyah", "triggers": ["COLD"]},
    "/campaigns": {"name": "Offer", "body": "Hi", "scheduled_at": "2030-01-01T09:00Z"},
    "/sequences": {"name": "Cold", "trigger": "COLD", "steps": [{"body": "One"}]},
    "/devices": {
        "name": "Sales 1",
        "gateway": "gowa",
        "settings": {"base_url": "https://gowa.example.com"},
        "credentials": CREDENTIALS,
    },
}


@pytest.mark.parametrize(("moment", "there"), [("before_commit", 0), ("after_commit", 1)])
def test_whoever_asks_again_with_the_same_key_has_it_exactly_once(
    office: Office, tmp_path: Path, moment: str, there: int
) -> None:
    """Every worker of the server dies at its first command. Whoever asked hears nothing, asks again
    when the server is well, and then once more."""
    key = api_key(office.container, "crm", "operator")

    def server(**settings: object) -> AbstractContextManager[Server]:
        url = str(office.settings["database_url"])
        return serving(url, tmp_path, "--workers", "1", secret_key=SECRET_KEY, **settings)

    def ask(server: Server, path: str) -> tuple[int, str]:
        return server.post(f"/api/v1{path}", key, CREATED[path], f"my {path}")

    with server(fault=f"command.{moment}:1") as dying:
        for path in CREATED:
            with pytest.raises(ConnectionError):
                ask(dying, path)
        assert dying.ends(signal.SIGTERM) == 0
    assert [len(office.api.items(path)) for path in CREATED] == [there] * 4

    with server() as living:
        answers = [ask(living, path) for path in CREATED]
        assert [ask(living, path) for path in CREATED] == answers

    for path, (status, text) in zip(CREATED, answers, strict=True):
        # Of a sequence the answer tells more than the list.
        told = {name: value for name, value in json.loads(text).items() if name != "warnings"}
        assert (status, office.api.items(path)) == (201, [told])
    assert [event.TOPIC for event in then.events(office.container)] == [
        "lead.registered",
        "campaign.scheduled",
        "sequence.defined",
        "device.registered",
        "access.device_credentials_changed",
    ]
    assert office.api.items("/devices")[0]["has_credentials"] is True
    office.proves_itself()
