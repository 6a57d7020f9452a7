"""Reads the modules of a QR code from the PNG image in which a gateway shows it.

The image is one that a program drew, not a photograph: upright, with sharp edges and a light
margin. What is encoded is not read, because only a phone has to understand it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import png

# Pixels of a side. An image says its size in a few bytes, and could claim to need all memory.
LARGEST = 4096
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Modules of a side: of version 1, of version 40, and from one version to the next.
_LEAST, _MOST, _STEP = 21, 177, 4
# Modules of a side of a finder pattern, which is in the corners.
_FINDER = 7


def modules_of(image: bytes) -> tuple[tuple[bool, ...], ...]:
    """The modules row by row, true is dark, without the margin. Raises ValueError where the image
    is no QR code that can be read."""
    dark = _dark_pixels(image)
    filled = [y for y, row in enumerate(dark) if any(row)]
    if not filled:
        raise ValueError("nothing is drawn")
    top, bottom = filled[0], filled[-1] + 1
    columns = [x for x in range(len(dark[0])) if any(row[x] for row in dark)]
    left, right = columns[0], columns[-1] + 1
    size = right - left
    if size != bottom - top:
        raise ValueError("it is no square")
    finder = next((x for x in range(left, right) if not dark[top][x]), right) - left
    count = round(size * _FINDER / finder)
    if not _LEAST <= count <= _MOST or (count - _LEAST) % _STEP:
        raise ValueError("it has no size of a QR code")
    centers = [int((at + 0.5) * size / count) for at in range(count)]
    modules = tuple(tuple(dark[top + y][left + x] for x in centers) for y in centers)
    if not _has_finders(modules):
        raise ValueError("it has no finder patterns")
    return modules


def _dark_pixels(image: bytes) -> list[list[bool]]:
    """Which pixels are dark, row by row."""
    if not image.startswith(_SIGNATURE) or len(image) < 24:
        raise ValueError("it is no PNG")
    width, height = struct.unpack(">II", image[16:24])
    if not 0 < width <= LARGEST or not 0 < height <= LARGEST:
        raise ValueError("it is too large")
    try:
        _, _, rows, _ = png.Reader(bytes=image).asRGBA8()
        # A transparent pixel is as light as the paper.
        return [
            [
                row[at + 3] > 127 and row[at] + row[at + 1] + row[at + 2] < 3 * 128
                for at in range(0, len(row), 4)
            ]
            for row in rows
        ]
    except (png.Error, OverflowError, struct.error) as error:
        raise ValueError("its PNG is damaged") from error
    except Exception as error:  # zlib's, and what the library meets in a broken file
        raise ValueError("its PNG cannot be read") from error


def _has_finders(modules: Sequence[Sequence[bool]]) -> bool:
    """Whether three corners have the square in a square."""
    last = len(modules) - _FINDER
    return all(
        modules[y + dy][x + dx] == (max(abs(dy - 3), abs(dx - 3)) != 2)
        for y, x in ((0, 0), (0, last), (last, 0))
        for dy in range(_FINDER)
        for dx in range(_FINDER)
    )
