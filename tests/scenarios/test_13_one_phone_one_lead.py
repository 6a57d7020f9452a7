"""13. "The same man is in our list three times, and he asked us why he gets everything thrice." """

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import given, processes, then
from tests.support.api.client import fields
from tests.support.office import Office

NOTATIONS = ["012-345 6789", "+60123456789", "60 12 345 6789"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Marketing's list."""
    file = tmp_path / "leads.csv"
    file.write_text("phone,name\n" + "".join(f"{phone},Ali\n" for phone in NOTATIONS))
    return file


@pytest.mark.parametrize("first", NOTATIONS)
def test_three_notations_are_one_lead(office: Office, file: Path, first: str) -> None:
    """In a company in Malaysia, whichever notation comes first."""
    given.settings(office.container, default_region="MY")
    lead = office.api.create("/leads", {"phone": first})["id"]

    known = [office.api.post("/leads", {"phone": phone}) for phone in NOTATIONS]
    uploaded = office.api.csv(file.read_bytes()).json
    found = [office.api.items("/leads", phone=phone) for phone in NOTATIONS]

    assert [answer.status for answer in known] == [409, 409, 409]
    assert [answer.json["errors"]["id"] for answer in known] == [lead, lead, lead]
    assert (uploaded["registered"], uploaded["known"]) == (0, 1)
    assert [row["reason"] for row in uploaded["rejected"]] == ["phone: the same as in line 2"] * 2
    assert [[one["id"] for one in leads] for leads in found] == [[lead]] * 3
    assert [row.phone for row in then.table(office.container, "leads")] == ["+60123456789"]


def test_he_gets_everything_once(office: Office, file: Path) -> None:
    """Imported with SENDTRAIL_DEFAULT_REGION, twice over."""
    office.device()
    imports = [
        processes.sendtrail("import", file, **office.settings, default_region="MY")
        for _ in range(2)
    ]
    office.campaign()

    assert office.once().returncode == 0

    assert [done.stdout.splitlines()[-1] for done in imports] == [
        "registered 1, updated 0, unchanged 0, known 0, opted out 0, rejected 2",
        "registered 0, updated 0, unchanged 0, known 1, opted out 0, rejected 2",
    ]
    assert [(asked.phone, asked.text) for asked in office.gowa.asked] == [("60123456789", "Hi Ali")]
    office.proves_itself()


def test_without_a_country_only_the_international_notation_is_taken(
    office: Office, file: Path
) -> None:
    """The others are refused with the way out, instead of guessing whose country it is."""
    imported = processes.sendtrail("import", file, **office.settings)
    answers = [office.api.post("/leads", {"phone": phone}) for phone in NOTATIONS]

    assert imported.stdout.splitlines()[-1] == (
        "registered 1, updated 0, unchanged 0, known 0, opted out 0, rejected 2"
    )
    assert imported.stderr.count("set SENDTRAIL_DEFAULT_REGION") == 2
    assert [answer.status for answer in answers] == [422, 409, 422]
    assert [fields(answers[0]), fields(answers[2])] == [["phone"], ["phone"]]
    assert [row.phone for row in then.table(office.container, "leads")] == ["+60123456789"]
