"""Large databases, each created once for all measurements that start from a copy of it.

Every function returns the name of a database that ``PostgresFixture`` keeps until its end.
"""

from __future__ import annotations

from benchmarks.contenders.sendtrail_workers import BroadcasterTask, RunnerTask
from benchmarks.harness import log_copy, receipt_data, seed_data, worker_pool
from benchmarks.harness.installation import settings
from benchmarks.harness.postgres_fixture import PostgresFixture
from benchmarks.measurements import page_data
from projections.container import Container
from projections.database.installation import url_of

# Where there are many; elsewhere ``seed_data.DEVICES``.
MANY_DEVICES = 3000


def with_many_devices(postgres: PostgresFixture) -> str:
    """3,000 devices."""

    def fill(container: Container) -> None:
        seed_data.register_devices(container, MANY_DEVICES)

    return postgres.cached("many devices", lambda: postgres.create_template(fill))


def with_leads(postgres: PostgresFixture, leads: int) -> str:
    """3,000 devices, so many leads, and a campaign to all of them that is due."""

    def create() -> str:
        name = postgres.create_copy(with_many_devices(postgres))
        with Container(settings(url_of(postgres.url, name))) as container:
            seed_data.register_leads(container, leads)
            seed_data.schedule_due_campaign(container)
        postgres.vacuum(name)
        return name

    return postgres.cached(f"{leads} leads", create)


def with_pending_messages(postgres: PostgresFixture, leads: int) -> str:
    """As ``with_leads``, with a pending message of the campaign for each lead."""

    def create() -> str:
        name = postgres.create_copy(with_leads(postgres, leads))
        worker_pool.run([RunnerTask(url_of(postgres.url, name), "campaigner", leads)], leads)
        postgres.vacuum(name)
        return name

    return postgres.cached(f"{leads} pending", create)


def with_few_devices(postgres: PostgresFixture, leads: int) -> str:
    """Fifty devices, so many leads, and no campaign."""

    def fill(container: Container) -> None:
        seed_data.register_devices(container, seed_data.DEVICES)
        seed_data.register_leads(container, leads)

    return postgres.cached(f"{leads} of few devices", lambda: postgres.create_template(fill))


def with_sent_campaigns(postgres: PostgresFixture, leads: int, more: int) -> str:
    """As ``with_few_devices``, with a campaign that was sent to all leads, and so many ``more``
    like it."""

    def create() -> str:
        if more:
            name = postgres.create_copy(with_sent_campaigns(postgres, leads, 0))
            with Container(settings(url_of(postgres.url, name))) as container:
                log_copy.copy_campaign(container, more)
        else:
            name = postgres.create_copy(with_few_devices(postgres, leads))
            url = url_of(postgres.url, name)
            with Container(settings(url)) as container:
                seed_data.schedule_due_campaign(container)
            worker_pool.run([RunnerTask(url, "campaigner", leads)], leads)
            worker_pool.run([BroadcasterTask(url)], leads)
        postgres.vacuum(name)
        return name

    return postgres.cached(f"{leads} sent {more}", create)


def with_pages(postgres: PostgresFixture, leads: int) -> str:
    """As ``with_few_devices``, with all that ``page_data`` lets happen."""

    def create() -> str:
        name = postgres.create_copy(with_few_devices(postgres, leads))
        page_data.fill(url_of(postgres.url, name), leads)
        postgres.vacuum(name)
        return name

    return postgres.cached(f"{leads} pages", create)


def with_receipts_due(postgres: PostgresFixture, devices: int, messages: int) -> str:
    """So many devices of the Cloud API, and so many messages that they have sent."""

    def fill(container: Container) -> None:
        receipt_data.register_devices(container, devices)
        seed_data.register_leads(container, messages)
        seed_data.schedule_due_campaign(container)
        seed_data.schedule_messages(container, messages)

    name = postgres.create_template(fill)
    worker_pool.run([BroadcasterTask(url_of(postgres.url, name))], messages)
    with (
        Container(settings(url_of(postgres.url, name))) as container,
        container.database.transaction() as connection,
    ):
        # What the gateway of the Cloud API keeps of an id.
        for table in ("broadcast_messages", "provider_ids"):
            connection.exec_driver_sql(
                f"UPDATE {table} SET provider_id = 'sha256:' || left(encode("
                "sha256(convert_to(provider_id, 'UTF8')), 'hex'), 40)"
            )
    postgres.vacuum(name)
    return name


def count_events(leads: int, more: int) -> int:
    """The number of events of leads and messages in the log of ``with_sent_campaigns``.

    A lead is registered once, and each message is scheduled, claimed, queued and sent. The few
    events of devices and campaigns are not counted.
    """
    return leads * (1 + 4 * (1 + more))
