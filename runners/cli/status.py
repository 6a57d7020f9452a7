"""``sendtrail status``: everything at a glance."""

from __future__ import annotations

import click

from projections.config import unknown_settings
from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore import missing_keys
from projections.queries import operations, reports, short_secrets, waiting_summary
from projections.records import incidents
from runners.cli import console


@click.command()
@click.pass_obj
def status(config: Settings) -> None:
    """What there is: leads, devices, sequences, campaigns, messages by status.

    Then how the runners fare, what pending messages wait for, and one line for whatever a person
    should know. The last ones say how many replies are of nobody known, how many leads that were
    not erased have no key, how many webhook secrets are too short, and which variables are no
    settings, if there are any.
    """
    terminal = console.terminal()
    with Container(config) as container, container.database.transaction() as connection:
        console.print_overview(terminal, reports.overview(connection))
        console.print_devices(terminal, reports.devices(connection))
        now = container.outreach.clock()
        found = operations.operations(connection, now)
        pending = waiting_summary.summary(connection, config, now)
        keyless = missing_keys.by_read_model(connection)
        short = short_secrets.of_devices(connection, container.secrets)
    console.print_processes(terminal, found.processes)
    for line in pending.lines:
        console.say(line.story)
    if others := pending.total - sum(line.count for line in pending.lines):
        console.say(f"{others:,} more messages wait: GET /api/v1/messages?status=pending")
    for warning in operations.lines(found, now - incidents.RECENT):
        console.say(warning)
    if strangers := operations.unattributed_line(found):
        console.say(strangers)
    if keyless:
        console.say(missing_keys.advice(keyless))
    if short:
        console.say(short_secrets.advice(short))
    for unknown in unknown_settings.find():
        console.say(unknown.line)
