"""Everything from outside is hostile, and every command shows it and obeys none of it, on a
terminal and through a pipe."""

from __future__ import annotations

import os
import pty
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
import structlog
from click.testing import CliRunner

from domain import values
from projections.container import Container
from projections.records import credentials
from runners.cli.main import main
from runners.gateways.protocol import Accepted, Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY, api_key
from tests.support.api.webhooks import reply
from tests.support.forks import Fork
from tests.support.gateways.fake_gowa import CREDENTIALS, Behaviour, FakeGowa, serving
from tests.support.operations import incident, process, quarantined
from tests.support.processes import environment, sendtrail
from tests.support.when import Phones

# Where no end of a line may be, as in a name of a file; and where it may.
LINE = "\x1b[45m[red]x[/red]\x1b]8::http:\x07\u202e\x9b2J\u2066\u200b\x7f:smile:"
TEXT = f"{LINE}\r\n\x1b[2Jy"
SHOWN = r"\x1b[45m[red]x[/red]\x1b]8::http:\x07\u202e\x9b2J\u2066\u200b\x7f:smile:"
PHONE = "+60123456789"

# What rich itself writes on a terminal: styles and the cursor of a progress bar.
OWN = re.compile(r"\x1b\[(?:\d{1,2}(?:;\d{1,3})*)?m|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r")

# What is asked of each command, made of the world below; or why it is not run.
Asked = Callable[["World"], list[object]]
NO_OUTSIDE = "prints nothing that comes from outside"
COMMANDS: dict[str, list[Asked] | str] = {
    "audit checkpoint": [lambda w: ["--key", w.folder / LINE]],
    "audit export": [lambda w: []],
    "audit keygen": [lambda w: [w.folder / f"key {LINE}"], lambda w: [w.folder / "no" / LINE]],
    "audit lead": [lambda w: [w.lead], lambda w: [LINE], lambda w: [w.lead, "--as-of", LINE]],
    "audit message": [lambda w: [w.message], lambda w: [w.rejected], lambda w: [LINE]],
    "audit quarantine list": [lambda w: [], lambda w: ["--json"], lambda w: ["--kind", LINE]],
    "audit quarantine release": [lambda w: [LINE]],
    "audit verify": [lambda w: ["--checkpoint", w.folder / LINE]],
    "audit why-not": [
        lambda w: [w.lead, "--campaign", w.missed],
        lambda w: [w.lead, "--campaign", w.campaign],
        lambda w: [w.waiting, "--campaign", w.held],
    ],
    "completion": [lambda w: [LINE], lambda w: ["bash"]],
    "db backup": [lambda w: [w.folder / LINE]],
    "db erasures": [lambda w: []],
    "db migrate": [lambda w: []],
    "db restore": [lambda w: [w.folder / LINE]],
    "db status": [lambda w: []],
    "db stop": [lambda w: []],
    "db url": [lambda w: []],
    "demo": NO_OUTSIDE,
    "devices contacts": [lambda w: [TEXT], lambda w: [f"no {TEXT}"]],
    "devices list": [lambda w: []],
    "devices pair": [lambda w: [TEXT], lambda w: [TEXT, "--code", LINE]],
    "devices templates": [lambda w: [TEXT], lambda w: [f"no {TEXT}"]],
    "devices test": [
        lambda w: [TEXT, "--to", PHONE],
        lambda w: [f"no {TEXT}", "--to", PHONE],
        lambda w: [TEXT, "--to", LINE],
    ],
    "export leads": [lambda w: [], lambda w: ["--phone", LINE]],
    "export messages": [lambda w: [], lambda w: ["--lead-id", LINE]],
    "export replies": [lambda w: [], lambda w: ["--output", w.folder / "no" / LINE]],
    "import": [
        lambda w: [w.file],
        lambda w: [w.file, "--dry-run", "--map", f"phone:{LINE}"],
        lambda w: [
            w.file,
            "--dry-run",
            "--rejected",
            w.folder / f"rejected {LINE.replace('/', '')}",
        ],
        lambda w: [w.folder / f"no {LINE}.csv"],
    ],
    "keys create": [lambda w: [LINE, "--role", "admin"], lambda w: ["x", "--role", LINE]],
    "keys list": [lambda w: []],
    "keys revoke": [lambda w: [LINE], lambda w: [f"no {LINE}"]],
    "keys rotate-secret": NO_OUTSIDE,
    "mcp": "what it writes is read by a program, as JSON",
    "man": [lambda w: [LINE], lambda w: ["import"]],
    "rebuild": [lambda w: [], lambda w: ["--only", LINE]],
    "replay": [
        lambda w: ["--until", LINE, "--into", "x"],
        lambda w: ["--until", "2030-01-01T00:00Z", "--into", LINE],
    ],
    "run": [lambda w: [LINE], lambda w: ["--once"]],
    "serve": [lambda w: ["--port", LINE]],
    # The rest is a table as others are, and takes as long as all of these together.
    "simulate": [lambda w: ["--days", LINE]],
    "status": [lambda w: [], lambda w: ["--json"]],
    "what-if": [lambda w: ["--body", f"Hi {LINE}", "--niche", LINE]],
}
# Where at least one answer must have the hostile text in it, or the run above proves nothing.
SHOWING = {
    "audit export", "audit keygen", "audit lead", "audit message", "audit quarantine list",
    "audit verify", "audit why-not", "completion", "devices list", "devices test", "export leads",
    "export messages", "export replies", "import", "keys list", "keys revoke", "man", "run",
    "serve", "simulate", "status",
}  # fmt: skip
# What these write is for programs, unless it is for a terminal.
FOR_PROGRAMS = {"audit export", "export leads", "export messages", "export replies"}


