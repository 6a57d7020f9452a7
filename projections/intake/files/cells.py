"""What is in a cell of a table."""

from __future__ import annotations

import json
from typing import Any


def text_of(value: Any) -> str:
    """What a value of JSON is in a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
