"""``sendtrail serve`` with gunicorn's own threaded workers, in which a connection has a thread from
its first byte: ``python -m benchmarks.contenders.threaded_server serve``."""

from __future__ import annotations

from gunicorn.workers.gthread import ThreadWorker

from runners.cli.main import main
from runners.process.http import worker

if __name__ == "__main__":
    worker.worker = lambda limits: ThreadWorker
    main()
