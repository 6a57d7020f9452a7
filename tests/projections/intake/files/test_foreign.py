"""Files that listmonk and Mautic exported: who is in them, and who said no there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidInputError
from projections.container import Container
from projections.intake.files.foreign import Program, open_foreign_file
from projections.intake.lead_import import Imported, Options, import_leads
from projections.readmodels import leads
from tests.support import then

LISTMONK_CSV = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    'u1,a@example.com,Aisyah,"{""phone"": ""+60120000001"", ""city"": ""Ipoh""}",enabled,'
    "2026-01-01,2026-02-01\n"
    'u2,b@example.com,Budi,"{""phone"": ""+60120000002"", ""age"": 40}",blocklisted,'
    "2026-01-01,2026-02-02\n"
    "u3,c@example.com,Chong,{broken,enabled,2026-01-01,2026-02-03\n"
    "u4,d@example.com,Devi,{},enabled,2026-01-01,2026-02-04\n"
)


def subscriber(number: int, lists: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """As the API of listmonk lists it, with what became of each of its lists."""
    return {
        "id": number,
        "uuid": f"u{number}",
        "email": f"{number}@example.com",
        "name": "Aisyah",
        "attribs": {"WhatsApp": f"+6012000000{number}"},
        "status": "enabled",
        "lists": [{"name": name, "subscription_status": status} for name, status in lists],
        **more,
    }


def contact(number: int, noes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """As the API of Mautic lists it."""
    names = {"firstname": "Aisyah", "lastname": "Rahman", "mobile": f"+6012000000{number}"}
    return {
        "id": number,
        "fields": {"core": {}, "all": {"id": number, "points": 5, **names, "company": None}},
        "tags": [{"tag": "COLD"}],
        "doNotContact": noes,
        **more,
    }


def imported(container: Container, path: Path, program: Program, text: str, *map_: str) -> Imported:
    path.write_text(text, encoding="utf-8")
    options = Options(region=None, map_=map_, program=program)
    return import_leads(container.database, container.outreach, path, options, actor="cli:test")


def found(container: Container) -> dict[str, Any]:
    """The leads by the last digit of their phones: name, niche, attributes, and why they are
    out."""
    events = {
        event.originator_id: event.evidence for event in then.events(container, "lead.opted_out")
    }
    with container.database.transaction() as connection:
        states = leads.states(connection, [row.lead_id for row in then.table(container, "leads")])
    return {
        state.phone[-1]: (
            state.profile.name,
            state.profile.niche,
            dict(state.profile.attributes),
            events.get(state.id),
        )
        for state in states.values()
    }


def test_subscribers_of_listmonk_as_csv(container: Container, tmp_path: Path) -> None:
    """Whoever it does not write to is out; a row that cannot be read is rejected by its line."""
    done = imported(container, tmp_path / "subscribers.csv", "listmonk", LISTMONK_CSV)

    assert (done.registered, done.opted_out) == (2, 1)
    assert [(row.line, row.field) for row in done.rejected] == [(4, "row"), (5, "phone")]
    assert found(container) == {
        "1": ("Aisyah", (), {"email": "a@example.com", "city": "Ipoh"}, None),
        "2": (
            "Budi",
            (),
            {"email": "b@example.com", "age": "40"},
            "listmonk: blocklisted, as of 2026-02-02",
        ),
    }


def test_subscribers_of_listmonk_with_their_lists(container: Container, tmp_path: Path) -> None:
    """A list that was left is none of the niches; who has left all of them is out."""
    people = [
        subscriber(1, [("News", "confirmed"), ("Offers", "unsubscribed")]),
        subscriber(2, [("News", "unsubscribed")]),
        subscriber(3, [], status="disabled"),
    ]
    text = json.dumps({"data": {"results": people, "total": 3}})

    done = imported(container, tmp_path / "subscribers.json", "listmonk", text)

    assert (done.registered, done.opted_out, done.rejected) == (3, 2, [])
    assert {key: (niche, why) for key, (_, niche, _, why) in found(container).items()} == {
        "1": (("News",), None),
        "2": ((), "listmonk: unsubscribed from News"),
        "3": ((), "listmonk: disabled"),
    }


def test_contacts_of_mautic_with_their_wishes(container: Container, tmp_path: Path) -> None:
    """Unsubscribed, and set by hand, are a no on any channel; a mail that bounced is none."""
    people = {
        "1": contact(1, []),
        "2": contact(2, [{"channel": "email", "reason": 1, "comments": "clicked"}]),
        "3": contact(3, [{"channel": "email", "reason": 2, "comments": ""}]),
        "4": contact(4, [{"channel": "sms", "reason": 3, "comments": ""}]),
    }
    text = json.dumps({"total": "4", "contacts": people})

    done = imported(container, tmp_path / "contacts.json", "mautic", text)

    assert (done.registered, done.opted_out) == (4, 2)
    assert {key: (name, why) for key, (name, _, _, why) in found(container).items()} == {
        "1": ("Aisyah Rahman", None),
        "2": ("Aisyah Rahman", "Mautic: email: unsubscribed (clicked)"),
        "3": ("Aisyah Rahman", None),
        "4": ("Aisyah Rahman", "Mautic: sms: set by hand"),
    }
    registered = then.events(container, "lead.registered")
    assert {event.triggers for event in registered} == {("COLD",)}


def test_contacts_of_mautic_as_csv(container: Container, tmp_path: Path) -> None:
    text = (
        '"id","firstname","lastname","email","mobile","phone","doNotContact"\n'
        '"1","Aisyah","Rahman","a@example.com","+60120000001","+60390000001",""\n'
        '"2","Budi","","b@example.com","","+60120000002","1"\n'
        '"3","Chong","","c@example.com","+60120000003","","[{""channel"":""email"",""reason"":2}]"\n'
    )

    done = imported(container, tmp_path / "contacts.csv", "mautic", text)

    assert {key: (name, why) for key, (name, _, _, why) in found(container).items()} == {
        "1": ("Aisyah Rahman", None),
        "3": ("Chong", None),
    }
    assert [(row.line, row.field) for row in done.rejected] == [(3, "phone")]


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        ("listmonk", "phone,name\n+60120000001,A\n", "an export of listmonk"),
        ("listmonk", '{"data": {"results": []}}', "an export of listmonk"),
        ("mautic", "[1]", "an export of mautic"),
        ("mautic", '{"contacts": ', "JSON that can be read"),
        ("mautic", "email,name\na@example.com,A\n", "phone:NAME"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(
    tmp_path: Path, program: Program, text: str, expected: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=expected):
        open_foreign_file(path, program, ())


def test_an_attribute_of_another_name_is_the_phone_if_the_caller_says_so(
    container: Container, tmp_path: Path
) -> None:
    text = json.dumps([subscriber(1, [], attribs={"kontaktweg": "+60120000001"})])

    done = imported(container, tmp_path / "file.json", "listmonk", text, "phone:kontaktweg")

    assert done.registered == 1
