"""Runners ask ``projections`` and execute no SQL themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "runners").rglob("*.py"))]
# What executes a statement, by the names that the driver, SQLAlchemy and ``projections`` give it.
EXECUTES = {"rows", "execute", "executemany", "exec_driver_sql", "text"}


@pytest.mark.parametrize("module", MODULES)
def test_a_runner_executes_no_sql(module: str) -> None:
    """Neither by a helper that it imports nor by a method of a connection."""
    imported, methods = set(), set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            methods.add(node.func.attr)

    assert not imported & EXECUTES
    assert not methods & (EXECUTES - {"text"})
