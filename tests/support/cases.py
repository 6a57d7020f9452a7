"""Inputs from real life with the right answers; ``tests/cases/README.md`` says what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_OWN = Path(__file__).resolve().parents[1] / "cases"


def cases_folder() -> Path:
    """The folder of cases: ``SENDTRAIL_TEST_CASES``, or the suite's own."""
    return Path(os.environ.get("SENDTRAIL_TEST_CASES", _OWN))


def lines(name: str) -> list[dict[str, Any]]:
    """Every case of the JSON Lines file ``name``."""
    text = (cases_folder() / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def vocabulary() -> dict[str, dict[str, list[str]]]:
    """The opt-out words: by meaning (``stop``, ``start``), then by language."""
    text = (cases_folder() / "opt_out_vocabulary.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def case_files() -> list[Path]:
    """Every file to import; ``expectation`` gives what an import of it gives."""
    files = sorted((cases_folder() / "files").iterdir())
    return [path for path in files if not path.name.endswith(".expect.json")]


def expectation(path: Path) -> dict[str, Any]:
    """What an import of the file ``path`` gives."""
    return dict(json.loads(Path(f"{path}.expect.json").read_text(encoding="utf-8")))
