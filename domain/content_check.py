"""May this content be sent, as it is rendered for one lead, and how long may it be?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from domain import content, rendering
from domain import template as templates
from domain.content import Content
from domain.errors import InvalidInputError

# Characters of a text, and of a text that goes with media. Gateways that are not named take
# WhatsApp's own length. Sources: docs/gateways.md.
LONGEST_TEXT = {"wablas": 1024}
LONGEST_CAPTION = {"wablas": 1024, "cloud": 1024}

# Why a rendered content is not sent.
Problem = Literal["empty_text", "template_variable_missing", "text_too_long"]


def longest(gateway: str, *, with_media: bool) -> int:
    """How many characters ``gateway`` takes."""
    return (LONGEST_CAPTION if with_media else LONGEST_TEXT).get(gateway, content.LONGEST_BODY)


def sends_template(written: Content, gateway: str) -> bool:
    """Whether ``gateway`` sends the template of ``written`` in place of its text."""
    return written.template is not None and gateway in templates.GATEWAYS


def problem(
    written: Content, rendered: Content, names: Mapping[str, str], gateway: str
) -> Problem | None:
    """Why ``gateway`` is not given ``rendered``, which was made of ``written`` and ``names``."""
    if written.template is not None and gateway in templates.GATEWAYS:
        lacks = templates.lacks_a_value(written.template, names, written.rules)
        return "template_variable_missing" if lacks else None
    with_media = rendered.media_url is not None
    if not with_media and not rendered.body.strip():
        return "empty_text"
    if len(rendered.body) > longest(gateway, with_media=with_media):
        return "text_too_long"
    return None


def check_length(field: str, written: Content, gateways: Iterable[str]) -> None:
    """Raises InvalidInputError naming ``field`` where none of ``gateways`` would take the text for
    anybody: it is too long even where every placeholder stands for nothing."""
    limits = {
        gateway: longest(gateway, with_media=written.media_url is not None) for gateway in gateways
    }
    if not limits or any(sends_template(written, gateway) for gateway in limits):
        return
    gateway = max(limits, key=lambda name: limits[name])
    if rendering.shortest(written.body) > limits[gateway]:
        raise InvalidInputError(
            field, f"at most {limits[gateway]} characters, which is what {gateway} takes"
        )
