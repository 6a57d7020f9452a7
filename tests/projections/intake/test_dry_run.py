"""A dry run gives what the real run gives."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from projections.container import Container
from projections.intake import lead_import, opt_out_import
from projections.records import quarantine
from tests.projections.intake.test_lead_import import imports, write
from tests.projections.intake.test_lead_update import counts, refuses
from tests.support import given, then

# What a row says behind its phone: nothing, no opt-out, one, and one with a mistake beside it.
KINDS = (",", ",no", ",yes", "Mars/X,yes")
HEADER = "phone,timezone,opted_out"


@pytest.mark.parametrize("chunk", [1000, 2, 1])
@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    ("rows", "known", "opted_out"),
    [
        ([",no", ",yes"], False, 1),
        (["Mars/X,yes", ",no"], False, 1),
        (["Mars/X,yes", ",", ",yes"], False, 1),
        ([",yes", ",yes"], True, 1),
        (["Mars/X,yes", ",yes"], True, 1),
        (["Mars/X,yes", "Mars/X,yes"], False, 0),
    ],
)
def test_whom_a_file_opts_out(
    container: Container,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[str],
    known: bool,
    opted_out: int,
    update: bool,
    chunk: int,
) -> None:
    """One person in several rows, of one chunk or several."""
    monkeypatch.setattr(lead_import, "CHUNK", chunk)
    if known:
        given.lead(container, 1)
    before = then.count(container.database)
    path = write(tmp_path, HEADER, *(f"{given.phone(1)},{row}" for row in rows))

    looked = imports(container, path, update=update, dry_run=True)
    assert then.count(container.database) == before
    done = imports(container, path, update=update)

    assert looked == done
    assert done.opted_out == opted_out


@pytest.mark.parametrize("chunk", [1000, 64, 7])
@pytest.mark.parametrize("update", [False, True])
def test_every_way_to_say_something_thrice(
    container: Container,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    update: bool,
    chunk: int,
) -> None:
    """A person for each, who is new, and another one, who is known."""
    monkeypatch.setattr(lead_import, "CHUNK", chunk)
    ways = list(product(KINDS, repeat=3)) * 2
    given.many_leads(container, len(ways) // 2)
    rows = [
        f"{given.phone(number)},{way[turn]}"
        for turn in range(3)
        for number, way in enumerate(ways, start=1)
    ]
    path = write(tmp_path, HEADER, *rows)

    looked = imports(container, path, update=update, dry_run=True)
    done = imports(container, path, update=update)

    assert looked == done
    told = done.registered + done.updated + done.unchanged + done.known + len(done.rejected)
    assert told == len(rows)


def test_two_numbers_of_one_person(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They opt out one lead, and an update with both changes that one."""
    one, other = given.many_leads(container, 2)
    container.outreach.merge_leads(one, other, actor="api:boss")
    path = write(
        tmp_path,
        "phone,name,opted_out,city",
        f"{given.phone(1)},Siti,yes,",
        f"{given.phone(2)},Siti,yes,Ipoh",
    )
    looked = [imports(container, path, update=True, dry_run=True)]
    monkeypatch.setattr(lead_import, "CHUNK", 1)
    looked.append(imports(container, path, update=True, dry_run=True))
    monkeypatch.setattr(lead_import, "CHUNK", 1000)

    done = imports(container, path, update=True)

    assert looked == [done, done]
    assert counts(done) == {"updated": 2, "opted out": 1}
    profile = container.outreach.get_lead(one).profile
    assert (profile.name, profile.attributes) == ("Siti", {"city": "Ipoh"})


@pytest.mark.parametrize("chunk", [1000, 1])
def test_a_list_of_people_who_said_no(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Each phone is counted once, wherever it comes again, and the erased are known."""
    monkeypatch.setattr(opt_out_import, "CHUNK", chunk)
    leads = given.many_leads(container, 5)
    container.outreach.merge_leads(leads[0], leads[1], actor="api:boss")
    container.outreach.opt_out(leads[2], "wrote", actor="api:boss")
    container.outreach.erase_lead(leads[3], actor="api:boss")
    path = write(tmp_path, *(given.phone(n) for n in (1, 2, 3, 4, 6, 1, 6, 4)))

    looked = refuses(container, path, dry_run=True)
    done = refuses(container, path)

    assert looked == done
    assert counts(done) == {"opted out": 1, "known": 3, "suppressed": 1}
    assert [row.key for row in then.table(container, "suppressions")] == [given.phone(6)]


def test_a_list_with_rows_that_are_wrong(container: Container, tmp_path: Path) -> None:
    """They are rejected and heard; whose opt-out cannot be understood is asked about."""
    for number in range(1, 6):
        given.lead(container, number)
    plain = write(
        tmp_path, given.phone(1), f"{given.phone(2)},STOP", f'{given.phone(3)},"a" b', "me"
    )
    assert counts(refuses(container, plain, dry_run=True)) == {"opted out": 3, "rejected": 3}
    assert counts(refuses(container, plain)) == {"opted out": 3, "rejected": 3}
    named = write(
        tmp_path,
        "phone,opted_out,opted_out_at",
        f"{given.phone(4)},yes,by phone",
        f"{given.phone(5)},,by phone",
        f"{given.phone(6)},yes,,spare",
    )
    result = refuses(container, named)

    assert counts(result) == {"opted out": 1, "suppressed": 1, "rejected": 3}
    assert [(r.line, r.field) for r in result.rejected] == [
        (2, "opted_out"),
        (3, "opted_out"),
        (4, "row"),
    ]


def test_a_lead_that_is_put_aside(container: Container, tmp_path: Path) -> None:
    """Nothing can be recorded of it. Where it has no row, its number is suppressed: it may come
    back."""
    one = given.lead(container, 1)
    other = container.outreach.lead_id(given.phone(2))
    with container.database.transaction() as connection:
        asides = [
            quarantine.Aside(kind="lead", id=id_, runner="import", reason="broken")
            for id_ in (one, other)
        ]
        quarantine.put(connection, asides, container.outreach.clock())
    path = write(tmp_path, HEADER, f"{given.phone(1)},,yes", f"{given.phone(2)},,yes")

    for update in (False, True):
        looked = imports(container, path, update=update, dry_run=True)
        assert counts(looked) == {"known": 2}
        assert imports(container, path, update=update) == looked
    assert counts(refuses(container, path, dry_run=True)) == {"known": 1, "suppressed": 1}
    assert counts(refuses(container, path)) == {"known": 1, "suppressed": 1}
    assert [row.key for row in then.table(container, "suppressions")] == [given.phone(2)]
