"""What is wrong with a request, from what the schemas found: the first of it as a sentence, and all
of it as one flat list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

# Of a field's path, in characters.
LONGEST = 200
# Fields that a flat list names: the first ones.
MOST_NAMED = 1000

_UNKNOWN = "Unknown field."
# What marshmallow says, in the words of ``InvalidInputError``.
_WORDS = (
    (r"Missing data for required field", "expected a value, which is required"),
    (r"Field may not be (null)", r"expected a value that is not \1"),
    (re.escape(_UNKNOWN), "expected no such name"),
    (r"Invalid (input )?type|Invalid value", "expected another type of JSON"),
    (r"Not an? (valid|aware)", r"expected a \1"),
    (r"Must be one of", "expected one of"),
    (r"Must be ([^0-9]*)(.*)", r"expected a value \1\2"),
    (r"Length must be", "expected a length"),
    (r"Shorter than minimum length (\d+)", r"expected a length of at least \1"),
    (r"Longer than maximum length (\d+)", r"expected a length of at most \1"),
    (r"Expected", "expected"),
)


def sentence(errors: Mapping[str, Any]) -> str | None:
    """Of the errors as flask-smorest gives them, by location and field, the first: the field, as in
    ``steps[2].body``, and what was expected; items count from 1, as in all errors. Never a value
    that was sent. None if there is none."""
    for field, expected in _found(errors):
        return f"{field}: {expected}"
    return None


def listed(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """All that the body of an error names, each as ``field`` and ``message``, as ``sentence`` says
    it; at most ``MOST_NAMED``. Where nothing but a sentence says what is wrong, that."""
    found = [*islice(_found(body.get("errors", {})), MOST_NAMED)]
    if not found:
        said = str(body.get("message", ""))
        field, colon, expected = said.partition(": ")
        found = [(field, expected) if colon and " " not in field else ("body", said)]
    return [{"field": field, "message": expected} for field, expected in found]


def _found(errors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each field that is wrong, and what was expected of it."""
    for found in errors.values():
        if isinstance(found, dict):
            for path, text in _leaves(found, ""):
                yield _shown(path) or "body", _expected(text)


def _leaves(found: Any, path: str) -> Any:
    """Each text in ``found``, with the path of its field."""
    if isinstance(found, dict):
        for name, inner in found.items():
            yield from _leaves(inner, path if _is_ours(name, inner) else _joined(path, name))
    elif isinstance(found, list):
        for text in found:
            yield from _leaves(text, path)
    elif isinstance(found, str):
        yield path, found


def _is_ours(name: Any, inner: Any) -> bool:
    """Whether ``name`` stands for a whole schema, or for the key or the value of an entry, which
    ``schemas.fields.Entries`` gives as names of another type. A client's own may be the same."""
    if name == "_schema":
        return bool(inner != [_UNKNOWN])
    return isinstance(name, str) and type(name) is not str


def _joined(path: str, name: Any) -> str:
    if isinstance(name, int):
        return f"{path}[{name + 1}]"
    return f"{path}.{name}" if path else str(name)


def _shown(path: str) -> str:
    """``path`` on one line: a field's name may be anything that a client made up."""
    return "".join(c if c.isprintable() else "\ufffd" for c in path[:LONGEST])


def _expected(text: str) -> str:
    for pattern, words in _WORDS:
        said, count = re.subn(f"^{pattern}", words, text, count=1)
        if count:
            return said.removesuffix(".")
    return text[:1].lower() + text[1:].removesuffix(".")
