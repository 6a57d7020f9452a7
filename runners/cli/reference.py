"""What the command line says of itself: manual pages, ``docs/cli.md``, and completion in shells.

``python -m runners.cli.reference`` prints ``docs/cli.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.shell_completion import get_completion_class

from runners.cli import console

PROGRAM = "sendtrail"
# The variable by which a shell asks for completions; click derives it from the program's name.
VARIABLE = "_SENDTRAIL_COMPLETE"
# Where each shell looks for such a script without any setting.
SHELLS = ("bash", "zsh", "fish")

# What every command has. A command keeps the option that click makes for it, whose names are those
# of the context that asked first.
HELP = ("-h, --help", "Show this message and exit.")


class Described(NamedTuple):
    """A command as people read of it: the words that are typed, how it is used, what it does (by
    paragraphs), its options and arguments with their help, and the commands below it."""

    words: tuple[str, ...]
    usage: str
    paragraphs: list[str]
    options: list[tuple[str, str]]
    commands: list[tuple[str, str]]

    @property
    def name(self) -> str:
        """The words in one line."""
        return " ".join(self.words)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script with which a shell completes commands and options.

    bash: eval "$(sendtrail completion bash)" in ~/.bashrc. zsh: the same with zsh in ~/.zshrc,
    after compinit. fish: sendtrail completion fish > ~/.config/fish/completions/sendtrail.fish
    """
    kind = get_completion_class(shell)
    if kind is None:  # a version of click that does not know the shell
        raise click.ClickException(f"click has no completion for {shell}")
    from runners.cli.main import main

    made = kind(main, {}, PROGRAM, VARIABLE)
    # Not ``source``, which for bash starts a shell to ask for its version.
    script = made.source_template % made.source_vars()
    # What fish shows of a help text would end at its first comma.
    console.say_lines(script.replace('string split "," ', 'string split --max 1 "," '))


@click.command()
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the pages of all commands there, e.g. ~/.local/share/man/man1.",
)
def man(words: tuple[str, ...], into: Path | None) -> None:
    """Print the manual page of a command, or write them all.

    To read one: sendtrail man import | man -l -
    """
    pages = {described.words[1:]: described for described in every()}
    if into is not None:
        if words:
            raise click.UsageError("--into writes the pages of all commands: name none")
        into.mkdir(parents=True, exist_ok=True)
        for described in pages.values():
            path = into / f"{'-'.join(described.words)}.1"
            path.write_text(roff(described), encoding="utf-8")
        console.say(f"wrote {len(pages)} pages into {into}")
    elif words in pages:
        console.say_lines(roff(pages[words]).rstrip("\n"))
    else:
        raise click.UsageError(f"there is no command {' '.join(words)}")


def every() -> list[Described]:
    """Every command, a group before its own commands, in the order of the help."""
    from runners.cli.main import main

    return list(_described(main, (PROGRAM,), None))


def _described(
    command: click.Command, words: tuple[str, ...], parent: click.Context | None
) -> Iterator[Described]:
    context = click.Context(command, info_name=words[-1], parent=parent, **command.context_settings)
    inner = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                inner.append((name, found))
    yield Described(
        words,
        " ".join([*words, *command.collect_usage_pieces(context)]),
        [" ".join(text.split()) for text in (command.help or "").split("\n\n")],
        [*(_option(option, context) for option in command.params if _shown(option)), HELP],
        [(name, _summary(found)) for name, found in inner],
    )
    for name, found in inner:
        yield from _described(found, (*words, name), context)


def _shown(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


def _option(option: Any, context: click.Context) -> tuple[str, str]:
    names, text = option.get_help_record(context)
    return " ".join(names.split()), " ".join(text.split())


def _summary(command: click.Command) -> str:
    """The first paragraph of its help."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def roff(command: Described) -> str:
    """The manual page of a command, for ``man``."""
    lines = [
        f'.TH "{_roff("-".join(command.words).upper())}" "1" "" "{PROGRAM}" "{PROGRAM}"',
        ".SH NAME",
        f"{_roff('-'.join(command.words))} \\- {_roff(command.paragraphs[0])}",
        ".SH SYNOPSIS",
        f"\\fB{_roff(command.name)}\\fR {_roff(command.usage.removeprefix(command.name).strip())}",
        ".SH DESCRIPTION",
    ]
    for paragraph in command.paragraphs:
        lines += [".PP", _roff(paragraph)]
    for title, rows in (("OPTIONS", command.options), ("COMMANDS", command.commands)):
        if rows:
            lines.append(f".SH {title}")
        for name, text in rows:
            lines += [".TP", f"\\fB{_roff(name)}\\fR", _roff(text) or "\\&"]
    if len(command.words) > 1:
        above = "-".join(command.words[:-1])
        lines += [".SH SEE ALSO", f"\\fB{_roff(above)}\\fR(1)"]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """``text`` of one line, as roff prints it: no part of it is a request."""
    shown = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def markdown() -> str:
    """The text of ``docs/cli.md``."""
    commands = every()
    lines = [
        "# Command line",
        "",
        "Every command and every option, as `--help` says them. This page is made from the",
        "commands themselves, by `python -m runners.cli.reference > docs/cli.md`.",
        "",
        "`python -m sendtrail` does the same. An error is one line on standard",
        "error, and the exit code is 1, or 2 where the command line was wrong. What comes from",
        "outside is shown, and the terminal obeys none of it. [Settings](settings.md) are",
        "environment variables.",
    ]
    for command in commands:
        lines += ["", f"## {command.name}", "", "```", command.usage, "```"]
        for paragraph in command.paragraphs:
            lines += ["", _markdown(paragraph)]
        for title, rows in (("option", command.options), ("command", command.commands)):
            if rows:
                lines += ["", f"| {title} | |", "|---|---|"]
            lines += [
                f"| `{name.replace('|', chr(92) + '|')}` | {_markdown(t)} |" for name, t in rows
            ]
    return "\n".join(lines) + "\n"


def _markdown(text: str) -> str:
    """``text`` of one line, with nothing in it that Markdown would take for its own."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text


if __name__ == "__main__":
    console.say_lines(markdown().rstrip("\n"))
