"""``sendtrail audit`` shows what people said, and nothing of it controls the terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.table import Table

from projections.container import Container
from runners.cli import console
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.webhooks import reply
from tests.support.processes import sendtrail

MEAN = "stop [red]it[/red] :smile:\x1b[2J\r\x9b31m\u202enow"

SHOWN = r"stop [red]it[/red] :smile:\x1b[2J\r\x9b31m\u202enow"


def printed(text: str, *, markup: bool = False) -> str:
    """A line of that, and a table with it in every place, on a terminal."""
    stream = StringIO()
    terminal = console.Terminal(
        file=stream, width=200, force_terminal=True, color_system="standard", markup=markup
    )
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    terminal.print(text, style="none")
    terminal.print(table)
    return stream.getvalue()


@pytest.mark.parametrize("markup", [False, True])
def test_a_terminal_shows_every_text_and_obeys_none(*, markup: bool) -> None:
    """Whatever is printed as plain text: no markup, no emoji by name, no escape, no other
    direction, and no colour for what looks like a number."""
    whole = printed(f"{MEAN} 17 https://example.com")

    assert whole.count(f"{SHOWN} 17 https://example.com") == 5
    assert not any(each in whole for each in ("\x1b[2J", "\x9b", "\u202e", "\r", "\x1b]8"))


def test_a_lead_and_a_message_are_shown_with_the_answer(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    """The words in quotation marks, with gateway and device."""
    device = given.device(container, "Sales [1]", gateway="gowa")
    lead = given.lead(container, 1)
    given.campaign(container, body="[bold]Hello[/bold]\nand :smile:\x1b[2J")
    when.triggers(container)
    when.looks(when.broadcaster(container, when.Phones(clock), name="gowa"))
    clock.advance(minutes=1)
    for text, id_ in ((MEAN, "3EB0R1"), ("STOP", "3EB0R2")):
        when.tells(container, "gowa", device, reply("gowa", given.phone(1), text, id_))
    when.receives(container)
    message = then.message(container).message_id

    shown = [
        sendtrail("audit", what, id_, database_url=database_url)
        for what, id_ in (("lead", lead), ("message", message))
    ]

    assert [(result.returncode, result.stderr) for result in shown] == [(0, ""), (0, "")]
    for result in shown:
        rows = [line.split("│") for line in result.stdout.splitlines()]
        text = " ".join(" ".join(row[3] for row in rows if len(row) == 5).split())
        replied = f'lead replied: "{SHOWN}"'
        assert f"{replied} (through gowa, Sales [1])" in text
        assert 'lead opted out, via reply: "STOP" (through gowa, Sales [1])' in text
        assert "\x1b" not in result.stdout
    assert "  [bold]Hello[/bold]\nand :smile:\\x1b[2J\n" in shown[1].stdout
