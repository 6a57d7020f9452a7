"""Files as people have them, imported as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from projections.config.settings import Settings
from projections.container import Container
from tests.real_life.expectations import everything
from tests.support import cases, processes, spreadsheets
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.support.api.given import SECRET_KEY, api_key

REGION = "MY"

Rejected = list[tuple[int, str]]


class Imported(NamedTuple):
    """``rejected`` are the lines, each with the kind of reason; ``said`` is all that was
    answered."""

    registered: int | None
    rejected: Rejected
    said: Any


def _id(path: Path) -> str:
    return f"{path.name}: {cases.expectation(path)['why']}"


@pytest.mark.parametrize("path", cases.case_files(), ids=_id)
def test_file(path: Path, database_url: str) -> None:
    expect = cases.expectation(path)
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY, default_region=REGION)
    with Container(settings) as container:
        api = Client(application(container), api_key(container, "boss", "admin"))
        _check(path, expect, api, database_url)


def _check(path: Path, expect: dict[str, Any], api: Client, database_url: str) -> None:
    # Given
    for phone in expect.get("before", []):
        api.create("/leads", {"phone": phone})
    before = _leads(api)

    # When
    imported = _import(path, expect, api, database_url)

    # Then
    leads = _leads(api)
    new = {phone: lead for phone, lead in leads.items() if phone not in before}
    if expect["registered"] is not None:
        assert (imported.registered, len(new)) == (expect["registered"],) * 2, imported
    if "phones" in expect:
        assert sorted(new) == sorted(expect["phones"]), imported
    assert _agree(imported.rejected, expect["rejected"]), imported
    if "first" in expect:
        assert _differences(new[expect["phones"][0]], expect["first"]) == {}

    # The same file again changes nothing.
    again = _import(path, expect, api, database_url)
    assert again.registered in (0, None), again
    assert _leads(api) == leads

    for phone in expect.get("later", []):
        api.create("/leads", {"phone": phone})
    out = {phone for phone, lead in _leads(api).items() if lead["opted_out"]}
    assert sorted(out & set(expect.get("not_opted_out", []))) == []
    assert sorted(set(expect.get("opted_out", [])) - out) == []


def _import(path: Path, expect: dict[str, Any], api: Client, database_url: str) -> Imported:
    if expect.get("via") == "cli" or "cli" in expect:
        return _by_cli(path, expect.get("cli", []), database_url)
    answer = api.json(
        "POST",
        "/leads/import",
        data=path.read_bytes(),
        content_type=spreadsheets.TYPE if path.suffix == ".xlsx" else "text/csv",
        query_string=expect.get("query", ""),
    )
    assert answer.status == 200, answer
    rejected = [(row["line"], row.get("field", "")) for row in answer.json["rejected"]]
    return Imported(answer.json["registered"], rejected, answer.json)


def _by_cli(path: Path, options: list[str], database_url: str) -> Imported:
    result = processes.sendtrail(
        "import", path, *options, database_url=database_url, default_region=REGION
    )
    count = re.search(r"\bregistered (\d+)", result.stdout)
    rejected = re.findall(r"^line (\d+): (\w+)", result.stderr, re.MULTILINE)
    assert count or options, result
    return Imported(
        int(count[1]) if count else None, [(int(line), kind) for line, kind in rejected], result
    )


def _leads(api: Client) -> dict[str, dict[str, Any]]:
    """All leads by their phones."""
    return {lead["phone"]: lead for lead in everything(api, "/leads")}


def _agree(rejected: Rejected, expected: list[dict[str, Any]]) -> bool:
    """Whether every bad row is reported once, at one of its lines, for the right reason."""
    both = zip(sorted(rejected), expected, strict=False)
    return len(rejected) == len(expected) and all(
        line in right["line"] and kind == right["kind"] for (line, kind), right in both
    )


def _differences(lead: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """What of the lead is otherwise than expected; sets are lists in any order."""
    found: dict[str, Any] = {}
    for name, right in first.items():
        if name == "attribute_values":
            value = sorted(lead["attributes"].values())
            same = set(right) <= set(value)
        elif name == "name" and isinstance(right, list):
            value = lead[name]
            same = value in right
        else:
            value = lead[name]
            same = sorted(value) == sorted(right) if isinstance(right, list) else value == right
        if not same:
            found[name] = value
    return found
