"""``sendtrail serve``: the HTTP API."""

from __future__ import annotations

import click

from projections.config.settings import Settings
from runners.cli.common import warn_of_unknown_settings
from runners.process import serve as server


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=server.WORKERS, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=server.THREADS, show_default=True, type=click.IntRange(1, 16))
@click.pass_obj
def serve(config: Settings, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    warn_of_unknown_settings()
    server.serve(config, host, port, workers, threads)
