"""What providers' webhooks say: one module per provider, from JSON to ``domain.inbound``.

Import ``PARSERS``. Providers do not know each other, and nothing here knows a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.inbound import Inbound
from projections.intake.providers import cloud, gowa, wablas, whacenter

# By gateway: takes the webhook's JSON object, or its form as one, and when it came. What it does
# not understand becomes Noise; it raises nothing.
PARSERS: Mapping[str, Callable[[dict[str, Any], datetime], list[Inbound]]] = {
    "cloud": cloud.parse,
    "gowa": gowa.parse,
    "wablas": wablas.parse,
    "whacenter": whacenter.parse,
}
