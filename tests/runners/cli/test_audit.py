"""``sendtrail audit``: the log verified, exported and signed, by those who have only a shell."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.errors import InvalidInputError, NotFoundError
from projections.audit import checkpoints, hash_chain
from projections.audit.checkpoints import Checkpoint
from projections.container import Container
from tests.support import given, then
from tests.support.processes import Result, each, sendtrail

ONE_BIT = (
    "UPDATE stored_events SET state = set_byte(state, 40, get_byte(state, 40) # 1)"
    " WHERE notification_id = 2"
)
UNSIGNED = "the checkpoint was not signed with that key"


def somebody_does(container: Container, *statements: str) -> None:
    """Somebody with all rights, past the guard of the log."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)


# Event 2 is still one that can be read.
ANOTHER_ACTOR = """
UPDATE stored_events
SET state = convert_to(replace(convert_from(state, 'UTF8'), '"actor":"', '"actor":"x'), 'UTF8')
WHERE notification_id = 2
"""


def rewritten(container: Container) -> None:
    """The owner alters an event and computes every link anew, so that all fits again."""
    somebody_does(
        container,
        ANOTHER_ACTOR,
        "DELETE FROM hash_chain_links",
        "DELETE FROM tracking WHERE application_name = 'notary'",
    )
    hash_chain.extend(container.database, container.outreach.clock)


def made(container: Container, key: bytes | None = None) -> Checkpoint:
    return checkpoints.make(container.database, container.outreach.clock, key)


def last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]


def test_an_untouched_log_is_intact_and_a_touched_one_is_not(
    container: Container, database_url: str
) -> None:
    """The exit code is for scripts, the line names the event."""
    leads = given.many_leads(container, 3)
    hash_chain.extend(container.database, container.outreach.clock)
    given.lead(container, 11)

    intact = sendtrail("audit", "verify", database_url=database_url)
    somebody_does(container, ONE_BIT)
    touched = sendtrail("audit", "verify", database_url=database_url)

    digest = then.table(container, "hash_chain_links")[0].digest.hex()
    assert intact.stdout.splitlines() == [
        "verified 3 events up to 3, 1 not in the chain yet",
        f"intact: {digest}",
    ]
    assert intact.returncode == 0
    expected = f"Error: event 2 (lead.registered, version 1 of {leads[1]}) was altered"
    assert last_line(touched) == expected
    assert touched.returncode == 1
    assert "intact" not in touched.stdout


