"""docs/logs.md has every event of the log, with its level and its fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "logs.md"
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
# Functions that pass on to the log what they are given: module and name, the level, what they add.
PASSED_ON = {
    ("connection", "_log"): ("info", {"address"}),
    ("embedded", "_tell"): ("warning", set[str]()),
}
# Fields in a dictionary that is made elsewhere.
SPREAD = {
    "request": {"trace"},
    "runner.failed": {"step", "reason"},
    "runner.waits": {"step", "reason"},
    "settings.unknown": {"variable", "nearest"},
}

Event = tuple[str, str]


def _calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call of a method, with the method's name."""
    for package in ("api", "domain", "projections", "runners"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield path, node, node.func.attr


def _is_log(call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return ast.unparse(owner) in ("log", "structlog.get_logger()") if owner else False


def _logged() -> dict[Event, set[str]]:
    """The fields of each event and level."""
    found: dict[Event, set[str]] = {}
    for path, call, method in _calls():
        passed_on = PASSED_ON.get((path.stem, method))
        if not (passed_on or (method in LEVELS and _is_log(call))):
            continue
        name = call.args[0]
        if not isinstance(name, ast.Constant):
            # Only where what was passed on arrives.
            assert isinstance(name, ast.Name), (path, call.lineno)
            assert name.id == "event", (path, call.lineno)
            continue
        level, added = passed_on or (method, set())
        fields = {keyword.arg for keyword in call.keywords if keyword.arg} | added
        found.setdefault((str(name.value), level), set()).update(fields)
    for (name, _), fields in found.items():
        fields |= SPREAD.get(name, set())
    return found


def _documented() -> dict[Event, set[str]]:
    rows = re.findall(
        r"^\| `([\w.]+)` \| (\w+) \| (.*?) \| .+ \|$|^\| `([\w.]+)` \| (\w+) \| \| .+ \|$",
        PAGE.read_text(encoding="utf-8"),
        re.M,
    )
    return {
        (name or bare, level or its): set(re.findall(r"`(\w+)`", fields))
        for name, level, fields, bare, its in rows
    }


def test_the_page_has_every_event_with_its_level_and_fields() -> None:
    """An alarm on an event of the log is written by this table."""
    assert _documented() == _logged()


def test_the_page_is_in_order() -> None:
    names = [name for name, _ in _documented()]
    assert names == sorted(names)
