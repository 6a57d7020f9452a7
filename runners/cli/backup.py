"""``sendtrail db backup``, ``restore`` and ``erasures``: the database goes back, and nobody who was
erased comes back with it."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.progress import Progress, TaskID

from domain import values
from domain.errors import InvalidInputError, SendtrailError
from projections.audit import erasures, hash_chain
from projections.config.settings import Settings
from projections.container import Container
from projections.database.backup import opened
from projections.database.backup_follower import Follower
from projections.database.engine import Database
from projections.database.restore import Restore
from projections.queries import reports
from runners.cli import console
from runners.cli.common import INSTANT, actor
from runners.cli.rebuild import rebuild_and_compare

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
# Statuses of messages that runners would go on with.
UNFINISHED = ("pending", "processing", "queued")


@click.command("backup")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--base", is_flag=True, help="Make a base backup, however young the last one is.")
@click.option("--follow", is_flag=True, help="Go on until SIGTERM or Ctrl-C.")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(1),
    help="Remove base backups beyond the newest N, and the log before them.",
)
@click.option(
    "--drop-slot",
    is_flag=True,
    help="Only end the backup: the server keeps its log for DIR no longer.",
)
@click.pass_obj
def backup(
    config: Settings, folder: Path, base: bool, follow: bool, keep: int | None, drop_slot: bool
) -> None:
    """Back up the whole database into DIR: a base backup a day, and the log since."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("backing up", total=None)

        def progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        with opened(config, folder, stop, console.say, progress) as made:
            if drop_slot:
                made.drop_slot()
                return
            made.run(base=base)
            if keep is not None:
                made.keep(keep)
            if follow:
                Follower(made, keep).run()


@click.command("restore")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--until", metavar="TIME", help=f"As of then; {INSTANT}")
@click.option(
    "--erasures", "file", metavar="FILE", type=FILE, help="What 'db erasures' printed later."
)
@click.option("--force", is_flag=True, help="Put the present database aside; it is not deleted.")
@click.pass_obj
def restore(
    config: Settings, folder: Path, until: str | None, file: Path | None, force: bool
) -> None:
    """Restore the backup in DIR to the bundled PostgreSQL, erase again who was erased since, and
    verify all of it."""
    # So that Python ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    instant = None if until is None else values.parse_instant(until, "until")
    listed = [] if file is None else erasures.parse(_read(file), str(file))
    restoring = Restore(config, folder, instant, force=force)
    lead_ids = [*_living_erasures(restoring, has_list=file is not None), *listed]
    with ExitStack() as stack:
        with console.progress_bar(console.terminal(err=True)) as bar:
            url = stack.enter_context(
                restoring.recovered(_Bar(bar, "copying the files"), _Bar(bar, "replaying the log"))
            )
        own = msgspec.structs.replace(config, database_url=url, secret_key=restoring.secret_key)
        with Container(own) as container:
            _erase_again(container, lead_ids)
            faults = _check(container)
            with container.database.transaction() as connection:
                messages = reports.overview(connection).messages
    if restoring.aside.exists():
        console.say(f"the database of before is in {restoring.aside}; delete it when you are sure")
    console.say(f"restored {restoring.data}")
    _warn_of_sending(sum(messages.get(status, 0) for status in UNFINISHED), instant)
    if faults:
        raise click.ClickException("; ".join(faults))


@click.command("erasures")
@click.pass_obj
def erased(config: Settings) -> None:
    """Print the ids of all erased leads, one a line: keep them apart from the backup."""
    with Container(config) as container:
        for lead_id in erasures.erased_leads(container.database):
            console.say(str(lead_id))


class _Bar:
    """Progress as one line of ``bar``, which is there from the first step on."""

    def __init__(self, bar: Progress, what: str) -> None:
        self.bar, self.what = bar, what
        self.task: TaskID | None = None

    def __call__(self, done: int, total: int | None) -> None:
        if self.task is None:
            self.task = self.bar.add_task(self.what, total=total)
        self.bar.update(self.task, completed=done, total=total)


def _living_erasures(restoring: Restore, *, has_list: bool) -> list[UUID]:
    """Who was erased in the database that is to be replaced; a warning where nobody knows."""
    reason = "there is no database here now"
    if restoring.has_living:
        try:
            with restoring.living() as url:
                database = Database(url, pool_size=1)
                try:
                    return erasures.erased_leads(database)
                finally:
                    database.close()
        except SendtrailError as error:
            reason = f"the database here cannot be read ({error})"
    if not has_list:
        console.say(
            f"Warning: {reason}, and no --erasures FILE is given:"
            " who was erased since the backup is NOT erased again",
            err=True,
        )
    return []


def _erase_again(container: Container, lead_ids: list[UUID]) -> None:
    with console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("erasing again", total=len(lead_ids))
        repeated = erasures.repeat(
            container.outreach,
            container.database,
            lead_ids,
            actor(),
            lambda done: bar.update(task, completed=done),
        )
    console.say(
        f"erased again {repeated.erased} people; {repeated.already} were erased in the backup,"
        f" {repeated.unknown} are not in it"
    )


def _check(container: Container) -> list[str]:
    """What ``audit verify`` and ``rebuild --check`` say; returns the faults that they found."""
    with console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("verifying the log", total=None)
        verdict = hash_chain.verify(
            container.database, lambda done, total: bar.update(task, completed=done, total=total)
        )
    console.say(
        f"verified {verdict.events} events up to {verdict.position},"
        f" {verdict.unchained} not in the chain yet"
    )
    faults = []
    if verdict.fault is None:
        console.say(f"intact: {verdict.digest}")
    else:
        faults.append(verdict.fault)
    if not rebuild_and_compare(container, console.terminal()):
        faults.append("the restored projections differ from the events: run sendtrail rebuild")
    return faults


def _warn_of_sending(unfinished: int, instant: datetime | None) -> None:
    if unfinished:
        since = "the end of the backup" if instant is None else instant.isoformat()
        console.say(
            f"Warning: {unfinished} messages are pending or on their way here. What was sent after"
            f" {since} is not known any more and would be sent again: see docs/backup.md before"
            " you start sendtrail run",
            err=True,
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason: Any = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidInputError(str(path), f"a file to read ({reason})") from None
