"""The command line. Errors are one line on standard error and a non-zero exit."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from domain.errors import SendtrailError
from projections.config import metrics, settings
from projections.container import Container
from projections.database import embedded
from projections.database.engine import BUNDLED, url_of
from projections.intake.lead_import import import_leads
from projections.queries import reports
from projections.records import api_keys
from runners.cli import audit, console, devices, rebuild
from runners.cli import demo as demonstration
from runners.cli.console import progress_bar
from runners.process.supervisor import RUNNERS, Runners
from runners.support import logs

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """Turns every error that Sendtrail raises on purpose into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SendtrailError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sendtrail")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Sendtrail: outreach that can prove what it did.

    Settings are SENDTRAIL_* environment variables; see the README.
    """
    if not ctx.resilient_parsing and not {"-h", "--help"} & set(sys.argv):
        ctx.obj = settings.read()
        logs.configure(ctx.obj.log_level)


@main.command()
@click.pass_obj
def demo(config: settings.Settings) -> None:
    """Play six days of outreach in seconds, in a database of its own."""
    if not demonstration.run(config, console.console()):
        raise click.ClickException("the rebuilt projections differ from the live ones")


@main.command()
@click.argument("names", nargs=-1, metavar="[RUNNER]...", type=click.Choice(RUNNERS))
@click.option("--once", is_flag=True, help="One look each, then exit.")
@click.pass_obj
def run(config: settings.Settings, names: tuple[str, ...], once: bool) -> None:
    """Run all runners, or those that are named, until SIGTERM or Ctrl-C."""
    metrics.share(config.home)
    with Container(config) as container:
        runners = Runners(container, names or RUNNERS)
        if once:
            for name, count in runners.once().items():
                click.echo(f"{name}: {count}")
        else:
            runners.forever()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 16))
@click.pass_obj
def serve(config: settings.Settings, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    from runners.process import serve

    serve.serve(config, host, port, workers, threads)


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_(config: settings.Settings, file: Path) -> None:
    """Import leads from a CSV file with a header.

    Columns: phone, name, niche, target_status, triggers, device, timezone; any other becomes an
    attribute. Lists are separated by ';'. Only phone is required.
    """
    with Container(config) as container, progress_bar(console.console(err=True)) as bar:
        task = bar.add_task("importing", total=None)
        result = import_leads(
            container.database,
            container.outreach,
            file,
            region=config.default_region,
            actor=_actor(),
            progress=lambda rows: bar.update(task, description=f"importing: {rows} rows"),
        )
    for rejected in result.rejected:
        click.echo(f"line {rejected.line}: {rejected.reason}", err=True)
    click.echo(
        f"registered {result.registered}, known {result.known}, rejected {len(result.rejected)}"
    )
    if result.rejected:
        sys.exit(1)


@main.command()
@click.pass_obj
def status(config: settings.Settings) -> None:
    """What there is: leads, devices, sequences, campaigns, messages by status."""
    with Container(config) as container, container.database.transaction() as connection:
        console.print_overview(console.console(), reports.overview(connection))
        console.print_devices(console.console(), reports.devices(connection))


main.add_command(audit.group)
main.add_command(devices.group)
main.add_command(rebuild.rebuild)
main.add_command(rebuild.replay)


@main.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(api_keys.ROLES))
@click.pass_obj
def keys_create(config: settings.Settings, name: str, role: str) -> None:
    """Make a key. It is printed alone on the last line, for the only time.

    NAME is what events will say who did it.
    """
    with Container(config) as container, container.database.transaction() as connection:
        key = api_keys.create(connection, name, role, container.outreach.clock())
    click.echo(f"key {name} of role {role}; keep it, it cannot be shown again:")
    click.echo(key)


@keys.command("list")
@click.pass_obj
def keys_list(config: settings.Settings) -> None:
    """Every key, without the key itself."""
    with Container(config) as container, container.database.transaction() as connection:
        console.print_keys(console.console(), api_keys.every(connection))


@keys.command("revoke")
@click.argument("name")
@click.pass_obj
def keys_revoke(config: settings.Settings, name: str) -> None:
    """From now on the key opens nothing."""
    with Container(config) as container, container.database.transaction() as connection:
        api_keys.revoke(connection, name, container.outreach.clock())
    click.echo(f"revoked {name}")


@main.group("db")
def db() -> None:
    """The bundled PostgreSQL."""


@db.command("status")
@click.pass_obj
def db_status(config: settings.Settings) -> None:
    """Whether it runs, and for whom."""
    users = embedded.users(config.home)
    click.echo(f"{embedded.state(config.home)}, {len(users)} processes use it")


@db.command("stop")
@click.pass_obj
def db_stop(config: settings.Settings) -> None:
    """Stop it, whoever uses it; nothing committed is lost."""
    click.echo("stopped" if embedded.stop(config.home) else "was not running")


@db.command("url")
@click.pass_obj
def db_url(config: settings.Settings) -> None:
    """Its URL, for psql and other clients, while it runs."""
    click.echo(url_of(embedded.url(config.home), BUNDLED))


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


if __name__ == "__main__":
    main()
