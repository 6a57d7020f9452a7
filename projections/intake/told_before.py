"""What was told before: requests come several times, and people say a thing twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain import ids
from domain.inbound import Reply
from domain.repeats import WITHIN, Repeats, words
from projections.intake.providers.payload import DERIVED
from projections.intake.said import Said
from projections.readmodels import replies
from projections.records import unattributed


def came_at(row: Any) -> datetime:
    """When a reply was said, by the provider's clock if that is known; else when it came, which its
    id tells: it may have been recorded later."""
    return row.sent_at or ids.instant_of(row.reply_id) or row.received_at


class ToldBefore:
    """Knows the replies of the ``lead_ids`` that a batch may repeat, and those in the batch."""

    def __init__(
        self, connection: Connection, said: Sequence[Said], lead_ids: Collection[UUID]
    ) -> None:
        told = [(each, each.item) for each in said if isinstance(each.item, Reply)]
        names = {name for _, item in told for name in (item.provider_id, item.edits)}
        self._known = replies.known(connection, lead_ids, names)
        # What somebody wrote before anybody knew her was heard then.
        self._of_nobody = unattributed.known(
            connection,
            (name for _, item in told for name in unattributed.names(item, item.provider_id)),
        )
        self._repeats = Repeats()
        if told:
            instants = [each.at for each, _ in told]
            span = min(instants) - WITHIN, max(instants) + WITHIN
            for row in replies.said_between(connection, lead_ids, *span):
                what = (row.person_id, row.device_id, row.kind, words(row.text))
                self._repeats.note(what, came_at(row), row.message_id)

    def is_known(self, lead_id: UUID, said: Said, item: Reply) -> bool:
        """Whether it is recorded, or was kept so."""
        return (lead_id, item.provider_id) in self._known or self.was_nobodys(said, item)

    def was_nobodys(self, said: Said, item: Reply) -> bool:
        """Whether it was kept before these devices knew whose it is."""
        speakers = said.speakers(None)
        return any(
            name in self._of_nobody
            and (speakers is None or not speakers.isdisjoint(self._of_nobody[name]))
            for name in unattributed.names(item, item.provider_id)
        )

    def knows(self, lead_id: UUID, provider_id: str) -> bool:
        """Whether the lead's reply or edit of that id is recorded."""
        return (lead_id, provider_id) in self._known

    def note(self, lead_id: UUID, provider_id: str) -> None:
        """The lead's reply or edit of that id is recorded."""
        self._known.add((lead_id, provider_id))

    def says_again(
        self, lead_id: UUID, said: Said, item: Reply, at: datetime, answers: UUID | None
    ) -> bool:
        """Whether the lead said the same a moment ago, in answer to the same message; if not, it
        is known from now on. What has no words is the same only where it has no id either."""
        named = not item.provider_id.startswith(DERIVED)
        spoken = words(item.text)
        what = (lead_id, said.device_id, item.kind, spoken)
        if (spoken or not named) and self._repeats.has(what, at, answers, named=named):
            return True
        self._repeats.note(what, at, answers)
        return False
