"""What a message says: one value from the definition to the gateway and the audit.

A new kind of content is a field of ``Content``, a line in ``check`` and ``render``, and a part of
``digest``, set off by one NUL more than the part before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from domain import rendering, values
from domain.errors import InvalidInputError

# WhatsApp's own limit of a text message.
LONGEST_BODY = 4096


class Template(msgspec.Struct, frozen=True):
    """A template that the provider approved, by its ``name`` and ``language``, such as ``en_US``;
    ``variables`` are its body's, in order, and may have placeholders until they are rendered."""

    name: str
    language: str
    variables: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<template {self.name}>"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The text, the address of a picture or file that goes with it, and the approved template that
    is sent in place of the text by a gateway that needs one.

    ``content_id`` names the event that holds the content. Body and variables have placeholders
    until the content is rendered.
    """

    content_id: str = ""
    body: str
    media_url: str | None = None
    template: Template | None = None


def check(content: Content, prefix: str = "") -> None:
    """Raises InvalidInputError naming the first field that is wrong, with ``prefix`` before it."""
    with_media = content.media_url is not None
    values.text(f"{prefix}body", content.body, longest=LONGEST_BODY, allow_empty=with_media)
    values.media_url(f"{prefix}media_url", content.media_url)
    if content.template is not None:
        _check_template(f"{prefix}template", content.template)


def render(content: Content, names: Mapping[str, str]) -> Content:
    """The content with its placeholders filled in from ``names``: what is handed to a gateway."""
    return Content(
        content_id=content.content_id,
        body=rendering.render(content.body, names),
        media_url=content.media_url,
        template=None if content.template is None else _render(content.template, names),
    )


def digest(rendered: Content) -> str:
    """SHA-256, in hex, of what is handed over: the text, the media URL after a NUL if any, and the
    template as JSON after two."""
    whole = rendered.body
    if rendered.media_url is not None:
        whole = f"{whole}\0{rendered.media_url}"
    sha256 = hashlib.sha256(whole.encode())
    if rendered.template is not None:
        sha256.update(b"\0\0" + msgspec.json.encode(rendered.template))
    return sha256.hexdigest()


def _render(template: Template, names: Mapping[str, str]) -> Template:
    variables = tuple(rendering.render(variable, names) for variable in template.variables)
    return msgspec.structs.replace(template, variables=variables)


def _check_template(field: str, template: Template) -> None:
    """Limits: the Cloud API's documentation, "Templates"."""
    if not re.fullmatch(r"[a-z0-9_]{1,512}", template.name):
        raise InvalidInputError(f"{field}.name", "1 to 512 lower-case letters, digits and _")
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2,3})?", template.language):
        raise InvalidInputError(f"{field}.language", "a language code such as en or en_US")
    if len(template.variables) > 100:
        raise InvalidInputError(f"{field}.variables", "at most 100")
    for variable in template.variables:
        values.text(f"{field}.variables", variable, longest=1024)
