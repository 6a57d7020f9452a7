"""What a campaign's text would say to its audience: samples, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain import content, content_check, rendering
from domain import template as templates
from domain.campaign.variants import Variant
from domain.content import Content
from domain.template import Template

SAMPLES = 5
# How long after a person's last message the Cloud API takes free text, and the gateways that so do.
WINDOW = timedelta(hours=24)
WINDOWED = ("cloud",)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What one lead of the audience would get, rendered. ``template`` is set where the device's
    gateway sends it in place of the text."""

    lead_id: UUID
    name: str
    device_id: UUID
    text: str
    media_url: str | None
    template: Template | None


class TextWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What a person should look at before it is sent. ``field`` is the content's, ``count`` the
    number of leads; both only where the warning is about such."""

    code: str
    message: str
    field: str | None = None
    count: int | None = None


class Texts:
    """Renders ``written`` for one lead of the audience after the other, as it would be sent from
    ``start`` on; ``gateways`` has the gateway of every device."""

    def __init__(
        self,
        written: Content,
        variants: Sequence[Variant],
        gateways: dict[UUID, str],
        start: datetime,
    ) -> None:
        self.samples: list[Sample] = []
        self._written = written
        self._gateways = gateways
        self._open_since = start - WINDOW
        self._audience = 0
        self._problems: Counter[content_check.Problem] = Counter()
        self._outside: int = 0
        self._left_out_without_a_value = 0
        # The placeholders that no lead of the audience had a value for so far, with their field.
        self._unseen: dict[str, str] = {}
        for field, text in _texts(written, variants):
            for name, fallback in rendering.placeholders(text, written.rules):
                # People without a name are usual, and this text knows what to call them.
                if name.lower() in rendering.OWN and fallback is not None:
                    continue
                self._unseen.setdefault(name, field)

    def add(self, row: Any, names: dict[str, str], device_id: UUID, written: Content) -> None:
        """Takes in a lead that gets what is ``written`` from ``device_id``; ``row`` is one of an
        audience that is named, ``names`` what the text may name of the lead."""
        gateway = self._gateways[device_id]
        rendered = content.render(written, names)
        self._audience += 1
        self._see(names)
        problem = content_check.problem(written, rendered, names, gateway)
        if problem is not None:
            self._problems[problem] += 1
        template = content_check.sends_template(written, gateway)
        if gateway in WINDOWED and not template:
            self._outside += row.replied_at is None or row.replied_at < self._open_since
        if len(self.samples) < SAMPLES:
            self.samples.append(
                Sample(
                    lead_id=row.lead_id,
                    name=row.name,
                    device_id=device_id,
                    text=rendered.body,
                    media_url=rendered.media_url,
                    template=rendered.template if template else None,
                )
            )

    def leave_out(self, names: dict[str, str]) -> None:
        """Takes in a lead that gets no message because its template lacks a value."""
        self._left_out_without_a_value += 1
        self._see(names)

    def warnings(self) -> list[TextWarning]:
        """What is wrong, for the leads that were taken in."""
        found = []
        if self._audience or self._left_out_without_a_value:
            found = [
                TextWarning(
                    code="missing_attribute",
                    field=field,
                    message=f"nobody in the audience has a value for {{{name}}}",
                )
                for name, field in self._unseen.items()
            ]
        limits = {
            content_check.longest(gateway, with_media=self._written.media_url is not None)
            for gateway in self._gateways.values()
        }
        lengths = " or ".join(f"{limit:,}" for limit in sorted(limits))
        counted = (
            ("empty_text", "body", self._problems["empty_text"], "the text would be empty"),
            (
                "text_too_long",
                "body",
                self._problems["text_too_long"],
                f"the text would be longer than their gateway takes ({lengths} characters)",
            ),
            (
                "template_variable_missing",
                "template",
                self._left_out_without_a_value,
                "a variable of the template has no value and no fallback",
            ),
            (
                "outside_window",
                "template",
                self._outside,
                "they wrote nothing within 24 hours before, so the Cloud API takes only a template",
            ),
        )
        for code, field, count, message in counted:
            if count:
                found.append(
                    TextWarning(
                        code=code, field=field, count=count, message=f"{_leads(count)}: {message}"
                    )
                )
        return found

    def _see(self, names: dict[str, str]) -> None:
        for name in list(self._unseen):
            if rendering.value_of(name, names, self._written.rules).strip():
                del self._unseen[name]


def _texts(written: Content, variants: Sequence[Variant]) -> list[tuple[str, str]]:
    found = [("body", written.body)]
    if variants:
        found = [(f"variants[{n}].body", each.body) for n, each in enumerate(variants, start=1)]
    if written.template is not None:
        found += [(f"template.{name}", text) for name, text in templates.texts(written.template)]
    return found


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{count:,} leads"
