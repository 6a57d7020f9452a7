"""A request's body: in memory while it is small, then in a file without a name."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import IO

# In bytes.
IN_MEMORY = 64 * 1024


class Body:
    """Bytes that are written as they come, and read once all are there. A file that it needs has
    no name, so that nothing is left of it even after a kill."""

    def __init__(self) -> None:
        self.size = 0
        self._memory = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Appends ``data``. Raises OSError if the disk is full or no descriptor is free."""
        self.size += len(data)
        if self._file is None and self.size > IN_MEMORY:
            self._file = tempfile.TemporaryFile(prefix="sendtrail-")  # noqa: SIM115 - closed below
            self._file.write(self._memory)
            self._memory.clear()
        if self._file is None:
            self._memory += data
        else:
            self._file.write(data)

    def stream(self) -> IO[bytes]:
        """The body from its beginning. Raises OSError as ``write`` does."""
        if self._file is None:
            return BytesIO(self._memory)
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Forgets the bytes."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()
