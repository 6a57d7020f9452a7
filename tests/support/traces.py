"""Looks for a person in everything that is left, in every form that somebody might think of."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from projections.database.engine import rows

NAMESPACES = (uuid.NAMESPACE_DNS, uuid.NAMESPACE_URL, uuid.NAMESPACE_OID, uuid.NAMESPACE_X500)
DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
# Bytes of a table in the text that PostgreSQL gives.
_HEX = re.compile(rb"\\x((?:[0-9a-f]{2})+)")


def spellings(phone: str, national: int) -> list[str]:
    """How a phone in E.164 is written, whose last ``national`` digits are those without the
    country's."""
    digits, local = phone.removeprefix("+"), phone[-national:]
    parts = (local[:2], local[2:5], local[5:])
    return [
        phone,
        digits,
        f"{digits}@s.whatsapp.net",
        f"lead {phone}",
        f"0{local}",
        f"00{digits}",
        *(f"0{mark.join(parts)}" for mark in "- ."),
        *(f"{mark.join((digits[:-national], *parts))}" for mark in "- ."),
        f"{digits}@c.us",
    ]


def names(name: str) -> list[str]:
    """How a name is written."""
    words = name.split()
    usual = [name, "".join(words), " ".join(reversed(words)), ".".join(words), "_".join(words)]
    return [*usual, *(word for word in words if len(word) > 5)]


def forms(said: str) -> Iterator[bytes]:
    """A text in every form: cases, backwards, encodings, escapes."""
    for text in dict.fromkeys((said, said.upper(), said.lower(), said.title(), said[::-1])):
        plain = text.encode()
        yield plain
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield quote(text).encode()
        yield text.encode("unicode-escape")
        yield base64.b32encode(plain)[: len(plain) * 8 // 5]
        # Wherever it is in what is encoded, these characters are its own.
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + plain)
            yield encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]


def derived(said: str, namespaces: Iterable[uuid.UUID] = ()) -> Iterator[bytes]:
    """What follows from a text without a key: digests and UUIDs."""
    for text in dict.fromkeys((said, said.lower(), said.upper())):
        for algorithm in DIGESTS:
            digest = hashlib.new(algorithm, text.encode()).digest()
            yield from (digest, digest.hex().encode(), base64.b64encode(digest).rstrip(b"="))
        for namespace in (*NAMESPACES, *namespaces):
            for made in (uuid.uuid5(namespace, text), uuid.uuid3(namespace, text)):
                yield from (made.bytes, str(made).encode(), made.hex.encode())


# Most of a file of the server's is empty.
_ZEROS = re.compile(rb"\0{5,}")


# Thousands of forms are looked for in megabytes. A search for each of them would take minutes, so
# only those are searched for that share four bytes with the data. Wherever a form begins, four of
# its first seven bytes begin in the data at a multiple of four.
_WORD = 4
_SHORTEST = 2 * _WORD - 1


def _words(data: bytes) -> set[int]:
    """What begins at each multiple of four bytes of it."""
    return set(memoryview(data + bytes(-len(data) % _WORD)).cast("I"))


def _by_word(forms: dict[str, list[bytes]]) -> dict[int, list[tuple[str, bytes]]]:
    """The forms, with the names of their secrets, by every word one of which is in the data if the
    form is."""
    found: dict[int, list[tuple[str, bytes]]] = {}
    for name, ways in forms.items():
        for form in ways:
            for start in range(_WORD):
                (word,) = memoryview(form[start : start + _WORD]).cast("I")
                found.setdefault(word, []).append((name, form))
    return found


class Wanted:
    """What is looked for: each secret by its name, in all its forms."""

    def __init__(self, secrets: dict[str, Sequence[str]], *namespaces: uuid.UUID) -> None:
        self.forms = {
            name: sorted(
                {
                    form
                    for place, said in enumerate(ways)
                    # What follows without a key, of the spellings that a program would take.
                    for form in (*forms(said), *(derived(said, namespaces) if place < 4 else ()))
                    if len(form) >= _SHORTEST
                }
            )
            for name, ways in secrets.items()
        }

        self._places = _by_word(self.forms)

    def found(self, haystack: bytes) -> list[str]:
        """The names of the secrets that are in it."""
        data = _ZEROS.sub(b"\0" * 4, decoded(haystack))
        hits = {
            name
            for word in self._places.keys() & _words(data)
            for name, form in self._places[word]
            if form in data
        }
        return [name for name in self.forms if name in hits]

    def found_in(self, haystacks: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
        """The same by the name of each haystack in which anything is."""
        return {place: hits for place, data in haystacks if (hits := self.found(data))}


def decoded(table: bytes) -> bytes:
    """The text of a table, and the bytes that are in it as hexadecimal."""
    inside = (bytes.fromhex(part.decode()) for part in _HEX.findall(table))
    return b"\n".join((table, *inside))


def tables(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Every row of every table of every schema, the server's own too, and of our views."""
    for table in rows(
        connection,
        "SELECT format('%%I.%%I', n.nspname, c.relname) AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 'p')"
        " OR c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " ORDER BY 1",
    ):
        found = rows(connection, f"SELECT t::text AS row FROM {table.name} t")
        yield table.name, "\n".join(str(row.row) for row in found).encode()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below ``folder``."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def gets(description: Any) -> list[str]:
    """The paths of an OpenAPI description that can be asked."""
    return sorted(path for path, ways in description["paths"].items() if "get" in ways)
