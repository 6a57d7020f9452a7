"""``make fuzz``: Schemathesis against ``sendtrail serve``, on an installation of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

from projections.database.installation import recreate
from runners.support import logs
from tests.fuzz import installation
from tests.support import postgres
from tests.support.processes import ROOT
from tests.support.serve import serving

# Of each round: the first has Schemathesis' own boundary cases, which are always the same.
FIRST = ("--phases", "coverage,fuzzing,stateful", "--max-examples", "20")
LATER = ("--phases", "fuzzing,stateful", "--max-examples", "40")
# All checks but two. Wrong keys would have to wait, and are in ``tests/api/test_roles``. The schema
# cannot say all that the domain asks for, such as the digits of a phone: that is a 422.
LEFT_OUT = "ignored_auth,positive_data_acceptance"
OPTIONS = (
    *("--checks", "all", "--exclude-checks", LEFT_OUT),
    *("--generation-with-security-parameters", "false", "--generation-database", "none"),
    *("--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", "--no-color"),
)


@click.command()
@click.option("--cases", default=10_000, show_default=True, help="At least so many requests.")
@click.option("--seed", default=1, show_default=True, help="Of the first round; then the next.")
def main(cases: int, seed: int) -> None:
    """Ask as an admin for everything that /openapi.json describes, rightly and wrongly, and check
    every answer: no fault of ours, nothing that is not described, nothing wrong let in. Most ids
    are those of resources that there are, in every state."""
    logs.configure("ERROR")
    home = postgres.make_home()
    try:
        url = recreate(postgres.start(home), "sendtrail_fuzz")
        key, ids = installation.fill(url)
        with tempfile.TemporaryDirectory() as work, serving(url, home) as server:
            (Path(work) / "ids.json").write_text(json.dumps(ids))
            statuses: Counter[int] = Counter()
            rounds, failed = 0, False
            while statuses.total() < cases:
                options = LATER if rounds else FIRST
                more, wrong = _round(Path(work), server.port, key, seed + rounds, options)
                statuses += more
                failed |= wrong
                rounds += 1
    finally:
        postgres.remove(home)
    shown = ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
    click.echo(f"cases {statuses.total()}, rounds {rounds}, seed {seed}: {shown}")
    sys.exit(1 if failed or any(status >= 500 for status in statuses) else 0)


def _round(
    work: Path, port: int, key: str, seed: int, options: tuple[str, ...]
) -> tuple[Counter[int], bool]:
    """One run of Schemathesis: how often it got which status, and whether anything is wrong, which
    it has printed then."""
    tally = work / "tally.json"
    tally.unlink(missing_ok=True)
    files = {"FUZZ_IDS": work / "ids.json", "FUZZ_TALLY": tally}
    hooks = {"SCHEMATHESIS_HOOKS": Path(__file__).with_name("hooks.py"), "PYTHONPATH": ROOT}
    environment = os.environ | {name: str(value) for name, value in {**files, **hooks}.items()}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"http://127.0.0.1:{port}/openapi.json",
            *("-H", f"Authorization: Bearer {key}", "--seed", str(seed), *options, *OPTIONS),
        ],
        cwd=work,
        env=environment,
        check=False,
    )
    counts = json.loads(tally.read_text())
    return Counter({int(status): count for status, count in counts.items()}), done.returncode != 0


if __name__ == "__main__":
    main()
