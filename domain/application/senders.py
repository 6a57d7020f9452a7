"""What follows for messages from another device of their lead, for all commands that give one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.application.base import Commands
from domain.conversation import Conversation
from domain.device_choice import UNTIED, Mover, Ties
from domain.message import Message


class SenderCommands(Commands):
    """Choose the devices of what is pending anew."""

    def write_from_new_devices(self, connection: Any, people: Sequence[Conversation]) -> int:
        """Move what is pending for these people, each of whom has another device of its own, or
        none any more, to the devices that write to them now. Returns how many messages moved."""
        statuses = self.queries.device_statuses(connection)
        unsent = [each for person in people for each in person.unsent.values()]
        owners = {each.campaign_id or each.sequence_id for each in unsent}
        pools = self.queries.pools(connection, [id_ for id_ in owners if id_ is not None])
        ties = self.queries.ties(connection, [person.lead.id for person in people], statuses)
        mover = Mover(statuses)
        moved = 0
        for person in people:
            id_ = person.lead.id
            # The row does not say yet what follows here.
            tied = ties.get(id_, UNTIED)._replace(own=person.lead.profile.device_id)

            def device_of(state: Message, id_: UUID = id_, tied: Ties = tied) -> UUID | None:
                owner = state.campaign_id or state.sequence_id
                pool = () if owner is None else pools.get(owner, ())
                return mover.device_of(id_, tied, pool)

            moved += person.write_from(device_of)
        return moved