class World:
    """The ids of what there is, and a folder of files."""

    def __init__(self, container: Container, clock: SimulatedClock, folder: Path) -> None:
        self.folder = folder
        # Campaigns and sequences may have such names; of devices, keys, triggers and niches
        # earlier versions made them.
        self.device = given.device(container, TEXT, gateway="gowa")
        niche = LINE
        self.lead = given.lead(
            container, 1, [LINE], name=TEXT, niche=[niche], attributes={"city": TEXT}
        )
        self.waiting = given.lead(container, 2, niche=["late"])
        body = f"{{name}} {TEXT} {{city}}"
        self.campaign = given.campaign(container, name=TEXT, body=body, niche=[niche])
        self.missed = given.campaign(container, name=TEXT, niche=[f"no {niche}"])
        given.sequence(container, LINE, [TEXT, TEXT], name=TEXT)
        when.triggers(container)
        worker = when.broadcaster(container, Phones(clock, Accepted(TEXT)), name="gowa")
        when.looks(worker)
        clock.advance(minutes=1)
        (message,) = then.messages(container, campaign_id=self.campaign)
        self.message: UUID = message.message_id
        for text, id_ in ((TEXT, "3EB0R1"), ("STOP", "3EB0R2")):
            when.tells(container, "gowa", self.device, reply("gowa", given.phone(1), text, id_))
        when.tells(container, "gowa", self.device, reply("gowa", "+60129999999", TEXT, "3EB0R3"))
        when.receives(container)
        again = given.campaign(container, name=TEXT, niche=["late"])
        when.triggers(container)
        when.looks(when.broadcaster(container, Phones(clock, Rejected(TEXT, TEXT)), name="gowa"))
        (message,) = then.messages(container, campaign_id=again)
        self.rejected: UUID = message.message_id
        container.outreach.disconnect_device(self.device, TEXT, actor=f"api:{TEXT}")
        self.held = given.campaign(container, name=TEXT, niche=["late"])
        when.triggers(container)
        quarantined(container, "event", UUID(int=2), event=42, reason=TEXT)
        process(container, TEXT, TEXT, failing={TEXT: [type(TEXT, (Exception,), {})()]})
        incident(container, TEXT, TEXT, end=1)
        api_key(container, "boss", "admin")
        with container.database.transaction() as connection:
            connection.exec_driver_sql("UPDATE api_keys SET name = %s", (LINE,))
        self.file = folder / f"{LINE}.csv"
        # There is a slash in its name.
        self.file.parent.mkdir()
        rows = [["phone", LINE, "device"], [PHONE, TEXT, TEXT], [LINE, LINE, LINE]]
        cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        self.file.write_text("\n".join(cells), newline="")


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    fake = FakeGowa()
    fake.devices["sales-1"] = "logged_in"
    fake.contacts = {"251556360000035@lid": TEXT, "60120000077@s.whatsapp.net": TEXT}
    fake.behave = lambda asked: Behaviour("reject", code=TEXT, words=TEXT)
    with serving(fake):
        yield fake


