"""What it costs to ask when people may be written to: windows, quiet hours, zones and a cap.

Unit: messages per second through one Broadcaster process, as in ``lifecycle``. The campaign has
windows that are open all day, every lead has a zone, there are quiet hours that are not now, and a
cap that nobody reaches: everything is asked of every message, and all are sent. Beside it
is the same campaign with none of that.
"""

from __future__ import annotations

from benchmarks.contenders.sendtrail_workers import BroadcasterTask
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, MeasurementBase, Row
from benchmarks.harness.postgres_fixture import PostgresFixture
from domain.windows import Window
from projections.container import Container


class HouseRulesMeasurement(MeasurementBase):
    """``messages`` of one campaign over fifty devices."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.rows: list[Row] = [
            Comparison(
                f"claim, queue, send {messages:,}, with windows, zones and a cap",
                "with rules",
                "without",
                "without rules",
            )
        ]

    def prepare(self, postgres: PostgresFixture) -> None:
        """Schedule the campaign's messages, with windows and without."""
        self.with_rules = postgres.create_template(lambda c: self._fill(c, (Window(),)))
        self.without = postgres.create_template(lambda c: self._fill(c, ()))

    def _fill(self, container: Container, windows: tuple[Window, ...]) -> None:
        seed_data.register_devices(container, seed_data.DEVICES)
        seed_data.register_leads(container, self.messages)
        seed_data.schedule_due_campaign(container, windows)
        seed_data.schedule_messages(container, self.messages)

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Both, in turn."""
        rates = {}
        for name in ("with rules", "without rules")[:: -1 if number % 2 else 1]:
            is_asked = name == "with rules"
            template = self.with_rules if is_asked else self.without
            with postgres.temporary_copy(template) as url:
                task = BroadcasterTask(url, cap=1000 if is_asked else None)
                rates[name] = worker_pool.rate([task], self.messages)
        return rates
