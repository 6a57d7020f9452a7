"""Large databases, each made once and kept for all that ask for it."""

from __future__ import annotations

from benchmarks.contenders.sendtrail_workers import Broadcasting, Running
from benchmarks.harness import log_copy, seed_data, worker_pool
from benchmarks.harness.postgres_fixture import Stage
from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import url_of

# Where there are many; elsewhere ``filling.DEVICES``.
DEVICES = 3000


def many_devices(stage: Stage) -> str:
    """The template of a database with 3,000 devices."""

    def fill(container: Container) -> None:
        seed_data.devices(container, DEVICES)

    return stage.kept("many devices", lambda: stage.template(fill))


def leads(stage: Stage, count: int) -> str:
    """The template of a database with 3,000 devices and so many leads, to whom a campaign is
    due."""

    def make() -> str:
        name = stage.duplicate(many_devices(stage))
        with Container(Settings(database_url=url_of(stage.url, name))) as container:
            seed_data.leads(container, count)
            seed_data.due_campaign(container)
        stage.settle(name)
        return name

    return stage.kept(f"{count} leads", make)


def pending(stage: Stage, count: int) -> str:
    """The same with the campaign's messages pending, one for each lead."""

    def make() -> str:
        name = stage.duplicate(leads(stage, count))
        worker_pool.run([Running(url_of(stage.url, name), "campaigner", count)], count)
        stage.settle(name)
        return name

    return stage.kept(f"{count} pending", make)


def few(stage: Stage, count: int) -> str:
    """The template of a database with fifty devices and so many leads, and no campaign."""

    def fill(container: Container) -> None:
        seed_data.devices(container, seed_data.DEVICES)
        seed_data.leads(container, count)

    return stage.kept(f"{count} of few devices", lambda: stage.template(fill))


def sent(stage: Stage, count: int, more: int) -> str:
    """The same with a campaign that was sent to all of them, and as many ``more`` like it; see
    ``events``."""

    def make() -> str:
        if more:
            name = stage.duplicate(sent(stage, count, 0))
            with Container(Settings(database_url=url_of(stage.url, name))) as container:
                log_copy.clone(container, more)
        else:
            name = stage.duplicate(few(stage, count))
            url = url_of(stage.url, name)
            with Container(Settings(database_url=url)) as container:
                seed_data.due_campaign(container)
            worker_pool.run([Running(url, "campaigner", count)], count)
            worker_pool.run([Broadcasting(url)], count)
        stage.settle(name)
        return name

    return stage.kept(f"{count} sent {more}", make)


def events(count: int, more: int) -> int:
    """How many events of leads and messages are in the log of ``sent``: a lead is registered once,
    and each message is scheduled, claimed, queued and sent. Some of devices and campaigns come to
    them."""
    return count * (1 + 4 * (1 + more))