@pytest.fixture
def world(
    container: Container,
    clock: SimulatedClock,
    tmp_path: Path,
    gowa: FakeGowa,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    with monkeypatch.context() as former:
        former.setattr(values, "label", lambda field, value: value)
        former.setattr(values, "visible", lambda text: text)
        made = World(container, clock, tmp_path)
    settings = {"base_url": gowa.url, "device_id": "sales-1"}
    container.outreach.reconfigure_device(
        made.device, lambda present: given.changed(present, settings=settings), actor="api:boss"
    )
    with container.database.transaction() as connection:
        credentials.put(
            connection, made.device, CREDENTIALS, SECRET_KEY, container.outreach.clock()
        )
    return made


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*path, name))


def raw(output: str) -> set[str]:
    """Characters in it that no terminal may get, but for ends of lines and what rich writes."""
    rest = OWN.sub("", output.replace("\x1b[45m", "\N{BELL}\x07"))
    return {
        ascii(c)
        for c in rest
        if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    }


def on_terminal(*arguments: object, **settings: Any) -> str:
    """What the command writes on a terminal, to its end."""
    own, terminal = pty.openpty()
    output: list[bytes] = []

    def read() -> None:
        # Linux says EIO when nobody has the terminal any more.
        try:
            while chunk := os.read(own, 65536):
                output.append(chunk)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    command = Fork([*map(str, arguments)], environment(**settings), terminal, terminal)
    os.close(terminal)
    reader.start()
    command.wait(60)
    reader.join(10)
    os.close(own)
    return b"".join(output).decode()


def test_it_is_decided_for_every_command() -> None:
    """A new one fails here until somebody says what it is asked, or why it need not be."""
    assert set(leaves(main)) == set(COMMANDS)
    assert set(COMMANDS) >= SHOWING


def test_every_command_shows_what_is_hostile(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No control, no mark of direction and nothing unseen gets out, and no markup is obeyed."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "1000")
    settings = {"database_url": database_url, "home": world.folder / f"home {LINE}"}
    silent = set(SHOWING)
    for name, asked in COMMANDS.items():
        for ask in () if isinstance(asked, str) else asked:
            arguments = [*name.split(), *ask(world)]
            piped = sendtrail(*arguments, **settings)
            shown = on_terminal(*arguments, **settings)

            assert "Traceback" not in piped.stderr + shown, arguments
            if name not in FOR_PROGRAMS:
                assert raw(piped.stdout + piped.stderr) == set(), arguments
            assert raw(shown) == set(), arguments
            # Not one style is in the middle of it. Only the terminal is wide enough for all tables.
            as_json = SHOWN.replace(r"\x", r"\u00")
            if SHOWN in shown or (name == "audit export" and as_json in shown):
                silent.discard(name)

    assert silent == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_what_is_typed_is_no_less_hostile(name: str) -> None:
    """A mistyped option, command or argument comes back in the error."""
    for words in ([*name.split(), f"--{LINE}"], [*name.split()[:-1], LINE], [LINE]):
        result = CliRunner().invoke(main, words, prog_name="sendtrail")

        assert result.exit_code == 2
        assert raw(result.output) == set()
        assert SHOWN in result.output
    structlog.reset_defaults()  # the command's logs went to a stream that is closed now
