"""What the command line says of itself: its page in the docs, manual pages, completion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runners.cli import reference
from runners.cli.main import main
from tests.support.forks import ROOT
from tests.support.processes import environment, fresh


def test_the_page_in_the_docs_is_the_one_that_is_made() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert page == reference.markdown(), "python -m runners.cli.reference > docs/cli.md"


def test_python_m_does_the_same_and_says_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sendtrail", "--version"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sendtrail, version ")


def test_there_is_a_manual_page_of_every_command(tmp_path: Path) -> None:
    """Whatever the settings are; and no part of a text is a request of roff."""
    result = CliRunner().invoke(main, ["man", "--into", str(tmp_path / "man1")])
    one = fresh("man", "keys", "create", max_attempts="many", home=tmp_path / "home")

    names = {path.name for path in (tmp_path / "man1").iterdir()}
    assert (result.exit_code, one.returncode, one.stderr) == (0, 0, "")
    assert result.output == f"wrote {len(names)} pages into {tmp_path / 'man1'}\n"
    assert {"sendtrail.1", "sendtrail-import.1", "sendtrail-keys-create.1"} <= names
    assert one.stdout == (tmp_path / "man1" / "sendtrail-keys-create.1").read_text()
    assert ".TP\n\\fB\\-\\-role [viewer|operator|admin]\\fR\n" in one.stdout
    assert reference._roff('.x \\d "y"') == r"\&.x \ed \(dqy\(dq"
    assert not (tmp_path / "home").exists()


def test_a_page_of_no_command_is_refused() -> None:
    result = CliRunner().invoke(main, ["man", "x\x1b[2J"])

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == r"Error: there is no command x\x1b[2J"


# How each shell is asked for "import --d", without a terminal, and what it says.
ASKED = {
    "bash": (
        "COMP_WORDS=(sendtrail import --d); COMP_CWORD=2; COMPREPLY=();"
        ' _sendtrail_completion sendtrail; echo "${COMPREPLY[@]}"',
        "--dry-run\n",
    ),
    "fish": (
        'complete -C "sendtrail import --d"',
        "--dry-run\tWrite nothing, and say what would become of it.\n",
    ),
    "zsh": (
        "words=(sendtrail import --d); CURRENT=3; _sendtrail_completion",
        "--dry-run:Write nothing, and say what would become of it.\n",
    ),
}
# What zsh's own completion does with the answer.
ZSH = "compdef() { :; }; _describe() { print -rl -- $completions_with_descriptions; }"


@pytest.mark.parametrize("shell", ASKED)
def test_shells_complete_commands_and_options(tmp_path: Path, shell: str) -> None:
    """With the script that is printed, each in its own way."""
    if shutil.which(shell) is None:
        pytest.skip(f"this system has no {shell}")
    script = fresh("completion", shell).stdout
    program = tmp_path / "sendtrail"
    program.write_text(f"#!{sys.executable}\nfrom runners.cli.main import main\nmain()\n")
    program.chmod(0o700)
    ask, said = ASKED[shell]
    before = ZSH if shell == "zsh" else ""
    own = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [shell, "-c", f"{before}\n{script}\n{ask}"],
        env={**environment(), **own, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == (said, "")
