"""The commands that operators give on single messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from domain import campaign, message
from domain.application.base import CAMPAIGN, MESSAGE, Commands
from domain.event import Event
from domain.message.events import Resolution


class MessageCommands(Commands):
    """Cancel, retry, resolve."""

    def get_message(self, message_id: UUID) -> message.Message:
        """The message's present state. Raises NotFoundError."""
        return self._load(MESSAGE, message_id)

    def cancel_message(self, message_id: UUID, *, actor: str) -> message.Message:
        """Cancel a message that is not dispatched yet."""
        decide = partial(message.cancel, reason="operator")
        return self._change(MESSAGE, message_id, decide, actor)

    def retry_message(self, message_id: UUID, *, actor: str) -> message.Message:
        """Send a failed message again. A finished campaign goes on until this message has ended
        too."""
        return self._send_again(message_id, message.retry, actor)

    def resolve_message(
        self, message_id: UUID, resolution: Resolution, reason: str, *, actor: str
    ) -> message.Message:
        """Settle an unknown outcome; ``retried`` sends the message again."""
        decide = partial(message.resolve, resolution=resolution, reason=reason)
        if resolution == "retried":
            return self._send_again(message_id, decide, actor)
        return self._change(MESSAGE, message_id, decide, actor)

    def _send_again(
        self, message_id: UUID, decide: Callable[..., Event], actor: str
    ) -> message.Message:
        """The message after ``decide``, which makes it pending; its finished campaign is reopened
        with it."""

        def decide_with_campaign(_: Any, state: message.Message, now: datetime) -> Sequence[Event]:
            again = decide(state, now=now, actor=actor)
            if state.campaign_id is None:
                return (again,)
            owner = self._load(CAMPAIGN, state.campaign_id)
            return (*campaign.reopen(owner, now=now, actor=actor), again)

        return self._change_with_queries(MESSAGE, message_id, decide_with_campaign)
