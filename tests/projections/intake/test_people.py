"""People: what a row says of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.errors import InvalidInputError
from projections.intake.files.layout import lay_out, mapped
from projections.intake.files.tables import Row
from projections.intake.people import Person, PersonReader

DEVICE = UUID("00000000-0000-4000-8000-000000000001")


def person(columns: dict[str, str], *map_: str, **options: Any) -> Person:
    """The person of a row with these cells, by their headers."""
    layout = lay_out(list(columns), mapped(map_), frozenset())
    devices = {"sales 1": DEVICE, str(DEVICE): DEVICE, "sales": None}
    reader = PersonReader(layout, region="MY", devices=devices, **options)
    return reader.read(Row(7, list(columns.values())))


def test_a_row_gives_what_it_has() -> None:
    """An empty cell gives nothing, an update must not take it for a wish."""
    found = person(
        {
            "phone": " +60123456789 ",
            "name": " Aisyah ",
            "niche": "B1; B2",
            "triggers": "",
            "city": " Ipoh ",
            "size": " ",
            "opted_out": "no",
        }
    )

    assert (found.line, found.phone, found.triggers) == (7, "+60123456789", ())
    assert found.given == ("name", "niche", "attributes")
    assert (found.profile.name, found.profile.niche) == ("Aisyah", ("B1", "B2"))
    assert found.profile.attributes == {"city": " Ipoh "}
    assert (found.opted_out, found.evidence) == (False, "")


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"First Name": "Siti", "Last Name": "Omar"}, "Siti Omar"),
        ({"First Name": "", "Last Name": "Omar"}, "Omar"),
        ({"Vorname": "Erna", "Name": "Groß"}, "Erna Groß"),
        ({"Prénom": "Zoé", "Nom": "Lefèvre"}, "Zoé Lefèvre"),
        ({"Nombre": "José", "Apellidos": "Núñez Gil"}, "José Núñez Gil"),
        ({"Name": "Siti Omar", "First Name": "siti"}, "Siti Omar"),
        ({"Name": "Siti Omar", "Surname": "Omar"}, "Siti Omar"),
        ({"Name": "Siti O.", "First Name": "Siti", "Last Name": "Omar"}, "Siti O."),
    ],
)
def test_parts_make_a_name(columns: dict[str, str], name: str) -> None:
    assert person({"phone": "+60123456789", **columns}).profile.name == name


def test_of_an_address_books_phones_the_mobile_one() -> None:
    """What its label says; else the first that there is."""
    columns = {
        "Phone 1 - Label": "Home",
        "Phone 1 - Value": "+60321610001",
        "Phone 2 - Label": "Mobile",
        "Phone 2 - Value": "+60123456789",
    }
    unlabelled = {**columns, "Phone 1 - Value": "", "Phone 2 - Label": ""}

    assert person(columns).phone == "+60123456789"
    assert person(columns).profile.attributes["phone_2_value"] == "+60123456789"
    assert person(unlabelled).phone == "+60123456789"


def test_tags_are_triggers_without_their_quotes() -> None:
    found = person(
        {"phone": "+60123456789", "TAGS": '"vip","COLD"', "trigger": "cold;Hot"},
        add_triggers=("Autumn", "HOT"),
    )

    assert found.triggers == ("vip", "COLD", "Hot", "Autumn")


def test_a_device_by_name_or_id() -> None:
    for text in ("SALES 1", str(DEVICE).upper()):
        given = {"phone": "+60123456789", "device": text}
        assert person(given).profile.device_id == DEVICE
    for text in ("Sales", "Nobody"):
        with pytest.raises(InvalidInputError, match="device: expected the name or id of a device"):
            person({"phone": "+60123456789", "device": text})


def test_what_a_list_made_harmless_is_read_back() -> None:
    """An apostrophe before a formula goes, and before anything else it stays."""
    found = person({"phone": "'+60123456789", "name": "'=Siti", "a": "'@x", "b": "'tis\r\nso"})

    assert (found.phone, found.profile.name) == ("+60123456789", "=Siti")
    assert found.profile.attributes == {"a": "@x", "b": "'tis\nso"}


@pytest.mark.parametrize(
    ("columns", "evidence"),
    [
        ({"opted_out": "TRUE"}, "opted_out: TRUE"),
        (
            {"opted_out": "1", "opted_out_at": "2026-03-01"},
            "opted_out: 1; opted_out_at: 2026-03-01",
        ),
        ({"opted_out": "", "opted_out_at": "2026-03-01"}, "opted_out_at: 2026-03-01"),
        ({"Opt-Out": "x", "opt_out_evidence": "wrote STOP"}, "wrote STOP"),
        ({"opt_out_evidence": "wrote STOP"}, "wrote STOP"),
    ],
)
def test_who_said_no_and_how_that_is_known(columns: dict[str, str], evidence: str) -> None:
    """One yes in one column is enough."""
    found = person({"phone": "+60123456789", **columns})

    assert (found.opted_out, found.evidence) == (True, evidence)


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"phone": ""}, "phone"),
        ({"phone": "+60123456789", "opted_out": "perhaps"}, "opted_out"),
        ({"phone": "+60123456789", "opted_out": "", "opt_out_evidence": "wrote"}, "opted_out"),
        ({"phone": "+60123456789", "opt_out_evidence": "x" * 10_001}, "opt_out_evidence"),
        ({"phone": "+60123456789", "opt_out_evidence": "x\0"}, "opt_out_evidence"),
        ({"phone": "+60123456789", "target_status": "vip"}, "target_status"),
        ({"phone": "+60123456789", "tags": "x" * 101}, "triggers"),
        ({"phone": "+60123456789", "x": "y" * 10_001}, "attributes.x"),
    ],
)
def test_a_bad_row_names_the_field(columns: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        person(columns)

    assert refused.value.field == field


def test_short_and_long_rows() -> None:
    """Cells that are missing are empty, and cells to spare must be."""
    reader = PersonReader(lay_out(["phone", "name"], (), frozenset()), region=None, devices={})

    assert reader.read(Row(2, ["+60123456789"])).profile.name == ""
    assert reader.read(Row(2, ["+60123456789", "Siti", "", " "])).profile.name == "Siti"
    with pytest.raises(InvalidInputError, match="row: expected at most 2 fields, as the header"):
        reader.read(Row(2, ["+60123456789", "Siti", "", "x"]))
