"""Names of keys: actors in the audit are told apart by them, and each key can be revoked by its."""

from __future__ import annotations

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import when
from tests.support.api.client import Client, fields
from tests.support.processes import sendtrail

BAD = ["a/b", "/", "..\\", "\u0430dmin", "adm\u0456n", "a  b", "a\u200bb", "a\tb", "\u00e9"]
BAD += ["x" * 101, "a?b", "a%2fb", "\uff41dmin"]


@pytest.mark.parametrize("name", BAD)
def test_what_nobody_tells_apart_is_no_name(administrator: Client, name: str) -> None:
    refused = administrator.post("/keys", {"name": name, "role": "viewer"})

    assert (refused.status, sorted(fields(refused))) == (422, ["name"])


@pytest.mark.parametrize("name", ["crm", "Ops team 2", "a.b_c@d-e", "x" * 100, " crm "])
def test_plain_names_are_names(administrator: Client, name: str) -> None:
    made = administrator.create("/keys", {"name": name, "role": "viewer"})

    assert made["name"] == name.strip()
    assert administrator.open("DELETE", f"/keys/{made['name']}").status_code == 204


def test_a_name_in_another_case_is_the_same_name(administrator: Client) -> None:
    administrator.create("/keys", {"name": "crm", "role": "viewer"})

    for name in ("CRM", "Crm", " crm "):
        again = administrator.post("/keys", {"name": name, "role": "viewer"})
        assert (again.status, again.json["message"]) == (409, "this key exists already: crm")
    administrator.open("DELETE", "/keys/crm")
    again = administrator.post("/keys", {"name": "CRM", "role": "viewer"})
    assert again.json["message"] == "this name belonged to a key that was revoked: crm"


def test_two_at_once_do_not_get_one_name(administrator: Client) -> None:
    def makes(name: str) -> int:
        return administrator.post("/keys", {"name": name, "role": "viewer"}).status

    answers = when.at_once(*(lambda n=n: makes(n) for n in ("crm", "CRM", "Crm", "cRM")))

    assert sorted(answers) == [201, 409, 409, 409]


def test_a_key_of_before_is_revoked_whatever_it_is_called(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    for name in ("a/b", "a/b/c d", "büro", "\u0430dmin"):
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                "INSERT INTO api_keys (name, role, key_sha256, created_at)"
                " VALUES (%(name)s, 'viewer', %(name)s, %(now)s)",
                {"name": name, "now": clock()},
            )
        assert administrator.open("DELETE", f"/keys/{name}").status_code == 204

    revoked = {each["name"]: each["revoked_at"] for each in administrator.items("/keys")}
    assert [name for name, at in revoked.items() if at is None] == ["boss"]


def test_the_last_administrator_is_not_revoked_over_http(
    container: Container, administrator: Client, database_url: str
) -> None:
    """On the machine one can, because one can make another there."""
    administrator.create("/keys", {"name": "crm", "role": "operator"})

    refused = administrator.json("DELETE", "/keys/boss")

    assert (refused.status, refused.json["errors"]) == (409, {"state": "last_admin"})
    assert "sendtrail keys on the machine" in refused.json["message"]
    administrator.create("/keys", {"name": "chief", "role": "admin"})
    administrator.open("DELETE", "/keys/chief")
    assert administrator.json("DELETE", "/keys/boss").status == 409

    done = sendtrail("keys", "revoke", "boss", database_url=database_url)
    assert (done.returncode, administrator.get("/whoami").status) == (0, 401)
