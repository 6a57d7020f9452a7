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
from projections.intake.dry_run import DryRun, Who
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
    """As much of a lead as an import changes. ``evidence`` is that of its opt-out by this chunk,
    and ``agreed`` are the consents that the file adds."""

    triggers: tuple[str, ...]
    profile: lead.Profile
    opted_out: bool
    evidence: str | None = None
    agreed: tuple[lead.Agreed, ...] = ()

    def changed(self, person: Person) -> Draft:
        """After what the person's row gives: its triggers are added, empty cells change nothing,
        and an opt-out is never taken back."""
        new = [t for t in person.triggers if matching(t, self.triggers) is None]
        given = {field: getattr(person.profile, field) for field in person.given}
        given["attributes"] = {**self.profile.attributes, **person.profile.attributes}
        agreed = self.agreed
        if person.agreed is not None and person.agreed not in agreed:
            agreed = (*agreed, person.agreed)
        profile = msgspec.structs.replace(self.profile, **given)
        triggers = (*self.triggers, *new)
        return Draft(triggers, profile, self.opted_out, agreed=agreed).wished(person, self)

    def wished(self, person: Person, before: Draft) -> Draft:
        """After the wish of the row; a wish that was known ``before`` is no news."""
        if not person.opted_out or before.opted_out:
            return msgspec.structs.replace(
                self, opted_out=before.opted_out, evidence=before.evidence
            )
        return msgspec.structs.replace(self, opted_out=True, evidence=person.evidence)

    def is_like(self, other: Draft) -> bool:
        """Whether triggers, profile and consents are the same."""
        mine, others = ((d.triggers, d.profile, d.agreed) for d in (self, other))
        return mine == others


class Leads:
    """Writes people as leads. ``update``: leads that are known get what the file gives. With a
    ``dry_run`` everything is decided and counted, and nothing is written but to it."""

    def __init__(
        self,
        database: Database,
        outreach: Outreach,
        *,
        actor: str,
        update: bool = False,
        dry_run: DryRun | None = None,
    ) -> None:
        self._database = database
        self._outreach = outreach
        self._actor = actor
        self._update = update
        self._dry_run = dry_run

    def __call__(self, people: Sequence[Person]) -> Written:
        """As ``LeadWriter`` says. If another transaction registers or changes one of the leads
        meanwhile, the chunk is done anew. A lead that cannot be recorded, because the log has
        events of it, is put aside."""
        while True:
            try:
                written, drafts = self._database.run("import", lambda c: self._write(c, people))
            except StreamConflictError as conflict:
                put_aside_broken(self._database, conflict, "import", self._outreach.clock())
                continue
            if self._dry_run is not None:
                self._imagine(self._dry_run, drafts)
            return written

    def _write(
        self, connection: Connection, people: Sequence[Person]
    ) -> tuple[Written, dict[Who, Draft]]:
        keys = [identity(person.phone) for person in people]
        known, erased, ids = self._outreach.look_up(connection, dict.fromkeys(keys))
        aside = quarantine.kept(connection, "lead", known.values())
        before_file = self._dry_run or DryRun()
        # A no of somebody who is known is heard apart from this, by all who have the number.
        people = [
            msgspec.structs.replace(person, opted_out=False)
            if key in known or key in before_file.registered
            else person
            for key, person in zip(keys, people, strict=True)
        ]
        # Two numbers may be those of one lead.
        whose: list[Who] = [known.get(key, key) for key in keys]
        wanted = set(known.values()) if self._update else set()
        found = leads.states(connection, wanted) if wanted else {}
        states: dict[Who, lead.Lead] = dict(found.items())
        recorded: dict[Who, list[lead.Consent]] = {}
        if any(person.agreed for person in people):
            known_of = self._outreach.queries.consents(connection, found)
            recorded.update(known_of.items())
        people = [
            msgspec.structs.replace(person, agreed=None)
            if person.agreed and lead.is_recorded(person.agreed, recorded.get(whose[at], ()))
            else person
            for at, person in enumerate(people)
        ]
        before = {
            who: Draft(state.triggers, state.profile, state.opted_out_at is not None)
            for who, state in states.items()
        }
        for who in whose:
            if who in before_file.drafts:
                had = msgspec.json.decode(before_file.drafts[who], type=Draft)
                said_no = had.opted_out or who in before_file.opted_out
                before[who] = msgspec.structs.replace(had, opted_out=said_no)
        new = [key for key in keys if key in ids and key not in before]
        suppressed = self._outreach.queries.suppressed(connection, new)
        written = Written()
        drafts: dict[Who, Draft] = {}
        phones: dict[str, str] = {}
        for key, who, person in zip(keys, whose, people, strict=True):
            draft = drafts.get(who, before.get(who))
            if key in erased:
                written.refused[person.line] = ERASED
            elif who in aside or (key in known and not self._update):
                written.known += 1
            elif key in known and (who not in states or states[who].erased_at is not None):
                written.refused[person.line] = ERASED
            elif draft is None:
                said_no = key in suppressed and suppressed[key].in_force
                said_no = said_no or key in before_file.suppressed
                agreed = () if person.agreed is None else (person.agreed,)
                first = Draft(person.triggers, person.profile, said_no, agreed=agreed)
                drafts[key] = first.wished(person, first)
                phones[key] = person.phone
                written.registered += 1
                written.opted_out += drafts[key].opted_out
            else:
                drafts[who] = after = draft.changed(person)
                if after.is_like(draft):
                    written.unchanged += 1
                else:
                    written.updated += 1
                written.opted_out += after.opted_out and not draft.opted_out
        if self._dry_run is None:
            new_leads = {key: (ids[key], phone) for key, phone in phones.items()}
            self._record(connection, drafts, before, states, new_leads)
        return written, drafts

    def _imagine(self, dry_run: DryRun, drafts: dict[Who, Draft]) -> None:
        for who, draft in drafts.items():
            if isinstance(who, str):
                dry_run.registered.add(who)
                if draft.opted_out:
                    dry_run.opted_out.add(who)
            # Only an update meets one person twice.
            if self._update:
                dry_run.drafts[who] = msgspec.json.encode(draft)

    def _record(
        self,
        connection: Connection,
        drafts: dict[Who, Draft],
        before: dict[Who, Draft],
        states: dict[Who, lead.Lead],
        new: dict[str, tuple[UUID, str]],
    ) -> None:
        registrations = [
            (id_, _registration(phone, draft))
            for key, (id_, phone) in new.items()
            for draft in (drafts[key],)
        ]
        changes = [
            Change(states[who], draft.triggers, draft.profile, draft.evidence, draft.agreed)
            for who, draft in drafts.items()
            if who in states and draft != before[who]
        ]
        if registrations or changes:
            self._outreach.import_leads(connection, registrations, changes, actor=self._actor)


def _registration(phone: str, draft: Draft) -> Registration:
    return Registration(phone, draft.triggers, draft.profile, draft.evidence, agreed=draft.agreed)
