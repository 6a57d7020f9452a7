"""Imports that update, that only look, and that opt out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from projections.container import Container
from projections.intake import lead_import
from projections.intake.lead_import import Imported, Options, import_leads
from projections.intake.opt_out_import import OptedOut, import_opt_outs
from tests.support import given, then, when

PHONE = "+60120000001"
OTHER = "+60120000002"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "leads.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def imports(container: Container, path: Path, **options: Any) -> Imported:
    options = {"region": "MY", **options}
    return import_leads(
        container.database, container.outreach, path, Options(**options), actor="cli:anna"
    )


def refuses(container: Container, path: Path, **options: Any) -> OptedOut:
    options = {"region": "MY", **options}
    return import_opt_outs(
        container.database, container.outreach, path, Options(**options), actor="cli:anna"
    )


def counts(result: Imported | OptedOut) -> dict[str, int]:
    return {name: count for name, count in result.counts().items() if count}


def lead(container: Container, phone: str = PHONE) -> Any:
    return container.outreach.get_lead(container.outreach.lead_id(phone))


def test_an_update_changes_what_the_file_gives(container: Container, tmp_path: Path) -> None:
    """And nothing where its cells are empty."""
    imports(
        container,
        write(
            tmp_path,
            "phone,name,niche,target_status,triggers,timezone,city,size",
            f"{PHONE},Aisha,B1,customer,COLD,Asia/Kuala_Lumpur,Ipoh,M",
            f"{OTHER},Mei,B2,,,,,",
        ),
    )
    path = write(
        tmp_path,
        "phone,name,niche,target_status,triggers,timezone,city,size",
        f"{PHONE},Aisyah,,,cold;WARM,,Penang,",
        f"{OTHER},,B2,,,,,",
        "+60120000003,Raj,,,,,,",
    )

    first = imports(container, path, update=True)
    before = then.count(container.database)
    again = imports(container, path, update=True)

    assert counts(first) == {"registered": 1, "updated": 1, "unchanged": 1}
    assert counts(again) == {"unchanged": 3}
    assert then.count(container.database) == before
    aisyah = lead(container)
    assert (aisyah.profile.name, aisyah.profile.niche) == ("Aisyah", ("B1",))
    assert (aisyah.profile.target_status, aisyah.triggers) == ("customer", ("COLD", "WARM"))
    assert aisyah.profile.timezone == "Asia/Kuala_Lumpur"
    assert aisyah.profile.attributes == {"city": "Penang", "size": "M"}


@pytest.mark.parametrize("chunk", [1000, 1])
def test_a_person_twice_in_a_file_that_updates(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """The later row changes what the earlier gave, in one chunk or over several; a dry run counts
    the same."""
    monkeypatch.setattr(lead_import, "CHUNK", chunk)
    path = write(
        tmp_path,
        "phone,name,triggers,city",
        f"{PHONE},Aisha,COLD,Ipoh",
        "012-000 0001,Aisyah,WARM,",
        f"{PHONE},Aisyah,,Ipoh",
    )

    looked = imports(container, path, update=True, dry_run=True)
    assert then.count(container.database) == 0
    done = imports(container, path, update=True)

    assert counts(looked) == counts(done) == {"registered": 1, "updated": 1, "unchanged": 1}
    aisyah = lead(container)
    assert (aisyah.profile.name, aisyah.triggers) == ("Aisyah", ("COLD", "WARM"))
    assert aisyah.profile.attributes == {"city": "Ipoh"}


def test_a_dry_run_counts_the_same_and_writes_nothing(container: Container, tmp_path: Path) -> None:
    given.lead(container, 2)
    before = then.count(container.database)
    path = write(
        tmp_path,
        "phone,name,opted_out",
        f"{PHONE},A,yes",
        f"{OTHER},B,yes",
        "x,C,",
        f"{PHONE},D,",
    )

    looked = imports(container, path, dry_run=True)
    assert then.count(container.database) == before
    done = imports(container, path)

    assert looked == done
    assert counts(done) == {"registered": 1, "known": 1, "opted out": 2, "rejected": 2}


def test_triggers_for_everybody(container: Container, tmp_path: Path) -> None:
    """People who are known get them with an update only."""
    given.lead(container, 2)
    path = write(tmp_path, "phone,triggers", f"{PHONE},WARM", f"{OTHER},")

    imports(container, path, add_triggers=("COLD",))
    assert lead(container).triggers == ("WARM", "COLD")
    assert lead(container, OTHER).triggers == ()

    imports(container, path, add_triggers=("COLD",), update=True)
    assert lead(container, OTHER).triggers == ("COLD",)


def test_no_import_takes_an_opt_out_back(container: Container, tmp_path: Path) -> None:
    """Whoever said no elsewhere stays out here, and the evidence is that of the file."""
    path = write(tmp_path, "phone,name,opted_out", f"{PHONE},Aisha,2026-03-01")
    assert counts(imports(container, path)) == {"registered": 1, "opted out": 1}
    assert lead(container).opted_out_at is not None
    (opted_out,) = then.events(container, "lead.opted_out")
    assert opted_out.evidence == "opted_out: 2026-03-01"

    assert counts(imports(container, path)) == {"known": 1}
    changed = write(tmp_path, "phone,name,opted_out", f"{PHONE},Aisyah,no")
    assert counts(imports(container, changed, update=True)) == {"updated": 1}
    assert lead(container).profile.name == "Aisyah"
    assert lead(container).opted_out_at is not None


def test_an_opt_out_in_a_file_stops_what_is_pending(container: Container, tmp_path: Path) -> None:
    """Also without an update, of somebody who is known."""
    given.device(container)
    given.lead(container, 1)
    given.campaign(container)
    when.triggers(container)

    result = imports(container, write(tmp_path, "phone,opted_out", f"{PHONE},yes"))

    assert counts(result) == {"known": 1, "opted out": 1}
    message = then.message(container)
    assert (message.status, message.reason) == ("cancelled", "opted_out")


def test_an_erased_person_is_not_updated(container: Container, tmp_path: Path) -> None:
    """The row is reported: nothing of it may be kept."""
    lead_id = given.lead(container, 1)
    container.outreach.erase_lead(lead_id, actor="cli:anna")

    result = imports(container, write(tmp_path, "phone,name", f"{PHONE},Aisyah"), update=True)

    assert [(r.line, r.field, r.reason) for r in result.rejected] == [
        (2, "phone", "phone: expected a person who was not erased")
    ]


def test_a_file_of_people_who_said_no(container: Container, tmp_path: Path) -> None:
    """It may have no header; whoever is out already stays so, and whoever is nobody is counted."""
    given.lead(container, 1)
    given.lead(container, 2)
    path = write(tmp_path, PHONE, "012-000 0001", "+60120000009", "call me")

    looked = refuses(container, path, dry_run=True)
    assert lead(container).opted_out_at is None
    done = refuses(container, path)

    assert looked == done
    assert counts(done) == {"opted out": 1, "suppressed": 1, "rejected": 1}
    assert lead(container).opted_out_at is not None
    assert lead(container, OTHER).opted_out_at is None
    assert counts(refuses(container, path)) == {"known": 1, "suppressed": 1, "rejected": 1}


def test_a_mistake_elsewhere_in_the_row_hides_no_no(container: Container, tmp_path: Path) -> None:
    """But a row that says there is none is reported."""
    given.lead(container, 1)
    given.lead(container, 2)
    path = write(tmp_path, "phone,timezone,opted_out", f"{PHONE},Mars,yes", f"{OTHER},,no")

    result = refuses(container, path)

    assert counts(result) == {"opted out": 1, "rejected": 1}
    assert [(r.line, r.field) for r in result.rejected] == [(3, "opted_out")]
