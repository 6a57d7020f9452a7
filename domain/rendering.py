"""Templates: ``{name}`` and ``{name|there}``; everything else in a text stays as it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from domain import values
from domain.errors import InvalidInputError


class Template(msgspec.Struct, frozen=True):
    """A template that the provider approved, by its ``name`` and ``language``, such as ``en_US``;
    ``variables`` are its body's, in order, and may have placeholders until they are rendered."""

    name: str
    language: str
    variables: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<template {self.name}>"


# A letter or underscore first: JSON, prices and code in a text are not placeholders.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([^{}]*))?\}")


def render(body: str, values: Mapping[str, str]) -> str:
    """``body`` with each placeholder replaced by its value, its own fallback, or nothing.

    A value that is missing or only white space falls back. Values are inserted once and are never
    themselves expanded.
    """

    def value(match: re.Match[str]) -> str:
        found = values.get(match.group(1), "")
        return found if found.strip() else match.group(2) or ""

    return _PLACEHOLDER.sub(value, body)


def values_of(name: str, phone: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """What a template may name: a lead's attributes, and ``name`` and ``phone`` above them."""
    return {**attributes, "name": name, "phone": phone}


def render_template(template: Template | None, values: Mapping[str, str]) -> Template | None:
    """The template with its variables rendered like a text."""
    if template is None:
        return None
    variables = tuple(render(variable, values) for variable in template.variables)
    return msgspec.structs.replace(template, variables=variables)


def check_template(field: str, template: Template | None) -> Template | None:
    """The template, or InvalidInputError naming what is wrong with it. Limits: the Cloud API's
    "Templates"."""
    if template is None:
        return None
    if not re.fullmatch(r"[a-z0-9_]{1,512}", template.name):
        raise InvalidInputError(f"{field}.name", "1 to 512 lower-case letters, digits and _")
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2,3})?", template.language):
        raise InvalidInputError(f"{field}.language", "a language code such as en or en_US")
    if len(template.variables) > 100:
        raise InvalidInputError(f"{field}.variables", "at most 100")
    for variable in template.variables:
        values.text(f"{field}.variables", variable, longest=1024)
    return template


def digest(text: str, media_url: str | None, template: Template | None = None) -> str:
    """SHA-256, in hex, of what is handed over: the text, the media URL after a NUL if any, and the
    template as JSON after another."""
    whole = text if media_url is None else f"{text}\0{media_url}"
    sha256 = hashlib.sha256(whole.encode())
    if template is not None:
        sha256.update(b"\0\0" + msgspec.json.encode(template))
    return sha256.hexdigest()
