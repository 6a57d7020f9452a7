"""33. "An operator changed base_url, and the gateway's password went to his own server." """

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from projections.readmodels import devices
from tests.support.api.client import Client, fields
from tests.support.api.given import SECRET_KEY, api_key, phone
from tests.support.gateways.fake_gowa import CREDENTIALS, FakeGowa, serving
from tests.support.office import Office
from tests.support.serve import serving as serving_api

OTHERS = {"username": "outreach", "password": "another-s3cret"}


def test_the_password_does_not_go_to_another_server(office: Office) -> None:
    """Neither a server of his own gets it, nor another port of the same one, and what waits on the
    device still goes where it went."""
    device = office.device()
    operator = Client(office.api.app, api_key(office.container, "crm", "operator"))
    before = operator.get(f"/devices/{device}").json
    with serving(FakeGowa()) as his:
        his.devices["Sales 1"] = "logged_in"
        settings = {"base_url": his.url, "device_id": "Sales 1"}
        for change in ({}, {"credentials": {}}, {"credentials": {"webhook_secret": "mine" * 5}}):
            refused = operator.patch(f"/devices/{device}", {"settings": settings, **change})
            assert fields(refused) == ["credentials"]

        office.leads(1)
        office.campaign()
        office.works_until_done()

        assert his.paths == []
    assert operator.get(f"/devices/{device}").json["settings"] == before["settings"]
    assert [asked.phone for asked in office.gowa.asked] == [phone(1)[1:]]


@pytest.mark.parametrize(("moment", "moved"), [("before_commit", False), ("after_commit", True)])
def test_a_kill_leaves_no_old_password_at_a_new_host(
    office: Office, tmp_path: Path, moment: str, moved: bool
) -> None:
    """The server dies while it changes both: both are changed, or neither is."""
    device = office.device()
    old = office.api.get(f"/devices/{device}").json["settings"]
    new = {**old, "base_url": "https://new.example.com"}
    key = api_key(office.container, "crm", "operator")
    url = str(office.settings["database_url"])
    fault = f"command.{moment}:1"
    with serving_api(url, tmp_path, "--workers", "1", secret_key=SECRET_KEY, fault=fault) as dying:
        with pytest.raises(ConnectionError):
            dying.patch(f"/api/v1/devices/{device}", key, {"settings": new, "credentials": OTHERS})
        assert dying.ends(signal.SIGTERM) == 0

    with office.container.database.transaction() as connection:
        (row,) = devices.in_service(connection)
    stored = office.container.secrets.read(row.ciphertext)
    assert (row.settings, stored) == ((new, OTHERS) if moved else (old, CREDENTIALS))
