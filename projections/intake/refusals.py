"""People of a file who said no: leads are opted out, and the phones of others suppressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.lead import Lead
from projections.database.engine import Database
from projections.eventstore.append import StreamConflictError
from projections.eventstore.broken_streams import put_aside_broken
from projections.intake.dry_run import DryRun, Who
from projections.intake.people import Person, identity
from projections.readmodels import leads
from projections.records import quarantine

EVIDENCE = "named in a file of people who said no"


class Refused(NamedTuple):
    """How many leads were opted out, how many phones opted out nobody, because their leads were out
    already or are erased, and how many phones are nobody's."""

    opted_out: int = 0
    known: int = 0
    suppressed: int = 0


class _Decided(NamedTuple):
    """Which leads are opted out, and which phones opt out nobody, are nobody's, or are of people
    who were erased, of whom nothing is kept."""

    opted_out: set[Who]
    known: set[str]
    nobodys: set[str]
    erased: set[str]


class Refusals:
    """Opts out every lead that has one of the phones, and suppresses the phones of the others. With
    a ``dry_run`` everything is decided and counted, and nothing is written but to it."""

    def __init__(
        self, database: Database, outreach: Outreach, *, actor: str, dry_run: DryRun | None
    ) -> None:
        self._database = database
        self._outreach = outreach
        self._actor = actor
        self._dry_run = dry_run

    def __call__(self, people: Sequence[Person]) -> Refused:
        """Hear these people, in one transaction. It is done anew where another one changes a lead
        meanwhile. Of a person who comes twice the first evidence counts."""
        wishes: dict[str, tuple[Address, str]] = {}
        for person in people:
            key = identity(person.phone)
            wishes.setdefault(key, (Address("phone", key), person.evidence or EVIDENCE))
        if not wishes:
            return Refused()
        while True:
            try:
                decided = self._database.run("import", lambda c: self._hear(c, wishes))
            except StreamConflictError as conflict:
                put_aside_broken(self._database, conflict, "import", self._outreach.clock())
                continue
            if self._dry_run is not None:
                self._dry_run.opted_out |= decided.opted_out
                self._dry_run.suppressed |= decided.nobodys
            return Refused(len(decided.opted_out), len(decided.known), len(decided.nobodys))

    def _hear(self, connection: Connection, wishes: Mapping[str, tuple[Address, str]]) -> _Decided:
        if self._dry_run is None:
            # As the command does, ahead of it: whose a phone is must not change in between.
            self._outreach.queries.lock_addresses(connection, alone=True)
        decided = self._decide(connection, wishes)
        if self._dry_run is None:
            heard = [wish for key, wish in wishes.items() if key not in decided.erased]
            self._outreach.suppress_all(connection, heard, via="import", actor=self._actor)
        return decided

    def _decide(self, connection: Connection, keys: Iterable[str]) -> _Decided:
        before = self._dry_run or DryRun()
        owners = self._outreach.queries.leads_of_keys(connection, keys)
        states = self._states(connection, {id_ for ids in owners.values() for id_ in ids})
        decided = _Decided(set(), set(), set(), self._erased(connection, set(keys) - owners.keys()))
        for key in keys:
            whose: set[Who] = set()
            if key in owners:
                found = [states[id_] for id_ in owners[key] if id_ in states]
                living = [each for each in found if each.erased_at is None]
                whose.update(each.id for each in living if each.opted_out_at is None)
                if len(found) == len(owners[key]) and not living:
                    # Since the phone was looked up.
                    decided.erased.add(key)
            elif key in before.registered:
                whose.add(key)
            elif key not in decided.erased:
                decided.nobodys.add(key)
                continue
            whose = {who for who in whose if who not in before.opted_out} - decided.opted_out
            if whose:
                decided.opted_out.update(whose)
            else:
                decided.known.add(key)
        return decided

    def _states(self, connection: Connection, ids: set[UUID]) -> dict[UUID, Lead]:
        """Those of these leads that are not in quarantine, locked if they are to be changed: nobody
        erases them meanwhile."""
        if self._dry_run is None:
            return leads.locked(connection, ids)
        aside = quarantine.kept(connection, "lead", ids)
        return leads.states(connection, ids - aside)

    def _erased(self, connection: Connection, keys: set[str]) -> set[str]:
        """Those of these canonical phones that are of people who were erased. A lead in quarantine
        is not: its no must be there when it comes back."""
        return self._outreach.erased_of(connection, keys) if keys else set()