def test_a_checkpoint_sees_what_the_chain_cannot(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """An owner who rewrites the log and all the links after it is not seen without one."""
    given.many_leads(container, 3)
    key, kept = tmp_path / "key", tmp_path / "kept.json"
    sendtrail("audit", "keygen", key)
    written = sendtrail("audit", "checkpoint", "--key", key, database_url=database_url)
    kept.write_text(written.stdout)
    given.lead(container, 11)
    verify: list[object] = ["audit", "verify"]
    with_it: list[object] = [*verify, "--checkpoint", kept, "--public-key", f"{key}.pub"]
    before = sendtrail(*with_it, database_url=database_url)

    rewritten(container)
    plain, checked = (
        sendtrail(*command, database_url=database_url) for command in (verify, with_it)
    )

    assert (before.returncode, plain.returncode, checked.returncode) == (0, 0, 1)
    # The owner's new link goes on to the fourth event: it need not end where the old one did.
    assert last_line(checked) == "Error: no link ends with event 3 any more"


def test_a_log_that_was_rewritten_is_not_what_it_was_at_the_checkpoint(
    container: Container,
) -> None:
    """Also where the new links end with the same events."""
    given.many_leads(container, 3)
    kept = made(container)
    assert checkpoints.check(container.database, kept, None) is None

    rewritten(container)

    assert hash_chain.verify(container.database).fault is None
    expected = "the events up to 3 are not what they were at the checkpoint"
    assert checkpoints.check(container.database, kept, None) == expected


def test_a_log_that_was_cut_off_is_seen(container: Container) -> None:
    """The last events deleted, with their links."""
    given.many_leads(container, 3)
    kept = made(container)

    somebody_does(container, "DELETE FROM stored_events WHERE notification_id = 3")
    rewritten(container)

    assert hash_chain.verify(container.database).fault is None
    expected = "no link ends with event 3 any more"
    assert checkpoints.check(container.database, kept, None) == expected


def test_an_old_checkpoint_holds_while_the_log_grows(container: Container) -> None:
    """It says where the chain stood, as it was written to a file."""
    private, public = checkpoints.new_key()
    given.many_leads(container, 3)
    kept = checkpoints.parse(msgspec.json.encode(made(container, private)))
    given.many_leads(container, 3, first=11)

    later = made(container, private)

    assert (kept.position, later.position) == (3, 6)
    for each_of_them in (kept, later):
        assert checkpoints.check(container.database, each_of_them, public) is None


@pytest.mark.parametrize(
    "change",
    [
        {"position": 2},
        {"digest": "00" * 32},
        {"sealed_at": "2026-03-01T08:00:00Z"},
        {"installation": str(UUID(int=1))},
        {"signature": "AAAA"},
        {"signature": "no base64"},
        {"signature": None},
    ],
    ids=str,
)
def test_a_checkpoint_that_was_altered_is_not_signed(
    container: Container, change: dict[str, Any]
) -> None:
    """Whatever in it."""
    private, public = checkpoints.new_key()
    given.many_leads(container, 3)
    fields = json.loads(msgspec.json.encode(made(container, private)))

    altered = checkpoints.parse(json.dumps({**fields, **change}).encode())

    assert checkpoints.check(container.database, altered, public) == UNSIGNED


def test_a_checkpoint_signed_with_another_key_does_not_count(container: Container) -> None:
    """Nor one that was not signed at all."""
    (private, _), (_, other) = checkpoints.new_key(), checkpoints.new_key()
    given.many_leads(container, 3)

    for kept in (made(container, private), made(container)):
        assert checkpoints.check(container.database, kept, other) == UNSIGNED


def test_a_checkpoint_of_another_database_does_not_count(container: Container) -> None:
    """Even if their chains stood at the same event."""
    given.many_leads(container, 3)
    other = msgspec.structs.replace(made(container), installation=str(UUID(int=1)))

    assert checkpoints.check(container.database, other, None) == (
        "the checkpoint is of another database"
    )


def test_what_is_no_key_and_no_checkpoint_is_refused(container: Container) -> None:
    """And where there is no event there is nothing to make one of."""
    private, public = checkpoints.new_key()
    with pytest.raises(NotFoundError, match="no event to make a checkpoint of"):
        made(container)
    given.lead(container)
    kept = made(container, private)

    for wrong in (public, b"", b"key"):
        with pytest.raises(InvalidInputError, match="an Ed25519 private key"):
            made(container, wrong)
    for wrong in (private, b"", b"key"):
        with pytest.raises(InvalidInputError, match="an Ed25519 public key"):
            checkpoints.check(container.database, kept, wrong)
    for text in (b"", b"[]", b'{"position":1}'):
        with pytest.raises(InvalidInputError, match="what 'sendtrail audit checkpoint' wrote"):
            checkpoints.parse(text)


def test_keys_are_for_the_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    """Also the public one of a private key that was taken away, as it should be: old checkpoints
    are verified with it."""
    key, public = tmp_path / "key", tmp_path / "key.pub"
    umask = os.umask(0)
    try:
        first = sendtrail("audit", "keygen", key)
    finally:
        os.umask(umask)
    pair = (key.read_bytes(), public.read_bytes())
    assert first.returncode == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    again = sendtrail("audit", "keygen", key)
    assert (again.returncode, (key.read_bytes(), public.read_bytes())) == (1, pair)

    key.unlink()
    without_private = sendtrail("audit", "keygen", key)
    assert last_line(without_private) == f"Error: {public}: expected a new file (File exists)"
    assert (key.exists(), public.read_bytes()) == (False, pair[1])

    key.write_bytes(pair[0])
    public.unlink()
    without_public = sendtrail("audit", "keygen", key)
    assert last_line(without_public) == f"Error: {key}: expected a new file (File exists)"
    assert (key.read_bytes(), public.exists()) == (pair[0], False)


def test_the_export_is_json_line_by_line(container: Container, database_url: str) -> None:
    """With the events' own JSON, as it is stored."""
    given.lead(container, 1, ["COLD"], name="Aïcha")
    given.sequence(container, "COLD", ["Grüße"])

    result = sendtrail("audit", "export", database_url=database_url)

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["topic"] for line in lines] == [
        "lead.registered",
        "sequence.defined",
        "sequence.activated",
    ]
    log = then.table(container, "stored_events")
    for line, text, stored in zip(lines, result.stdout.splitlines(), log, strict=True):
        assert line["notification_id"] == stored.notification_id
        assert f'"state":{bytes(stored.state).decode()}}}' in text


def test_what_is_asked_for_wrongly_is_one_line(database_url: str, tmp_path: Path) -> None:
    """A public key without a checkpoint, and files that are not there."""
    nowhere = tmp_path / "nowhere"
    commands: list[list[object]] = [
        ["audit", "verify", "--public-key", nowhere],
        ["audit", "verify", "--checkpoint", nowhere],
        ["audit", "checkpoint", "--key", nowhere],
        ["audit", "keygen", nowhere / "key"],
    ]

    results = each(*((command, {"database_url": database_url}) for command in commands))

    missing = f"Error: {nowhere}: expected a file to read (No such file or directory)"
    assert [last_line(result) for result in results] == [
        "Error: --public-key: expected a --checkpoint beside it",
        missing,
        missing,
        f"Error: {nowhere}/key.pub: expected a new file (No such file or directory)",
    ]
    assert {result.returncode for result in results} == {1}
