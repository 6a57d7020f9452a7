"""``sendtrail demo``: six simulated days, from import to audit, in a new database of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from uuid import UUID

import click
import msgspec
from sqlalchemy import Connection

from domain import device, segments, sequence
from domain.application.outreach import Outreach
from domain.campaign.definition import Definition
from domain.campaign.variants import Variant
from projections.audit import message_trail
from projections.audit.why_not import why_not_campaign
from projections.config import secret_key
from projections.config.settings import Settings
from projections.container import Container
from projections.database import embedded
from projections.database.installation import recreate, url_of
from projections.intake.lead_import import Options, import_leads
from projections.queries import reports
from projections.queue import lookup
from projections.what_if.campaign import what_if
from projections.what_if.snapshot import snapshot
from runners.cli import audit_tables, console
from runners.cli.rebuild import rebuild_and_compare
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock

NAME = "sendtrail_demo"
ACTOR = "cli:demo"
# A Monday. Ids follow from the installation, so that names and numbers differ a little by run.
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAYS = 6
# Of the first person in the file, whose niche is not the campaign's.
LEFT_OUT = "+60132181667"
# Lines of the file that were skipped and are printed.
SKIPPED = 2
# When a campaign starts that somebody calls back, and for how long it was under way by then.
MISTAKE = datetime.fromisoformat("2026-03-03T15:00:00+08:00")
NOTICED = timedelta(seconds=30)
OFFER = "{name|Hello}, this week only: 20 % off.\nDetails: https://example.com/march"
ASKING = "{name|Hello}, what is keeping you? This week it is 20 % off: https://example.com/march"

STEPS = (
    "Hi {name|there}, thanks for asking about our programme. Is {city|your town} still home?",
    "Hi {name|there}, here is how others began: https://example.com/stories?from=demo",
    "A short question, {name|friend}: what would you like to change first?",
    "{name|Hello}, there are a few places left this month.",
    "Last note from us, {name|there}. Write back whenever it suits you.",
)


@click.command()
@click.option("--serve", "serves", is_flag=True, help="Then serve it, with a link that signs in.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.pass_obj
def demo(config: Settings, serves: bool, port: int) -> None:
    """Play six days of outreach in seconds, in a database of its own."""
    if not run(config, console.terminal()):
        raise click.ClickException("the rebuilt projections differ from the live ones")
    if serves:
        from runners.cli import demo_served  # which the demo alone does not need

        demo_served.serve(config, _settings(config), NAME, port)


def run(settings: Settings, terminal: console.Terminal) -> bool:
    """Plays the demo and prints what happened; returns whether the rebuild was identical.

    The database ``sendtrail_demo`` on the server of ``settings`` is dropped and made anew.
    """
    database = settings.database_url or embedded.start(settings.home)
    recreate(database, NAME)
    clock = SimulatedClock(START)
    with Container(_settings(settings), clock) as container:
        devices = _register_devices(container.outreach)
        _import(container, terminal)
        sequence_id, campaign_id, mistake_id = _plan(container.outreach)
        terminal.print(
            f"registered {len(devices)} devices, one sequence, and a campaign in two variants,"
            " with a tenth held out, for who was not written to lately"
        )
        _play(container, clock, terminal, mistake_id)
        _print_called_back(container, terminal, mistake_id)
        _print_variants(container, terminal, campaign_id)
        _print_what_if(container, terminal, campaign_id)
        # First what nothing else shows; the reports are long.
        _print_proof(container, terminal, sequence_id)
        _print_why_not(container, terminal, campaign_id)
        is_identical = rebuild_and_compare(container, terminal, brief=True)
        with container.database.transaction() as connection:
            _print_reports(connection, terminal, sequence_id, campaign_id)
        return is_identical


def _settings(settings: Settings) -> Settings:
    """Those of the demo's own database."""
    database = settings.database_url or embedded.start(settings.home)
    key = secret_key.find(settings)
    return Settings(database_url=url_of(database, NAME), secret_key=key)


def _register_devices(outreach: Outreach) -> list[UUID]:
    """Three sandbox devices with receipts, replies and some failures."""
    ids = []
    for number, name in enumerate(("Sales 1", "Sales 2", "Support"), start=1):
        settings = {
            "seed": number,
            "fail_rate": 0.02,
            "throttle_rate": 0.02,
            "timeout_rate": 0.005,
            "receipts": True,
            "replies": 0.08,
        }
        configuration = device.Configuration(
            name=name,
            gateway="sandbox",
            settings=settings,
            min_delay_seconds=5,
            max_delay_seconds=15,
            daily_limit=1000,
            timezone="Asia/Kuala_Lumpur",
        )
        ids.append(outreach.register_device(configuration, actor=ACTOR).id)
    return ids


def _import(container: Container, terminal: console.Terminal) -> None:
    """Imports the leads of ``demo_leads.csv`` and prints which lines were skipped."""
    with resources.as_file(resources.files("runners.cli") / "demo_leads.csv") as path:
        result = import_leads(
            container.database, container.outreach, path, Options(region="MY"), actor=ACTOR
        )
    terminal.print(f"imported {result.registered} leads from {path.name}")
    for rejected in result.rejected[:SKIPPED]:
        terminal.print(f"  line {rejected.line} skipped: {rejected.reason}")
    terminal.print(f"  and {result.rejected_count - SKIPPED} more")


