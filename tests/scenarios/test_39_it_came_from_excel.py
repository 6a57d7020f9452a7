"""39. "The whole file was refused. It came from Excel, with semicolons." """

from __future__ import annotations

from pathlib import Path

from tests.support import given, processes, then
from tests.support.office import Office

SPREADSHEET = (
    "sep=;\r\n"
    "Kundenliste November 2026;;;;\r\n"
    "\r\n"
    "Vorname;Name;Mobile Phone;Größe;Opted out\r\n"
    "Jürgen;Groß;0123456781;XL;\r\n"
    'Zoë;"Weiß; Meier";+60 12-345 6782;"M";ja\r\n'
    ";;;;\r\n"
    "Erna;Fuß;unbekannt;S;\r\n"
).encode("cp1252")


def test_everybody_in_it_is_there_and_who_said_no_gets_nothing(
    office: Office, tmp_path: Path
) -> None:
    """Through both doors, of which the second changes nothing."""
    given.settings(office.container, default_region="MY")
    office.device()
    file = tmp_path / "Kunden.csv"
    file.write_bytes(SPREADSHEET)

    uploaded = office.api.csv(SPREADSHEET)
    before = then.count(office.container.database)
    imported = processes.sendtrail("import", file, **office.settings, default_region="MY")

    assert uploaded.json["rejected"] == [
        {
            "line": 8,
            "field": "phone",
            "reason": "phone: expected a phone number such as +60123456789",
        }
    ]
    assert imported.stdout.splitlines()[-1] == (
        "registered 0, updated 0, unchanged 0, known 2, opted out 0, rejected 1"
    )
    assert then.count(office.container.database) == before
    leads = office.api.items("/leads")
    assert {lead["phone"]: lead["name"] for lead in leads} == {
        "+60123456781": "Jürgen Groß",
        "+60123456782": "Zoë Weiß; Meier",
    }
    assert {lead["attributes"]["grosse"] for lead in leads} == {"XL", "M"}

    office.campaign()
    assert office.once().returncode == 0

    assert [(asked.phone, asked.text) for asked in office.gowa.asked] == [
        ("60123456781", "Hi Jürgen Groß")
    ]
    office.proves_itself()
