"""``python -m sendtrail``: the command line, where the script ``sendtrail`` is not on the path."""

from __future__ import annotations

from runners.cli.main import main

if __name__ == "__main__":
    main()
