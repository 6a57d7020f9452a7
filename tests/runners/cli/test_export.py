"""``sendtrail export``: whole lists as CSV."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.processes import MODULE, ROOT, each, environment, fresh


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_leads_are_exported_page_by_page_and_imported_again(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Into a file of its owner's, harmless in a spreadsheet; its import changes nothing told."""
    given.many_leads(container, 501, ["COLD"])
    formula = given.lead(container, 601, name="=1+1", attributes={"city": "Ipoh"})
    container.outreach.opt_out(formula, "said so", actor=given.ACTOR)
    path = tmp_path / "leads.csv"

    to_file, to_stdout, opted_out = each(
        (["export", "leads", "--output", path], {"database_url": database_url}),
        (["export", "leads"], {"database_url": database_url}),
        (["export", "leads", "--opted-out"], {"database_url": database_url}),
    )
    before = then.count(container.database)
    again = fresh("import", path, "--update", database_url=database_url)

    assert [(r.returncode, r.stderr) for r in (to_file, to_stdout, opted_out)] == [(0, "")] * 3
    written = path.read_bytes().decode()
    assert to_stdout.stdout == written
    rows = table(written)
    assert len(rows) == len({row["id"] for row in rows}) == 502
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert path.stat().st_mode & 0o777 == 0o600
    (out,) = table(opted_out.stdout)
    assert (out["id"], out["name"], out["phone"]) == (str(formula), "'=1+1", "'+60120000601")
    assert again.stdout.splitlines()[-1] == (
        "registered 0, updated 0, unchanged 502, known 0, opted out 0, rejected 0"
    )
    # Of the wish, that a file says it too.
    assert [event.TOPIC for event in then.events(container)[before:]] == ["lead.opted_out"]


def test_messages_and_replies_by_the_filters_of_their_lists(
    container: Container, clock: SimulatedClock, database_url: str
) -> None:
    device = given.device(container)
    given.many_leads(container, 2)
    campaign = given.campaign(container)
    when.triggers(container)
    at: dict[str, object] = {"database_url": database_url}

    pending, sent, replies, wrong, unknown = each(
        (["export", "messages", "--status", "pending", "--campaign-id", campaign], at),
        (["export", "messages", "--status", "sent", "--device-id", device], at),
        (["export", "replies", "--no-automatic"], at),
        (["export", "messages", "--lead-id", "x\x1b"], at),
        (["export", "messages", "--colour", "red"], at),
    )

    assert {row["waits_for.reason"] for row in table(pending.stdout)} == {"pace"}
    assert [row["campaign_id"] for row in table(pending.stdout)] == [str(campaign)] * 2
    assert (table(sent.stdout), table(replies.stdout)) == ([], [])
    assert replies.stdout.startswith("id,lead_id,device_id,gateway,from.kind,from.value,text,")
    assert (wrong.returncode, wrong.stderr) == (1, "Error: lead_id: Not a valid UUID.\n")
    assert (unknown.returncode, unknown.stdout) == (2, "")


def shell(line: str, database_url: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of bash in which ``"$@"`` is the command."""
    return subprocess.run(
        ["bash", "-c", line, "-", sys.executable, "-m", MODULE],
        cwd=ROOT,
        env=environment(database_url=database_url),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_file_is_whole_or_as_it_was(
    container: Container, database_url: str, tmp_path: Path
) -> None:
    """Where the disk is full, and where the reader of a pipe has gone."""
    given.many_leads(container, 1500)
    path = tmp_path / "leads.csv"
    path.write_text("as it was")

    to_file = f'ulimit -f 16; trap "" XFSZ; exec "$@" export leads --output {path}'
    limited = shell(to_file, database_url)
    full = shell('exec "$@" export leads > /dev/full', database_url)
    closed = shell('exec "$@" export leads >&-', database_url)
    piped = shell('"$@" export leads | head -1; exit ${PIPESTATUS[0]}', database_url)

    assert (limited.returncode, limited.stderr) == (1, "Error: File too large\n")
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
    assert (full.returncode, full.stderr) == (1, "Error: No space left on device\n")
    assert (closed.returncode, closed.stderr) == (1, "Error: standard output is closed\n")
    assert (piped.returncode, len(piped.stdout.splitlines()), piped.stderr) == (1, 1, "")
