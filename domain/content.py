"""What a message says: one value from the definition to the gateway and the audit.

A new kind of content is a field of ``Content``, a line in ``checked`` and ``render``, and a part of
``digest``, set off by one NUL more than the part before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from domain import rendering, values
from domain import template as templates
from domain.ids import hmac_sha256
from domain.template import Template

# WhatsApp's own limit of a text message.
LONGEST_BODY = 4096


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The text, the address of a picture or file that goes with it, and the approved template that
    is sent in place of the text by a gateway that needs one.

    ``content_id`` names the event that holds the content. Body and variables have placeholders
    until the content is rendered, by the ``rules`` under which it was written.
    """

    content_id: str = ""
    body: str
    media_url: str | None = None
    template: Template | None = None
    rules: int = 0


C = TypeVar("C", bound=Content)


def checked(content: C, prefix: str = "", present: Content | None = None) -> C:
    """The content with the rules by which it is rendered from now on: today's, or those of
    ``present``, the content that it replaces, where it says the same.

    Raises InvalidInputError naming the first field that is wrong, with ``prefix`` before it.
    """
    rules = rendering.RULES
    if present is not None and _says(present) == _says(content):
        rules = present.rules
    with_media = content.media_url is not None
    values.text(f"{prefix}body", content.body, longest=LONGEST_BODY, allow_empty=with_media)
    values.media_url(f"{prefix}media_url", content.media_url)
    if content.template is not None:
        templates.check(f"{prefix}template", content.template)
    if rules > 0:
        rendering.check(f"{prefix}body", content.body)
        if content.template is not None:
            templates.check_placeholders(f"{prefix}template", content.template)
    return msgspec.structs.replace(content, rules=rules)


def render(content: Content, names: Mapping[str, str]) -> Content:
    """The content with its placeholders filled in from ``names``: what is handed to a gateway."""
    rules, template = content.rules, content.template
    return Content(
        content_id=content.content_id,
        body=rendering.render(content.body, names, rules),
        media_url=content.media_url,
        template=None if template is None else templates.render(template, names, rules),
        rules=rules,
    )


def digest(rendered: Content, key: bytes | None = None) -> str:
    """SHA-256, in hex, of what is handed over: the text, the media URL after a NUL if any, and the
    template as JSON after two.

    With the lead's digest ``key`` it is an HMAC-SHA256, which nobody without that key can find the
    text of by trying texts.
    """
    text = rendered.body
    if rendered.media_url is not None:
        text = f"{text}\0{rendered.media_url}"
    whole = text.encode()
    if rendered.template is not None:
        # Read models do not keep the order of names, so it must not matter.
        whole += b"\0\0" + msgspec.json.encode(rendered.template, order="deterministic")
    if key is None:
        return hashlib.sha256(whole).hexdigest()
    return hmac_sha256(key, whole).hex()


def _says(content: Content) -> tuple[str, str | None, Template | None]:
    return content.body, content.media_url, content.template
