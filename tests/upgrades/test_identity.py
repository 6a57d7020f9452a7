"""Ids of leads and digests of texts that an earlier version made, beside those of this version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from domain import lead
from domain.errors import AlreadyExistsError, ErasedError
from projections.audit.message_trail import message_trail
from projections.config.settings import Settings
from projections.container import Container
from projections.database import schema_version
from projections.database.engine import Database
from projections.database.installation import migrate
from projections.intake.lead_import import Options, import_leads
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.when import Phones
from tests.upgrades import dumps

BOTH = pytest.mark.parametrize("dump", dumps.ALL, ids=[dump.file for dump in dumps.ALL])


@BOTH
def test_everybody_keeps_the_id_of_before_and_nobody_becomes_two(
    container: Container, tmp_path: Path
) -> None:
    """However they are named again: by a command, a list, a reply."""
    before = {row.phone: row.lead_id for row in then.table(container, "leads") if row.phone}
    file = tmp_path / "leads.csv"
    file.write_text("\n".join(["phone", *before, given.phone(9_999_999)]) + "\n")

    imported = import_leads(
        container.database, container.outreach, file, Options(region=None), actor="cli:test"
    )
    for phone, lead_id in before.items():
        with pytest.raises(AlreadyExistsError, match=str(lead_id)):
            container.outreach.register_lead(phone, (), lead.profile(), actor="api:test")

    assert {lead_id.version for lead_id in before.values()} == {5}
    assert len(before) > 20
    assert (imported.registered, imported.known, imported.rejected) == (1, len(before), [])
    after = {row.phone: row.lead_id for row in then.table(container, "leads") if row.phone}
    assert {phone: after[phone] for phone in before} == before
    assert {phone: container.outreach.lead_id(phone) for phone in before} == before
    new = after[given.phone(9_999_999)]
    assert (len(after), new.version) == (len(before) + 1, 8)


@BOTH
def test_who_was_erased_is_still_known_as_erased(container: Container) -> None:
    """Though nothing has the phone any more."""
    gone = {row.lead_id for row in then.table(container, "leads") if row.erased_at is not None}
    numbers = [n for n in range(1, 100) if container.outreach.lead_id(given.phone(n)) in gone]

    for number in numbers:
        with pytest.raises(ErasedError):
            given.lead(container, number)

    assert len(numbers) == len(gone) > 0


def test_what_they_are_sent_now_has_a_keyed_digest(
    container: Container, clock: SimulatedClock
) -> None:
    """And what they were sent before keeps its plain one; both are proven."""
    given.campaign(container, name="Anew", body="Hi {name}")
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock))
    when.plays(clock, 120, broadcaster)
    sent = [m for m in then.messages(container) if m.body_sha256]

    found = [
        (hand_over.keyed, hand_over.proven)
        for message in sent
        for hand_over in message_trail(
            container.outreach, container.database, message.message_id
        ).hand_overs
    ]

    assert {proven for keyed, proven in found if keyed} == {True}
    assert {keyed for keyed, _ in found} == {True, False}


def test_every_lead_gets_a_digest_key_of_its_own(
    settings: Settings, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many pages the keys are."""
    copied = tmp_path / "migrations"
    shutil.copytree(schema_version.MIGRATIONS, copied, ignore=shutil.ignore_patterns("*.pyc"))
    (step,) = copied.glob("versions/m*_identity.py")
    assert "PAGE = 5000" in step.read_text()
    step.write_text(step.read_text().replace("PAGE = 5000", "PAGE = 7"))
    monkeypatch.setattr(schema_version, "MIGRATIONS", copied)

    migrate(Database(database_url, secret_key=SECRET_KEY), settings, lambda step: None)

    with Container(settings, outdated=True) as container:
        keys = [bytes(row.digest_key) for row in then.table(container, "lead_keys")]
    assert len(keys) > 20
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}
