"""The examples in docs/gateways.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from runners.gateways.protocol import (
    Unreachable,
)
from tests.runners.gateways.providers import (
    PROVIDERS,
    outgoing,
    send,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "gateways.md"


def _examples() -> dict[str, dict[str, Any]]:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found: list[dict[str, Any]] = [json.loads(block) for block in blocks]
    return {example["gateway"]: example for example in found}


def test_every_provider_has_an_example_that_is_complete(nobody: str) -> None:
    """Nothing is missing in it: the request is made, though here nobody listens."""
    examples = _examples()
    assert list(examples) == list(PROVIDERS)
    for name, example in examples.items():
        settings = {**example["settings"], "base_url": nobody}
        message = outgoing(
            PROVIDERS[name], nobody, settings=settings, credentials=example["credentials"]
        )
        assert send(PROVIDERS[name], message) == [Unreachable("ClientConnectorError")]
