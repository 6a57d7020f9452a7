"""Minimum and maximum delay as people give them."""

from __future__ import annotations

from typing import Any


def with_maximum(data: dict[str, Any], default: float) -> None:
    """Who gives a minimum alone means at least that: the maximum is not less."""
    if "min_delay_seconds" in data and "max_delay_seconds" not in data:
        data["max_delay_seconds"] = max(data["min_delay_seconds"], default)
