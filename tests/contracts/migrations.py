"""No migration takes a lock for longer than an instant: what it executes, read as text.

A migration is SQL in ``op.execute``. Alembic's operations that change the schema are refused, so
there is one form to read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

FOLDER = "projections/database/migrations/versions/"
# What grows with leads or events: reading one of these as a whole takes minutes.
BIG = ("stored_events", "lead_keys", "deliveries", "hash_chain_links", "notary_seals")

# What a migration may ask of alembic; all else writes SQL that nobody sees.
_OPERATIONS = {"execute", "get_bind", "get_context"}

# A name that is put together elsewhere is of characters that no name has.
_NAME = r'(?:IF (?:NOT )?EXISTS )?(?:ONLY )?(?:"?public"?\.)?"?(?P<table>[\w?%{}]+)"?'
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_COLUMN = r"ADD (?!CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY|EXCLUDE)"
_CONSTRAINT = r"ADD (?:CONSTRAINT \S+ )?"


def _sql(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}", re.IGNORECASE)


_CREATE_TABLE = _sql(rf"CREATE (?:UNLOGGED )?TABLE {_NAME}")
_ALTER_TABLE = _sql(rf"ALTER TABLE {_NAME} (?P<actions>.*)")
_SET_NOT_NULL = _sql(r"ALTER (?:COLUMN )?\S+ SET NOT NULL")

# What hurts, and why or what to do instead: statements on a table that is big,
_ON_BIG_TABLES = (
    (
        _sql(rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\bON {_NAME}"),
        "an index without CONCURRENTLY keeps writers waiting until it is made",
    ),
    (
        _sql(rf"(?:UPDATE|DELETE FROM) {_NAME}(?!.* WHERE )"),
        "all rows in one statement: change them in pages, with a WHERE",
    ),
)
# actions of ALTER TABLE on any table that was there before,
_ACTIONS = (
    (
        _sql(rf"{_COLUMN}(?!.* DEFAULT ).* NOT NULL"),
        "NOT NULL without a default fails where there are rows",
    ),
    (
        _sql(rf"{_COLUMN}.* DEFAULT .*\("),
        "a default that is computed rewrites the table: give a constant, or fill in pages",
    ),
    (
        _sql(rf"{_COLUMN}.* (?:GENERATED\b|(?:big|small)?serial\b)"),
        "a generated column rewrites the table",
    ),
    (
        _sql(rf"{_COLUMN}.* (?:UNIQUE|PRIMARY KEY|CHECK|REFERENCES)\b"),
        "a constraint within a new column is checked under its lock: add it apart",
    ),
    (
        _sql(r"ALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE\b"),
        "another type rewrites the table: add a column and fill it in pages",
    ),
    (
        _sql(rf"{_CONSTRAINT}(?:CHECK|FOREIGN KEY)\b(?!.* NOT VALID)"),
        "a constraint without NOT VALID reads the table: validate it in the next version",
    ),
    (
        _sql(rf"{_CONSTRAINT}(?:UNIQUE|PRIMARY KEY|EXCLUDE)\b(?! USING INDEX)"),
        "a key without USING INDEX makes its index under a lock",
    ),
)
# and statements that hurt wherever they are.
_ANYWHERE = (
    (_sql(r"LOCK TABLE\b|^LOCK\b"), "a lock of its own: statements take what they need"),
    (
        _sql(r"(?:VACUUM|CLUSTER\b|TRUNCATE (?!ON\b)|REINDEX (?!.*CONCURRENTLY))"),
        "it keeps everybody from the table until it is done",
    ),
    (_sql(r"lock_timeout\b"), "how long a migration waits is set where it is run"),
)


def hurting_migrations(files: Mapping[str, str]) -> Iterator[str]:
    """No migration holds a lock that readers or writers wait for while it reads or writes a
    table, and none hides what it executes."""
    validated: set[str] = set()
    for path, text in sorted(files.items()):
        if path.startswith(FOLDER):
            yield from _hurting(path, ast.parse(text), validated)


def _hurting(path: str, tree: ast.Module, validated: set[str]) -> Iterator[str]:
    """``validated`` are the tables of which an earlier migration validated a constraint; those of
    this one are added."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "op"
            and node.attr not in _OPERATIONS
        ):
            yield f"{path}:{node.lineno}: op.{node.attr}: write its SQL in op.execute"
    statements = list(_statements(tree))
    new = {match["table"] for _, sql in statements if (match := _CREATE_TABLE.search(sql))}
    unvalidated: set[str] = set()
    for line, sql in statements:
        for why in (
            *_of_statement(sql, new),
            *_of_alter_table(sql, new, validated, unvalidated),
        ):
            yield f"{path}:{line}: {why}"


def _of_statement(sql: str, new: set[str]) -> Iterator[str]:
    for pattern, why in _ON_BIG_TABLES:
        match = pattern.search(sql)
        if match and match["table"] not in new and _may_be_big(match["table"]):
            yield why
    for pattern, why in _ANYWHERE:
        if pattern.search(sql):
            yield why


def _of_alter_table(
    sql: str, new: set[str], validated: set[str], unvalidated: set[str]
) -> Iterator[str]:
    """``unvalidated`` are the tables that this migration gave a constraint with NOT VALID."""
    match = _ALTER_TABLE.search(sql)
    if match is None or match["table"] in new:
        return
    table = match["table"]
    for action in _actions(match["actions"]):
        yield from (why for pattern, why in _ACTIONS if pattern.search(action))
        if _SET_NOT_NULL.search(action) and table not in validated:
            yield "NOT NULL reads the table, unless CHECK (… IS NOT NULL) was validated before"
        if "NOT VALID" in action.upper():
            unvalidated.add(table)
        if action.upper().startswith("VALIDATE CONSTRAINT"):
            validated.add(table)
            if table in unvalidated:
                yield "a constraint is validated under the lock that added it: in the next version"


def _may_be_big(table: str) -> bool:
    return table in BIG or not table.isidentifier()


def _actions(text: str) -> Iterator[str]:
    """The actions of one ALTER TABLE: what is between commas that are in no parentheses."""
    depth, action = 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            yield action.strip()
            action = ""
        else:
            action += character
    yield action.strip()


def _statements(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of a migration, statement by statement, in one line each, with the line where the
    text begins; but for docstrings. What an f-string puts in is a question mark."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in docstrings | parts:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        for statement in re.sub(r"'[^']*'", "''", _COMMENT.sub("", text)).split(";"):
            yield node.lineno, " ".join(statement.split())
