"""An erased person's name was found again by trying names against the text's hash.

Her whole life is lived first: every gateway, imports, first answers, what failed, what was put
aside, what waits. Then she is erased, and looked for in all that is left, in every form; and
somebody with the whole database, but not the secret key, tries phones and names against it.
GUESSED_PHONES in the environment says how many; 10000000 takes about half an hour.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from domain.content import Content, digest
from projections.database import postgres_tools
from projections.intake.providers.payload import derived_id
from tests.scenarios.past_life import BODY, FORMER, NAME, PHONE, STREET, WORDS, Life, office
from tests.support import guessing
from tests.support.guessing import Leftovers
from tests.support.homes import folder, takes_long
from tests.support.traces import decoded, files, tables

PHONES = int(os.environ.get("GUESSED_PHONES", "20000"))
# Each is tried with every reply, every text and every key.
SENDERS = 200
FIRST = ("Zenobia", "Aisyah", "Budi", "Chandra", "Dewi", "Farid", "Goh", "Hamzah", "Indra", "Jaya")
LAST = ("Quillfeather", "Abdullah", "Tan", "Kumar", "Santoso", "Lim", "Rahman", "Wong", "Singh")
SAID = ("STOP", "ya", "ok", WORDS, f"{NAME} says {WORDS}")


class Everything(NamedTuple):
    """Where she is found, by table, by path of the API, and in files; and the dump."""

    tables: set[str]
    answers: set[str]
    faults: set[str]
    dump: list[str]
    export: list[str]
    backup: set[str]
    logs: list[str]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(scope="module")
def life(place: Path) -> Iterator[Life]:
    """Lived to the end, and not erased yet."""
    with office(place / "home") as lived:
        lived.is_lived()
        yield lived


def looks(life: Life, backup: Path) -> Everything:
    """Looks everywhere; the backup is a new one."""
    wanted = life.wanted
    done = takes_long("db", "backup", backup, home=life.home)
    assert done.returncode == 0, done.stdout
    with life.container.database.engine.connect() as connection:
        found = wanted.found_in(tables(connection))
    answers = [(path, data, status) for path, data, status in life.answers()]
    return Everything(
        tables=set(found),
        answers=set(wanted.found_in((path, data) for path, data, _ in answers)),
        faults={path for path, _, status in answers if status >= 500 and "templates" not in path},
        dump=wanted.found(dumped(life)),
        export=wanted.found(life.command("audit", "export").encode()),
        backup=set(wanted.found_in(files(backup))),
        logs=wanted.found("\n".join((*life.web.lines, *life.run.lines)).encode()),
    )


def dumped(life: Life) -> bytes:
    """What pg_dump writes."""
    url = life.container.database.url
    tools = postgres_tools.find(int(life.query("SHOW server_version_num")[0][0]) // 10000)
    command = [tools.path("pg_dump"), f"--dbname={url}"]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout


def left(life: Life) -> Leftovers:
    """What somebody has who has all tables, and not the secret key."""
    with life.container.database.engine.connect() as connection:
        everything = b"\n".join(decoded(data) for _, data in tables(connection))
    secrets = life.query(
        "SELECT digest_key AS key FROM lead_keys UNION ALL SELECT key FROM lead_keys"
        " UNION ALL SELECT key FROM identity_key"
    )
    replies = life.query(
        "SELECT originator_id AS lead, (data ->> 'reply_id')::uuid AS reply"
        " FROM event_log WHERE topic = 'lead.replied'"
    )
    texts = life.query("SELECT body_sha256 FROM broadcast_messages WHERE body_sha256 IS NOT NULL")
    return Leftovers(
        digests=guessing.digests_in(everything.decode(errors="replace")),
        keys=[bytes(row.key) for row in secrets],
        namespaces=[row.namespace for row in life.query("SELECT namespace FROM installation")],
        replies=[(r.lead, r.reply, guessing.instant(r.reply)) for r in replies],
        texts=frozenset(row.body_sha256 for row in texts),
    )


def phones(number: int) -> Iterator[str]:
    """So many numbers of her country, hers among them."""
    yield from (PHONE, FORMER)
    yield from (f"+601{nine:09d}"[:12] for nine in range(90_000_000, 90_000_000 + number - 2))


def people() -> Iterator[str]:
    """A dictionary of names, hers among them."""
    yield from (f"{first} {last}" for first in FIRST for last in LAST)
    yield from FIRST


def tries(known: Leftovers, number: int) -> list[str]:
    """Whom somebody finds who tries so many phones, and every name of the dictionary."""
    bodies = [BODY, BODY.replace("{street}", STREET)]
    return [
        *guessing.phones_found(known, phones(number)),
        *guessing.senders_found(known, islice(phones(number), SENDERS), SAID),
        *guessing.names_found(known, bodies, people(), {"street": STREET}),
    ]


def test_every_form_is_found_wherever_it_begins(life: Life) -> None:
    for name, ways in life.wanted.forms.items():
        for form in ways:
            for before in range(4):
                assert name in life.wanted.found(b"#" * before + form + b"#"), form


def test_nothing_is_left_of_her_and_trying_finds_nobody(life: Life, place: Path) -> None:
    """The same search finds her everywhere before."""
    before = looks(life, place / "before")

    assert {
        "public.leads",
        "public.lead_addresses",
        "public.replies",
        "public.inbound",
        "public.idempotency",
        "public.unattributed_replies",
        "public.suppressions",
        "public.broadcast_message_report",
        "copy.leads",
        "pg_catalog.pg_statistic",
    } <= before.tables
    assert {
        "/api/v1/leads",
        "/api/v1/leads/{lead_id}",
        "/api/v1/leads/{lead_id}/export",
        "/api/v1/messages",
        "/api/v1/replies",
        "/api/v1/audit/leads/{lead_id}",
        "/api/v1/audit/messages/{message_id}",
        "/api/v1/suppressions",
    } <= before.answers
    # What she was sent is nowhere: it is rendered again.
    assert sorted({*before.dump, "text"}) == sorted(life.wanted.forms)
    assert before.backup
    # Nobody may ever be named there.
    assert (before.logs, before.export, before.faults) == ([], [], set())

    erased = life.ask("DELETE", f"/api/v1/leads/{life.lead}")
    assert (erased.status, erased.json["phone"]) == (200, None)

    after = looks(life, place / "after")
    assert after == Everything(set(), set(), set(), [], [], set(), [])
    assert tries(left(life), PHONES) == []


def test_the_same_attack_finds_whom_nothing_protects(life: Life) -> None:
    """Somebody whose id follows from the phone, whose text has a plain digest or one whose key was
    kept, and whose reply is named by what she wrote."""
    known = left(life)
    namespace, lead = life.container.outreach.namespace, UUID(life.lead)
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    reply = guessing.former_reply(lead, at, derived_id(at, PHONE[1:], "STOP"))
    text = Content(body=BODY.format(name=NAME, street=STREET))
    ids = guessing.digests_in(f"{guessing.former_id(namespace, PHONE)}")

    weak = known._replace(digests=known.digests | ids)
    assert [*guessing.phones_found(weak, phones(100))] == [PHONE]
    weak = known._replace(replies=[(lead, reply, at)])
    assert [*guessing.senders_found(weak, phones(100), SAID)] == [PHONE]
    for key in (None, b"k" * 32):
        kept = [] if key is None else [key]
        texts = frozenset([digest(text, key) if key else digest(text)])
        weak = known._replace(texts=texts, keys=kept)
        assert [*guessing.names_found(weak, [BODY], people(), {"street": STREET})] == [NAME]
