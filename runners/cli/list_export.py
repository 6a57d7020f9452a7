"""``sendtrail export``: leads, messages and replies as CSV."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from projections.config.settings import Settings
from projections.container import Container
from runners.cli import console
from runners.cli.common import actor
from runners.process.lists import LISTS, Filter, filters, whole_list
from runners.support import logs

HELP = {
    "leads": "Leads as CSV, in the order of their ids; sendtrail import reads such a file.",
    "messages": "Messages as CSV, in the order of their ids.",
    "replies": "Replies as CSV, those of nobody known too, in the order in which they came.",
}


@click.group("export")
def group() -> None:
    """Leads, messages and replies as CSV, for a spreadsheet or another program.

    The columns are those of the API's lists. Cells that a spreadsheet would run as formulas have an
    apostrophe before them.
    """


def _option(found: Filter) -> click.Option:
    """A filter as an option; its value is what the list's query has."""
    name = found.name.replace("_", "-")
    if found.kind == "truth":
        return click.Option(
            [found.name, f"--{name}/--no-{name}"], default=None, help=found.help or None
        )
    kind = click.Choice(found.choices) if found.choices else click.STRING
    return click.Option(
        [found.name, f"--{name}"],
        type=kind,
        multiple=found.kind == "texts",
        help=found.help or None,
    )


def _command(what: str) -> click.Command:
    """The command that exports the list ``what``."""
    output = click.Option(
        ["output", "--output"],
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write there instead of to standard output; only its owner may read it.",
    )
    options: list[click.Parameter] = [_option(found) for found in filters(what)]

    @click.pass_obj
    def export(config: Settings, /, output: Path | None, **asked: Any) -> None:
        _export(config, what, output, asked)

    return click.Command(what, callback=export, params=[*options, output], help=HELP[what])


for _what in LISTS:
    group.add_command(_command(_what))


def _export(config: Settings, what: str, output: Path | None, asked: dict[str, Any]) -> None:
    """Writes the list, page by page."""
    # Warnings of the API are about requests, of which there are none.
    logs.configure("ERROR")
    query = {name: _text(value) for name, value in asked.items() if value not in (None, ())}
    with Container(config) as container, _writer(output) as write:
        for piece in whole_list(container, what, query, actor()):
            write(piece)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _beside(path: Path) -> tuple[int, str]:
    """A new file in the folder of ``path``, open, and its name. Raises OSError, which names
    ``path``."""
    try:
        return tempfile.mkstemp(dir=path.parent, prefix=".sendtrail-")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _writer(path: Path | None) -> Iterator[Callable[[bytes], Any]]:
    """What writes to ``path``, to standard output if it is None. A regular file is there when it is
    whole, or stays as it was. Raises OSError."""
    if path is None:
        yield console.write_text
        return
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream.write
        return
    with console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("exporting", total=None)
        handle, name = _beside(path)
        try:
            with os.fdopen(handle, "wb") as stream:

                def write(piece: bytes) -> None:
                    stream.write(piece)
                    bar.update(task, advance=piece.count(b"\n"))

                yield write
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
