"""Catalogues of the pages' texts, made of what templates and code of ``api/web`` say.

A catalogue is written in one order and without the lines and dates of its sources, so that two
changes of different texts touch different lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.web import texts
from domain import (
    audience,
    campaign,
    device,
    enrollment,
    gateway_settings,
    message,
    sequence,
    values,
    waiting,
)
from domain.branches import table
from domain.lead import events as lead_events
from domain.message import events
from domain.provider_codes import NOT_ON_WHATSAPP
from projections.records import api_keys, quarantine

WEB = texts.LOCALE.parent
COMMAND = "make texts"
LANGUAGES = tuple(sorted(set(texts.LANGUAGES) - {"en"}))
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"silent": "false", "trim_blocks": "1", "lstrip_blocks": "1"}}
# ``badge`` is a macro of templates: what it is called with by name is a text too. ``said`` marks
# texts that are translated later.
_KEYWORDS = DEFAULT_KEYWORDS | {"badge": None, "said": None}
# States and reasons reach a page as values, by these names.
_WORDS: tuple[Any, ...] = (
    audience.Exclusion,
    audience.Mismatch,
    table.When,
    campaign.Status,
    device.Status,
    enrollment.Status,
    enrollment.StopReason,
    api_keys.Role,
    quarantine.Kind,
    events.CancelReason,
    lead_events.OptOutVia,
    lead_events.ReplyKind,
    message.Status,
    sequence.Reentry,
    sequence.Status,
    values.TargetFilter,
    waiting.Reason,
)
_HEADER = """# {language} texts of Sendtrail's pages.
# Written by `make texts`; translate what is empty."""
# What would differ from one machine, or one day, to the next.
_LEFT_OUT = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Project-Id-Version')

Id = str | tuple[str, ...]


def needed() -> dict[Id, list[str]]:
    """Every text that a page may say, one or one and many, with the files that say it."""
    found: dict[Id, set[str]] = {}
    sources = extract_from_dir(WEB, _METHODS, _OPTIONS, _KEYWORDS)
    for path, _, said, _, _ in sources:
        texts_of = tuple(said) if isinstance(said, tuple | list) else said
        found.setdefault(texts_of, set()).add(f"api/web/{Path(path).as_posix()}")
    for gateway in gateway_settings.GATEWAYS.values():
        for hint in (
            *gateway.needed.values(),
            *(each.expected for each in gateway.settings.values()),
        ):
            found.setdefault(hint, set()).add("domain")
    found.setdefault(NOT_ON_WHATSAPP, set()).add("domain")
    for words in _WORDS:
        for word in _literals(words):
            found.setdefault(word, set()).add("domain")
    return {each: sorted(found[each]) for each in sorted(found, key=_key)}


def written(language: str) -> Catalog:
    """The catalogue as it is; an empty one where there is none yet."""
    path = _path(language)
    if not path.exists():
        return Catalog(language)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def messages(language: str) -> dict[Id, Message]:
    """What the catalogue says, by the English text."""
    return {_id(each): each for each in written(language) if each.id}


def made(language: str) -> str:
    """The catalogue as it should be: every text that is needed, with what is translated already."""
    known = messages(language)
    catalogue = Catalog(
        language,
        header_comment=_HEADER.format(language=texts.LANGUAGES[language]),
        fuzzy=False,
    )
    for text, places in needed().items():
        translated = known[text].string if text in known else ""
        catalogue.add(text, translated, locations=[(place, None) for place in places])
    content = io.BytesIO()
    write_po(content, catalogue, width=100, include_lineno=False)
    lines = content.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_LEFT_OUT))


def write(language: str) -> list[Id]:
    """Writes the catalogue; gives what is not translated."""
    path = _path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made(language), encoding="utf-8")
    return untranslated(language)


def untranslated(language: str) -> list[Id]:
    """Texts that are shown in English for want of a translation."""
    return [
        text
        for text, found in messages(language).items()
        if not (all(found.string) if isinstance(found.string, tuple | list) else found.string)
    ]


def _path(language: str) -> Path:
    return texts.LOCALE / language / "messages.po"


def _id(found: Message) -> Id:
    return found.id if isinstance(found.id, str) else tuple(found.id)


def _key(text: Id) -> tuple[str, str]:
    first = text if isinstance(text, str) else text[0]
    return first.casefold(), first


def _literals(kind: Any) -> Iterator[str]:
    for each in get_args(kind):
        yield from (each,) if isinstance(each, str) else _literals(each)
