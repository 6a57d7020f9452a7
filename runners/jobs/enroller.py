"""The enroller: enrolls leads that have the trigger of an active sequence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy import Connection

from domain import audience, enrolling
from domain.device_choice import Ties
from domain.event import Event
from projections.container import Container
from projections.database.engine import uuids
from projections.database.quarantined import FaultyError
from projections.eventstore.broken_streams import Broken
from projections.readmodels import devices, leads, sequences

CHUNK = 1000
# How many chunks are enrolled at the same time where there are many leads. While the database
# writes one, this process plans another.
PARALLEL_CHUNKS = 2


class Enroller:
    """Enrolls leads in chunks; the whole enrollment of a lead is in one transaction.

    ``chunk`` is the largest number of leads in a transaction.
    """

    def __init__(self, container: Container, actor: str, chunk: int = CHUNK) -> None:
        self.container = container
        self.actor = actor
        self.chunk = chunk

    def run_once(self) -> int:
        """Enrolls every lead that can be enrolled now; returns how many enrollments began."""
        fetched, enrolled = self._enroll_chunk()
        if fetched < self.chunk:
            return enrolled
        with ThreadPoolExecutor(PARALLEL_CHUNKS, "enroller") as pool:
            return enrolled + sum(pool.map(lambda _: self._exhaust(), range(PARALLEL_CHUNKS)))

    def _exhaust(self) -> int:
        """Enrolls chunk by chunk until one is not full; returns how many enrollments began."""
        total = 0
        while True:
            fetched, enrolled = self._enroll_chunk()
            total += enrolled
            if fetched < self.chunk:
                return total

    def _enroll_chunk(self) -> tuple[int, int]:
        """How many leads were fetched, and how many enrollments began."""
        leads_of: dict[UUID, UUID] = {}

        def blame(stream: Broken) -> Broken:
            """The lead: it cannot be enrolled, whatever is wrong with what would be made for it."""
            return "lead", leads_of.get(stream[1], stream[1])

        return self.container.run_around(
            "enroll", "enroller", lambda c: self._enroll_fetched(c, leads_of), blame
        )

    def _enroll_fetched(
        self, connection: Connection, leads_of: dict[UUID, UUID]
    ) -> tuple[int, int]:
        """``leads_of`` gets the lead of each stream that begins."""
        statuses = devices.statuses(connection)
        now = self.container.outreach.clock()
        candidates = leads.enrollable(connection, self.chunk, devices.retired(statuses), now=now)
        if not candidates:
            return 0, 0
        entered = sequences.by_id(connection, uuids({row.sequence_id for row in candidates}))
        senders = {
            id_: audience.Senders(statuses, device_ids=sequence.definition.device_ids)
            for id_, sequence in entered.items()
        }
        plans = enrolling.Plans(self.container.outreach.house)
        events: list[Event] = []
        enrolled = fetched = 0
        for _, group in groupby(candidates, key=attrgetter("lead_id")):
            rows = list(group)
            fetched += 1
            first = rows[0]
            ties = Ties(first.device_id, first.replied_through, first.first_contact)
            entries: list[enrolling.Entry] = []
            for row in rows:
                sender = senders[row.sequence_id].admit(row.lead_id, ties, opted_out=False)
                if isinstance(sender, UUID):  # else it was retired between two statements
                    # What the first sequence chooses is the first contact for the others.
                    ties = ties._replace(first_contact=ties.first_contact or sender)
                    sequence = entered[row.sequence_id]
                    entries.append(enrolling.Entry(sequence, row.entry, row.trigger, sender))
            if entries:
                enrolled += len(entries)
                try:
                    began = enrolling.enter(
                        enrolling.Entrant(
                            first.lead_id,
                            first.version,
                            tuple(first.triggers),
                            first.timezone,
                            first.phone,
                        ),
                        entries,
                        plans,
                        now=now,
                        actor=self.actor,
                    )
                except Exception as error:
                    raise FaultyError("lead", first.lead_id, error) from None
                leads_of.update((event.originator_id, first.lead_id) for event in began)
                events.extend(began)
        self.container.outreach.record(connection, events)
        return fetched, enrolled
