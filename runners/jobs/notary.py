"""The notary: adds links to the hash chain over the log."""

from __future__ import annotations

from projections.audit import hash_chain
from projections.container import Container


class Notary:
    """Any number may run; one at a time adds a link, and the others wait for it."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def run_once(self) -> int:
        """Adds all events that are not in the chain yet; returns how many that were."""
        return hash_chain.extend(self.container.database, self.container.outreach.clock)