def _plan(outreach: Outreach) -> tuple[UUID, UUID, UUID]:
    """A five-step sequence, active, a campaign for the third day at 09:30 local time, and one for
    the second day that is a mistake."""

    def definition(sequence_id: UUID) -> sequence.Definition:
        return sequence.Definition(
            name="Welcome",
            trigger="COLD",
            target_status="prospect",
            timezone="Asia/Kuala_Lumpur",
            steps=tuple(
                sequence.step(sequence_id, 1, number, body=body)
                for number, body in enumerate(STEPS, start=1)
            ),
        )

    welcome = outreach.define_sequence(definition, actor=ACTOR)
    outreach.activate_sequence(welcome.id, actor=ACTOR)
    conditions = [("never_sent", "eq", True), ("last_sent_before", "before", "12h")]
    rested = outreach.save_segment(segments.check("Rested", {"any": conditions}), actor=ACTOR)
    sale = Definition(
        name="March offer",
        body=OFFER,
        variants=(
            Variant(name="offer", body=OFFER, share=0.45),
            Variant(name="question", body=ASKING, share=0.45),
        ),
        hold_out=0.1,
        scheduled_at=datetime.fromisoformat("2026-03-04T09:30:00+08:00"),
        niche=("B1",),
        segment_id=rested,
        target_status="all",
        min_delay_seconds=6,
        max_delay_seconds=12,
    )
    mistake = Definition(
        name="Wrong price",
        body="Now 200 % off!",
        scheduled_at=MISTAKE,
        niche=("B1",),
        target_status="all",
        undo_seconds=60,
    )
    planned = [outreach.schedule_campaign(each, actor=ACTOR).id for each in (sale, mistake)]
    return welcome.id, planned[0], planned[1]


def _print_what_if(container: Container, terminal: console.Terminal, campaign_id: UUID) -> None:
    """Prints who would get the campaign if it went to customers once more, which nobody saves."""
    present = container.outreach.get_campaign(campaign_id).definition
    changed = msgspec.structs.replace(
        present,
        target_status="customer",
        scheduled_at=START + timedelta(days=DAYS + 1),
        variants=(),
        hold_out=0.0,
    )
    outreach, cap = container.outreach, container.settings.lead_daily_cap
    with snapshot(container.database, outreach.clock()) as seen:
        found = what_if(seen, changed, outreach.house, cap)
    ends = "" if found.ends_at is None else f", the last at {found.ends_at:%H:%M} UTC"
    terminal.print(
        f"what if it went to customers once more? {len(found.recipients)} people would get it"
        f"{ends}; nothing is saved, and the answer proves itself: {found.computed.digest[:16]}..."
    )


def _play(
    container: Container, clock: SimulatedClock, terminal: console.Terminal, mistake_id: UUID
) -> None:
    """Runs the simulation for ``DAYS`` days; in between somebody calls the mistake back."""
    simulation = Simulation(container, clock)
    end = START + timedelta(days=DAYS)
    with console.progress_bar(terminal) as bar:
        task = bar.add_task(f"playing {DAYS} days", total=DAYS * 86400.0)

        def progress(now: datetime) -> None:
            bar.update(task, completed=(now - START).total_seconds())

        simulation.play(MISTAKE + NOTICED, progress)
        container.outreach.cancel_campaign(mistake_id, actor=ACTOR)
        simulation.play(end, progress)
    terminal.print(f"played {DAYS} days, until {clock():%Y-%m-%d %H:%M} UTC")


def _print_called_back(container: Container, terminal: console.Terminal, mistake_id: UUID) -> None:
    """Prints that nothing of the mistake went out."""
    with container.database.transaction() as connection:
        report = reports.campaign(connection, mistake_id)
    terminal.print(
        f"called back after {NOTICED.seconds} seconds: {report.name}, planned for"
        f" {report.audience} people, sent to {report.by_status['sent']}"
    )


def _print_variants(container: Container, terminal: console.Terminal, campaign_id: UUID) -> None:
    """Prints which text did better, and how sure that is."""
    with container.database.transaction() as connection:
        report = reports.campaign(connection, campaign_id)
    for each in report.variants:
        low, high = each.interval or (0.0, 1.0)
        terminal.print(
            f"variant {each.name}: sent to {each.by_status['sent']}, replied {each.replied}"
            f" ({low:.0%} to {high:.0%} with 95 % confidence)"
        )
    terminal.print(f"held out, to compare with: {report.excluded.get('hold_out', 0)}")


def _print_proof(container: Container, terminal: console.Terminal, sequence_id: UUID) -> None:
    """Prints what became of one message, and its text with the proof."""
    with container.database.transaction() as connection:
        message_id = lookup.first_sent(connection, sequence_id, step=2)
    if message_id is not None:
        trail = message_trail.message_trail(container.outreach, container.database, message_id)
        audit_tables.print_trail(terminal, trail)


def _print_why_not(container: Container, terminal: console.Terminal, campaign_id: UUID) -> None:
    """Prints why the person with the phone ``LEFT_OUT`` did not get the campaign."""
    lead_id = container.outreach.find_lead(LEFT_OUT)
    if lead_id is not None:
        about = container.outreach, container.database, container.settings, lead_id
        answer = why_not_campaign(*about, campaign_id)
        wanted, had = ", ".join(answer.wanted), ", ".join(answer.had)
        terminal.print(
            f"why did {LEFT_OUT} not get the campaign? {answer.story}; wanted {wanted}, had {had}"
        )


def _print_reports(
    connection: Connection, terminal: console.Terminal, sequence_id: UUID, campaign_id: UUID
) -> None:
    console.print_overview(terminal, reports.overview(connection))
    console.print_sequence(terminal, reports.sequence(connection, sequence_id))
    console.print_campaign(terminal, reports.campaign(connection, campaign_id))
    console.print_devices(terminal, reports.devices(connection))
