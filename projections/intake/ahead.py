"""Working ahead: the next piece is made while the present one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(pieces: Iterable[T]) -> Iterator[T]:
    """The ``pieces`` in their order; a thread makes the next one while the caller uses one.

    What making a piece raises is raised where the caller asks for it.
    """
    end = object()
    making = iter(pieces)
    with ThreadPoolExecutor(1, "ahead") as thread:
        made = thread.submit(next, making, end)
        while (piece := made.result()) is not end:
            made = thread.submit(next, making, end)
            yield piece  # type: ignore[misc]
