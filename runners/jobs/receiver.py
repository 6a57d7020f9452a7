"""The receiver: records what providers told us."""

from __future__ import annotations

from datetime import timedelta

from domain.reply_wishes import Heard
from projections.container import Container
from projections.intake.receiver import receive
from runners.sending import brake


class Receiver:
    """Any number may run; one of them at a time works."""

    def __init__(self, container: Container, actor: str = "runner:receiver") -> None:
        self.container = container
        self.actor = actor
        seconds = container.settings.auto_reply_seconds
        consent_words = container.settings.consent_words
        within = timedelta(seconds=seconds)
        self.heard = Heard(container.outreach.stop_words, within, consent_words)

    def run_once(self) -> int:
        """Records all that waits; returns how much came."""
        came = receive(self.container.database, self.container.outreach, self.heard)
        if came:
            brake.apply(self.container, self.actor)
        return came
