"""How often a process looks for cycles."""

from __future__ import annotations

import gc


def make_rare() -> None:
    """Look for cycles rarely from now on, and not among what there is.

    Batches are short-lived and have none. Looking for them took a sixth of the time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
