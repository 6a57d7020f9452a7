"""/leads/import and ``sendtrail import``: files as people have them, each with its right answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from click.testing import CliRunner

from projections.container import Container
from runners.cli.lead_import import import_
from tests.support import cases
from tests.support.api.client import Client

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Files for ``--opt-outs`` have a test of their own in ``tests/real_life``.
FILES = [
    pytest.param(path, id=path.name)
    for path in cases.case_files()
    if "later" not in cases.expectation(path)
]


@pytest.mark.parametrize("path", FILES)
def test_a_file_as_people_have_it(container: Container, operator: Client, path: Path) -> None:
    """What ``NAME.expect.json`` says of it, and nobody twice."""
    container.settings = msgspec.structs.replace(container.settings, default_region="MY")
    expected = cases.expectation(path)
    for phone in expected.get("before", ()):
        operator.create("/leads", {"phone": phone})

    given = imports(container, operator, path, expected)

    why = expected["why"]
    leads = {lead["phone"]: lead for lead in operator.items("/leads", limit=200)}
    assert given["registered"] == expected["registered"], why
    assert sorted(leads) == sorted(expected["phones"]), why
    rejected = [(r["line"], r["field"]) for r in given["rejected"]]
    assert len(rejected) == len(expected["rejected"]), why
    for (line, field), wanted in zip(rejected, expected["rejected"], strict=True):
        assert (line in wanted["line"], field) == (True, wanted["kind"]), why
    first = leads[expected["phones"][0]]
    for field, wanted in expected["first"].items():
        if field == "attribute_values":
            assert set(wanted) <= set(first["attributes"].values()), why
        elif field == "name":
            assert first["name"] in ([wanted] if isinstance(wanted, str) else wanted), why
        else:
            assert first[field] == wanted, why
    for phone in expected.get("opted_out", ()):
        assert leads[phone]["opted_out"], why
    for phone in expected.get("not_opted_out", ()):
        assert not leads[phone]["opted_out"], why
    assert imports(container, operator, path, expected)["registered"] == 0, why


def imports(
    container: Container, operator: Client, path: Path, expected: dict[str, Any]
) -> dict[str, Any]:
    """The answer to an import of the file, through the door that the case names."""
    if expected.get("via") == "cli":
        result = CliRunner().invoke(
            import_, [str(path), *expected.get("cli", ())], obj=container.settings
        )
        (registered,) = re.findall("^registered ([0-9]+)", result.stdout, re.MULTILINE)
        rejected = re.findall("^line ([0-9]+): ([a-z_]+): ", result.stderr, re.MULTILINE)
        return {
            "registered": int(registered),
            "rejected": [{"line": int(line), "field": field} for line, field in rejected],
        }
    answer = operator.json(
        "POST",
        "/leads/import",
        data=path.read_bytes(),
        query_string=parse_qsl(expected.get("query", "")),
        content_type=XLSX if path.suffix == ".xlsx" else "text/csv",
    )
    assert answer.status == 200, answer.json
    return dict(answer.json)
