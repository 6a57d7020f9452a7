"""``make wheel``: the wheel that was built, in a new environment, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "domain", "projections", "runners")
# Seconds for one command. Machines of CI are slow, and a command that hangs must end.
LONG = 1800


def belongs(path: Path) -> bool:
    """Whether that file of a package is part of the release."""
    return path.is_file() and "__pycache__" not in path.parts


def missing(wheel: Path) -> set[str]:
    """The files of the packages that the wheel does not have."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if belongs(path)
    }
    return (ours | {"sendtrail.py"}) - packed


def strangers(wheel: Path) -> set[str]:
    """The files in the wheel that are no files of the packages, such as those of an older build."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    return {name for name in packed if not (ROOT / name).is_file()}


def run(folder: Path, *command: str) -> str:
    """What a command says in that folder, with no setting and no module of this checkout. Raises
    SystemExit with its output if it fails."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SENDTRAIL_") and name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    began = monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "HOME": str(folder), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    words = " ".join(Path(word).name for word in command)
    print(f"{words}: {monotonic() - began:.1f} s", flush=True)
    if done.returncode:
        raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check(wheel: Path, folder: Path) -> None:
    """Installs the wheel below ``folder`` and uses it there."""
    environment, empty = folder / "environment", folder / "empty"
    empty.mkdir()
    run(folder, sys.executable, "-m", "venv", str(environment))
    python = str(environment / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet"]
    locked = str(ROOT / "requirements" / "run.txt")
    run(folder, *install, "--require-hashes", "--requirement", locked)
    run(folder, *install, "--no-deps", "--no-index", str(wheel))
    sendtrail = str(environment / "bin" / "sendtrail")
    is_version = f"version {version('sendtrail')}\n"
    assert run(empty, sendtrail, "--version").endswith(is_version)
    assert run(empty, python, "-m", "sendtrail", "--version").endswith(is_version)
    said = run(empty, sendtrail, "demo")
    assert "imported 1000 leads" in said, said
    assert "tables made anew from the events: all identical" in said, said
    assert [path.name for path in empty.iterdir()] == [".sendtrail"] or not any(empty.iterdir())


def main() -> None:
    """Checks the wheel that is named, of which there is one."""
    (wheel,) = Path(sys.argv[1]).resolve().glob("sendtrail-*.whl")
    assert not missing(wheel), f"not in the wheel: {sorted(missing(wheel))}"
    assert not strangers(wheel), f"not of this checkout: {sorted(strangers(wheel))}"
    # The bundled server of root runs as another user, who must reach it.
    with tempfile.TemporaryDirectory(prefix="st-wheel-") as name:
        Path(name).chmod(0o755)
        check(wheel, Path(name))
    print(f"{wheel.name} has everything and works in an empty folder")


if __name__ == "__main__":
    main()
