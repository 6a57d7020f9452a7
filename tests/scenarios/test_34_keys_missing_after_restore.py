"""34. "Keys were missing after a restore. Rebuild blanked every contact, and called it done." """

from __future__ import annotations

import pytest

from tests.projections.rebuild.live_tables import identities
from tests.support import then
from tests.support.api.given import phone
from tests.support.office import Office
from tests.support.processes import Result, sendtrail

ADVICE = (
    "3 leads that were not erased have no key:"
    " restore the table lead_keys from a backup, and rebuild nothing before"
)


def asks(office: Office, *command: str) -> Result:
    return sendtrail(*command, database_url=office.settings["database_url"])


def last_line(text: str) -> str:
    return text.splitlines()[-1]


def contacts(office: Office) -> dict[str, str]:
    """What the office's people see: names by phone."""
    return {lead["phone"]: lead["name"] for lead in office.api.items("/leads") if lead["phone"]}


@pytest.fixture
def restored(office: Office) -> Office:
    """Four leads, one of whom was erased; the backup that was restored lacks ``lead_keys``, which
    is kept apart in ``kept``."""
    office.leads(4)
    office.campaign(scheduled_at="2099-01-01T09:00Z")
    gone = office.container.outreach.lead_id(phone(4))
    assert office.api.json("DELETE", f"/leads/{gone}").status == 200
    assert office.once("notary").returncode == 0
    with office.container.database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM lead_keys")
        connection.exec_driver_sql("TRUNCATE lead_keys")
    return office


EVERYBODY = {phone(number): f"Lead {number}" for number in (1, 2, 3)}


def test_rebuild_refuses_and_every_contact_stays(restored: Office) -> None:
    """Not a table is replaced, whichever is asked for; the people are still there to be read."""
    tables = identities(restored.container)

    refused = [asks(restored, "rebuild"), asks(restored, "rebuild", "--only", "campaigns")]

    for result in refused:
        assert (result.returncode, result.stdout) == (1, "")
        assert last_line(result.stderr) == f"Error: {ADVICE}"
    assert identities(restored.container) == tables
    assert contacts(restored) == EVERYBODY


def test_every_check_names_how_many(restored: Office) -> None:
    """None of them calls it done, and none of them changes anything."""
    check = asks(restored, "rebuild", "--check")
    verified = asks(restored, "audit", "verify")
    status = asks(restored, "status")
    ready = restored.api.app.test_client().get("/readyz")

    assert (check.returncode, verified.returncode, status.returncode) == (1, 1, 0)
    assert last_line(check.stderr) == f"Error: {ADVICE}"
    assert "differs in name, phone" in check.stdout
    assert last_line(verified.stderr) == f"Error: {ADVICE}"
    assert "intact" not in verified.stdout
    assert last_line(status.stdout) == ADVICE
    assert ready.status_code == 200
    assert ready.get_json()["warnings"] == ["3 leads that were not erased have no key"]
    assert contacts(restored) == EVERYBODY


def test_with_the_keys_back_nothing_is_wrong(restored: Office) -> None:
    """Then the rebuild has every contact, and none of who was erased."""
    with restored.container.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO lead_keys SELECT * FROM kept")

    commands = (("rebuild", "--check"), ("audit", "verify"), ("status",), ("rebuild",))
    results = [asks(restored, *command) for command in commands]

    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 4
    assert "no key" not in "".join(result.stdout for result in results)
    assert contacts(restored) == EVERYBODY
    assert then.count(restored.container.database, "leads") == 4
    then.soon(lambda: not restored.api.app.test_client().get("/readyz").get_json()["warnings"])
