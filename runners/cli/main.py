"""The command line. Errors are one line on standard error and a non-zero exit."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from domain.errors import SendtrailError
from domain.visible import visible, visible_lines

# Where each command is, and what the list of commands says of it: the beginning of its own help.
# The list has it here, because importing every command takes many times as long as printing it.
COMMANDS = {
    "audit": (
        "runners.cli.audit:group",
        "Why did this person get this message, and has the log been touched?",
    ),
    "completion": (
        "runners.cli.reference:completion",
        "Print the script with which a shell completes commands and options.",
    ),
    "db": ("runners.cli.database:group", "The database, its backups, and the bundled PostgreSQL."),
    "demo": (
        "runners.cli.demo:demo",
        "Play six days of outreach in seconds, in a database of its own.",
    ),
    "devices": ("runners.cli.devices:group", "The sending numbers."),
    "export": (
        "runners.cli.list_export:group",
        "Leads, messages and replies as CSV, for a spreadsheet or another program.",
    ),
    "import": (
        "runners.cli.lead_import:import_",
        "Import leads from a CSV or XLSX file with a header.",
    ),
    "keys": ("runners.cli.keys:group", "API keys, and the secret key."),
    "man": ("runners.cli.reference:man", "Print the manual page of a command, or write them all."),
    "mcp": (
        "runners.cli.mcp:mcp",
        "Let an assistant read and draft, by the Model Context Protocol on standard input and"
        " output.",
    ),
    "rebuild": (
        "runners.cli.rebuild:rebuild",
        "Build every projection anew from the events, compare, and replace the live ones.",
    ),
    "replay": (
        "runners.cli.rebuild:replay",
        "Fill a new schema with every projection as it was at a past instant, for any SQL client.",
    ),
    "run": (
        "runners.cli.run:run",
        "Run all runners, or those that are named, until SIGTERM or Ctrl-C.",
    ),
    "serve": ("runners.cli.serve:serve", "Serve the HTTP API until SIGTERM or Ctrl-C."),
    "simulate": (
        "runners.cli.simulate:simulate",
        "Play what is planned now, and print what would happen day by day.",
    ),
    "status": (
        "runners.cli.status:status",
        "What there is: leads, devices, sequences, campaigns, messages by status.",
    ),
    "what-if": (
        "runners.cli.what_if:what_if",
        "Who would get a campaign, who not and why, from which device, when, and how many a day.",
    ),
}
# What says something of the command line itself, and nothing of an installation.
NEED_NO_SETTINGS = ("completion", "man")


class Commands(click.Group):
    """The commands of ``COMMANDS``, each imported when it is needed.

    An error that Sendtrail raises on purpose becomes one line, as does what the database or the
    machine refuses.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the help."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands as click does, without importing them."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, click.Command(name, help=text).get_short_help_str(limit))
                    for name, (_, text) in sorted(COMMANDS.items())
                ]
            )

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parses what was typed. Raises ClickException, of one line that shows it."""
        with _one_line():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. Raises ClickException, of one line, for every error that is no fault of
        the code, and Exit after showing where the code failed."""
        with _one_line():
            try:
                return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                if isinstance(error, OSError) and error.errno == errno.EPIPE:
                    # Whoever reads the output has gone, which click sees to.
                    raise
                line = _line(error)
                if line is None:
                    click.echo(visible_lines(traceback.format_exc().rstrip()), err=True)
                    raise click.exceptions.Exit(1) from error
                raise click.ClickException(line) from error


@contextmanager
def _one_line() -> Iterator[None]:
    """Errors of the block become errors of one line, in which nothing that was typed, read or
    received acts on the terminal."""
    try:
        yield
    except click.UsageError as error:
        text = error.format_message()
        if isinstance(error, click.MissingParameter):
            # The choices, of which click puts each on a line. Nothing here was typed.
            text = text.replace("\n\t", " ")
        raise click.UsageError(visible(text), error.ctx) from error
    except click.ClickException as error:
        raise click.ClickException(visible(error.format_message())) from error


def _line(error: Exception) -> str | None:
    """What to tell of an error of Sendtrail, of the database or of the machine; else None."""
    if isinstance(error, SendtrailError):
        return str(error)
    if isinstance(error, MemoryError):
        return "the machine has no memory left"
    if isinstance(error, OSError):
        what = error.strerror or type(error).__name__
        return what if error.filename is None else f"{error.filename}: {what}"
    # Not at the top: help is there without the time that this import takes.
    from projections.database import faults

    return faults.describe(error)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sendtrail", prog_name="sendtrail")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Sendtrail: outreach that can prove what it did.

    Settings are SENDTRAIL_* environment variables; docs/settings.md lists them.
    """
    # Help is there whatever the settings are, and without the time that these imports take.
    if ctx.resilient_parsing or {"-h", "--help"} & set(sys.argv):
        return
    if ctx.invoked_subcommand in NEED_NO_SETTINGS:
        return
    from projections.config import settings
    from runners.support import logs

    ctx.obj = settings.read()
    logs.configure(ctx.obj.log_level)


if __name__ == "__main__":
    main()
