"""What must hold of every source file, read as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.contracts.migrations import hurting_migrations

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "runners", "api")
LONGEST_FILE = 300

# What executes a statement, by the names that the driver, SQLAlchemy and ``projections`` give it.
_HELPERS = {"rows", "execute", "prepared", "text"}
_METHODS = {"execute", "executemany", "exec_driver_sql", "copy_expert"}
# Who may make a container: the command line, the processes and the API's factory.
_COMPOSERS = ("runners/cli/", "runners/process/", "api/app.py", "projections/container.py")

# What writes to a terminal, by the names that Python, click and rich give it.
_PRINTERS = {"print", "echo", "secho", "echo_via_pager", "progressbar", "Console", "Text"}
_WRITERS = {"write", "writelines"}
# Who may: they make what they are given visible.
_MAY_PRINT = ("runners/cli/console.py", "runners/cli/main.py")

Sources = Mapping[str, str]


def sources(root: Path = ROOT) -> dict[str, str]:
    """The text of every Python file of the project, by its path below ``root``."""
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for top in (*PACKAGES, "benchmarks", "tests")
        for path in sorted((root / top).rglob("*.py"))
    }


def long_files(files: Sources) -> Iterator[str]:
    """No source file has more than 300 lines."""
    for path, text in files.items():
        lines = len(text.splitlines())
        if lines > LONGEST_FILE:
            yield f"{path}: {lines} lines, at most {LONGEST_FILE}"


def sql_outside_projections(files: Sources) -> Iterator[str]:
    """SQL is executed in ``projections`` only."""
    for path, text in files.items():
        if not path.startswith(("domain/", "runners/", "api/")):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                database = (node.module or "").startswith(("projections.database", "sqlalchemy"))
                names = {alias.name for alias in node.names} & _HELPERS if database else set()
                for name in sorted(names):
                    yield f"{path}:{node.lineno}: imports {name}, which executes SQL"
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in _METHODS
            ):
                yield f"{path}:{node.lineno}: calls {node.func.attr}, which executes SQL"


def stray_containers(files: Sources) -> Iterator[str]:
    """Only the command line, the processes, the API's factory, tests and benchmarks make a
    container."""
    for path, text in files.items():
        if path.startswith(("tests/", "benchmarks/", *_COMPOSERS)):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _name(node.func) == "Container":
                yield f"{path}:{node.lineno}: makes a Container"


def raw_prints(files: Sources) -> Iterator[str]:
    """A command prints with ``console``, where texts from outside are shown and not obeyed."""
    for path, text in files.items():
        if not path.startswith("runners/cli/") or path in _MAY_PRINT:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Attribute | ast.Name):
                continue
            name, owner = _name(node), ast.unparse(node)
            if (name in _PRINTERS and not owner.startswith("terminal.")) or (
                name in _WRITERS and "sys." in owner
            ):
                yield f"{path}:{node.lineno}: prints with {owner}"


def idle_decisions(files: Sources) -> Iterator[str]:
    """Every decision of ``domain``, a public function that takes ``now`` and ``actor``, has a
    caller outside tests and benchmarks."""
    called: set[str] = set()
    for path, text in files.items():
        if path.startswith(tuple(f"{package}/" for package in PACKAGES)):
            called |= _references(_module(path), ast.parse(text))
    for path, text in files.items():
        if not path.startswith("domain/"):
            continue
        module = _module(path)
        for node in ast.parse(text).body:
            if (
                isinstance(node, ast.FunctionDef)
                and not node.name.startswith("_")
                and {"now", "actor"} <= {argument.arg for argument in node.args.kwonlyargs}
                # A room may offer a module's functions as its own.
                and not {f"{module}.{node.name}", f"{module.rpartition('.')[0]}.{node.name}"}
                & called
            ):
                yield f"{path}:{node.lineno}: no production code calls the decision {node.name}"


RULES = (
    long_files,
    sql_outside_projections,
    stray_containers,
    raw_prints,
    idle_decisions,
    hurting_migrations,
)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _references(module: str, tree: ast.Module) -> set[str]:
    """The dotted names that a module's code reads, apart from what it only imports or defines."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in imported:
                found.add(f"{imported[node.value.id]}.{node.attr}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(imported.get(node.id, f"{module}.{node.id}"))
    return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
