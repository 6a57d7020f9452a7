"""Large databases, made once and kept for all that ask for them: many leads with a campaign that is
due to all of them, over 3,000 devices; and the same with the campaign's messages pending."""

from __future__ import annotations

from benchmarks import crew, filling
from benchmarks.stage import Stage
from benchmarks.workers import Running
from projections.composition import House
from projections.database import url_of

DEVICES = 3000


def leads(stage: Stage, count: int) -> str:
    """The template of a database with so many leads, to whom a campaign is due."""

    def fill(house: House) -> None:
        filling.devices(house, DEVICES)
        filling.leads(house, count)
        filling.due_campaign(house)

    return stage.kept(f"{count} leads", lambda: stage.template(fill))


def pending(stage: Stage, count: int) -> str:
    """The template of a database with as many messages pending, of one campaign."""

    def make() -> str:
        name = stage.duplicate(leads(stage, count))
        crew.run([Running(url_of(stage.url, name), "campaigner", count)], count)
        stage.settle(name)
        return name

    return stage.kept(f"{count} pending", make)
