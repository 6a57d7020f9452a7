"""The definition of a campaign from the body of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from api.http.context import check_pool, container, gateways_in_service
from domain import content_check
from domain.campaign.definition import BRAKE, Brake, Definition
from domain.campaign.given import times
from domain.campaign.variants import Variant, texts


def checked(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with tuples for lists, as ``Definition`` has them. Raises InvalidInputError for
    devices that are not in service."""
    check_pool(data)
    if data.get("brake") is not None:
        data["brake"] = Brake(**data["brake"])
    if "variants" in data:
        data["variants"] = tuple(Variant(**each) for each in data["variants"])
        if data["variants"]:
            data.setdefault("body", data["variants"][0].body)
    return data | {name: tuple(data[name]) for name in ("windows", "niche") if name in data}


def check_length(definition: Definition, gateways: Iterable[str]) -> None:
    """Raises InvalidInputError for a text that is too long for every gateway."""
    gateways = list(gateways)
    for number, written in enumerate(texts(definition, definition.variants), start=1):
        field = f"variants[{number}].body" if definition.variants else "body"
        content_check.check_length(field, written, gateways)


def new(data: dict[str, Any]) -> Definition:
    """The definition of a new campaign. Raises InvalidInputError for devices that are not in
    service, and for a text that is too long for every gateway."""
    data.setdefault("undo_seconds", container().settings.undo_seconds)
    data.setdefault("brake", msgspec.structs.asdict(BRAKE))
    low = data.get("min_delay_seconds")
    if low is not None:
        data.setdefault("max_delay_seconds", low)
    definition = Definition(**checked(data) | times(data))
    check_length(definition, gateways_in_service())
    return definition
