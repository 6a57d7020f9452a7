"""Checks the contracts; names every breach and exits with 1 where there is one."""

from __future__ import annotations

import sys

from tests.contracts.rules import RULES, sources

if __name__ == "__main__":
    files = sources()
    breaches = [breach for rule in RULES for breach in rule(files)]
    for breach in breaches:
        print(breach)
    print(f"{len(RULES)} contracts, {len(files)} files, {len(breaches)} breaches")
    sys.exit(bool(breaches))
