"""What becomes of the people of a file: they are registered, changed and opted out by the chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import lead
from domain.application.outreach import Outreach
from domain.application.registration import Change, Registration
from domain.values import matching
from projections.database.engine import Database
from projections.eventstore.append import StreamConflictError
from projections.eventstore.broken_streams import put_aside_broken
from projections.intake.people import Person, identity
from projections.readmodels import leads
from projections.records import quarantine

ERASED = "phone: expected a person who was not erased"


class Written(msgspec.Struct):
    """What became of a chunk: how many people were registered, changed by ``update``, left as they
    were though ``update`` was asked for, known and left alone without it; how many were opted out;
    and why people were refused, by the line of their row."""

    registered: int = 0
    updated: int = 0
    unchanged: int = 0
    known: int = 0
    opted_out: int = 0
    refused: dict[int, str] = {}


class LeadWriter(Protocol):
    """All that an import needs of the application."""

    def __call__(self, people: Sequence[Person]) -> Written:
        """Write these people in one transaction. One person comes twice only if the writer
        updates; then the later row changes what the earlier gave."""
        ...


class Draft(msgspec.Struct, frozen=True):
    """As much of a lead as an import changes. ``evidence`` is that of its opt-out by this chunk."""

    triggers: tuple[str, ...]
    profile: lead.Profile
    opted_out: bool
    evidence: str | None = None

    def changed(self, person: Person) -> Draft:
        """After what the person's row gives: its triggers are added, empty cells change nothing,
        and an opt-out is never taken back."""
        new = [t for t in person.triggers if matching(t, self.triggers) is None]
        given = {field: getattr(person.profile, field) for field in person.given}
        given["attributes"] = {**self.profile.attributes, **person.profile.attributes}
        return Draft(
            (*self.triggers, *new), msgspec.structs.replace(self.profile, **given), self.opted_out
        ).wished(person, self)

    def wished(self, person: Person, before: Draft) -> Draft:
        """After the wish of the row; a wish that was known ``before`` is no news."""
        if not person.opted_out or before.opted_out:
            return msgspec.structs.replace(
                self, opted_out=before.opted_out, evidence=before.evidence
            )
        return msgspec.structs.replace(self, opted_out=True, evidence=person.evidence)

    def is_like(self, other: Draft) -> bool:
        """Whether triggers and profile are the same."""
        return self.triggers == other.triggers and self.profile == other.profile


class Leads:
    """Writes people as leads. ``update``: leads that are known get what the file gives.
    ``dry_run``: everything is decided and counted, and nothing is written."""

    def __init__(
        self,
        database: Database,
        outreach: Outreach,
        *,
        actor: str,
        update: bool = False,
        dry_run: bool = False,
    ) -> None:
        self._database = database
        self._outreach = outreach
        self._actor = actor
        self._update = update
        self._dry_run = dry_run
        # What a dry run would have written, as JSON: the next chunks are decided after it.
        self._imagined: dict[str, bytes] = {}

    def __call__(self, people: Sequence[Person]) -> Written:
        """As ``LeadWriter`` says. If another transaction registers or changes one of the leads
        meanwhile, the chunk is done anew. A lead that cannot be recorded, because the log has
        events of it, is put aside."""
        while True:
            try:
                return self._database.run("import", lambda c: self._write(c, people))
            except StreamConflictError as conflict:
                put_aside_broken(self._database, conflict, "import", self._outreach.clock())

    def _write(self, connection: Connection, people: Sequence[Person]) -> Written:
        keys = [identity(person.phone) for person in people]
        known, ids = self._outreach.look_up(connection, dict.fromkeys(keys))
        aside = quarantine.kept(connection, "lead", known.values())
        # A no of somebody who is known is heard apart from this, by all who have the number.
        people = [
            msgspec.structs.replace(person, opted_out=False) if key in known else person
            for key, person in zip(keys, people, strict=True)
        ]
        wanted = {known[key] for key in keys if key in known and self._update}
        states = leads.states(connection, wanted) if wanted else {}
        by_key = {key: states[id_] for key, id_ in known.items() if id_ in states}
        before = {
            key: Draft(state.triggers, state.profile, state.opted_out_at is not None)
            for key, state in by_key.items()
        }
        for key in keys:
            if key in self._imagined:
                before[key] = msgspec.json.decode(self._imagined[key], type=Draft)
        new = [key for key in keys if key not in known and key not in before]
        suppressed = self._outreach.queries.suppressed(connection, new)
        written = Written()
        drafts: dict[str, Draft] = {}
        phones: dict[str, str] = {}
        for key, person in zip(keys, people, strict=True):
            draft = drafts.get(key, before.get(key))
            if known.get(key) in aside:
                written.known += 1
            elif key in by_key and by_key[key].erased_at is not None:
                written.refused[person.line] = ERASED
            elif key not in known and draft is None:
                said_no = key in suppressed and suppressed[key].in_force
                first = Draft(person.triggers, person.profile, said_no)
                drafts[key] = first.wished(person, first)
                phones[key] = person.phone
                written.registered += 1
                written.opted_out += drafts[key].opted_out
            elif draft is None:
                written.known += 1
            elif self._update:
                drafts[key] = after = draft.changed(person)
                if after.is_like(draft):
                    written.unchanged += 1
                else:
                    written.updated += 1
                written.opted_out += after.opted_out and not draft.opted_out
            else:
                drafts[key] = after = draft.wished(person, draft)
                written.known += 1
                written.opted_out += after.opted_out and not draft.opted_out
        if self._dry_run:
            self._imagine(drafts)
        else:
            self._record(
                connection, drafts, before, by_key, {k: (ids[k], phones[k]) for k in phones}
            )
        return written

    def _imagine(self, drafts: dict[str, Draft]) -> None:
        # Only an update meets one person twice.
        if self._update:
            for key, draft in drafts.items():
                self._imagined[key] = msgspec.json.encode(draft)

    def _record(
        self,
        connection: Connection,
        drafts: dict[str, Draft],
        before: dict[str, Draft],
        states: dict[str, lead.Lead],
        new: dict[str, tuple[UUID, str]],
    ) -> None:
        registrations = [
            (id_, Registration(phone, draft.triggers, draft.profile, draft.evidence))
            for key, (id_, phone) in new.items()
            for draft in (drafts[key],)
        ]
        changes = [
            Change(states[key], draft.triggers, draft.profile, draft.evidence)
            for key, draft in drafts.items()
            if key in states and draft != before[key]
        ]
        if registrations or changes:
            self._outreach.import_leads(connection, registrations, changes, actor=self._actor)
