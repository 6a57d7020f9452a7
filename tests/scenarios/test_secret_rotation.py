"""Beyond the list: "The secret key was in a ticket. We need another one, and nothing may stop for
it." """

from __future__ import annotations

import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from projections.config.settings import Settings
from projections.container import Container
from projections.database import backup_manifest
from tests.support import then
from tests.support.api.given import OTHER_KEY, SECRET_KEY, api_key, phone
from tests.support.homes import folder, takes_long
from tests.support.office import Office
from tests.support.processes import sendtrail
from tests.support.serve import serving

REPLACED = (
    "Error: SENDTRAIL_SECRET_KEY: expected the key that this database has got meanwhile by"
    " 'sendtrail keys rotate-secret': start again with it (where nothing but the file secret.key in"
    " SENDTRAIL_HOME has the key, it is there already)"
)
REFUSED = (
    "Error: SENDTRAIL_SECRET_KEY: expected the key that this database was made with, or the one"
    " that 'sendtrail keys rotate-secret' has put in its place\n"
)


def rotation(office: Office, **settings: object) -> tuple[int, list[str], str]:
    result = sendtrail("keys", "rotate-secret", **{**office.settings, **settings})
    return result.returncode, result.stdout.splitlines(), result.stderr


def test_runners_end_by_themselves_and_go_on_with_the_new_key(office: Office) -> None:
    """Each with one line and a code that a supervisor notices; what was in flight is recorded, and
    nobody gets anything twice."""
    office.device("Sales 1", pace=(0.2, 0.2))
    office.leads(30)
    with office.running() as runners:
        office.campaign()
        then.soon(lambda: office.counts()["sent"] > 3)
        code, _, _ = rotation(office, new_secret_key=OTHER_KEY)
        ended = runners.ends()
    assert (code, ended) == (0, 1)
    assert [line for line in runners.lines if line.startswith("Error")] == [REPLACED]
    assert not any("Traceback" in line for line in runners.lines)
    counts = office.counts()
    assert (counts["queued"], counts["processing"], counts["unknown"]) == (0, 0, 0)
    assert 3 < counts["sent"] < 30
    refused = office.once()
    assert (refused.returncode, refused.stderr) == (1, REFUSED)

    office.works_until_done(secret_key=OTHER_KEY)

    assert office.counts() == {"sent": 30}
    assert office.twice() == []
    assert [device["status"] for device in office.api.items("/devices")] == ["online"]


def test_the_api_ends_by_itself_too(office: Office, tmp_path: Path) -> None:
    """Until then it refuses what it cannot encrypt."""
    key, url = api_key(office.container, "crm", "operator"), str(office.settings["database_url"])
    with serving(url, tmp_path, "--workers", "2", secret_key=SECRET_KEY) as server:
        code, _, _ = rotation(office, new_secret_key=OTHER_KEY)
        status = None
        with suppress(OSError):  # it has ended already
            status, _ = server.post("/api/v1/leads", key, {"phone": phone(1)}, "1")
        ended = server.process.wait(60)
    assert (code, ended) == (0, 1)
    assert status in (503, None)
    assert [line for line in server.lines if line.startswith("Error")] == [REPLACED]

    with serving(url, tmp_path, "--workers", "1", secret_key=OTHER_KEY) as server:
        assert server.post("/api/v1/leads", key, {"phone": phone(1)}, "1")[0] == 201
        assert server.ends(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("moment", "opens", "refused"),
    [("before_commit", SECRET_KEY, OTHER_KEY), ("after_commit", OTHER_KEY, SECRET_KEY)],
)
def test_a_rotation_that_is_killed_has_happened_or_has_not(
    office: Office, moment: str, opens: str, refused: str
) -> None:
    """One key opens everything then; and a rotation can be made again."""
    office.device()
    office.leads(5)

    code, _, _ = rotation(office, new_secret_key=OTHER_KEY, fault=f"rotate.{moment}:1")

    assert code == -signal.SIGKILL
    assert office.once(secret_key=refused).stderr == REFUSED
    office.campaign()
    office.works_until_done(secret_key=opens)
    assert office.counts() == {"sent": 5}
    assert rotation(office, secret_key=opens, new_secret_key=refused)[0] == 0
    with Container(Settings(database_url=office.container.database.url, secret_key=refused)) as now:
        assert {row.name for row in then.table(now, "leads")} == {f"Lead {n}" for n in range(1, 6)}


def test_a_new_key_is_printed_before_it_is_in_force(office: Office) -> None:
    """So that a process that dies after the commit does not take it along."""
    office.leads(2)

    code, lines, _ = rotation(office, fault="rotate.after_commit:1")

    assert code == -signal.SIGKILL
    assert office.once(secret_key=SECRET_KEY).stderr == REFUSED
    assert office.once(secret_key=lines[-1]).returncode == 0


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.mark.parametrize("moment", ["before_commit", "after_commit", None])
def test_the_key_below_the_home_is_replaced_with_the_database(
    place: Path, moment: str | None
) -> None:
    """Whenever the process dies, the next one finds the key that fits."""
    home = place / f"home {moment}"
    file = home / "secret.key"
    ours: dict[str, object] = {"home": home, "secret_key": None}
    made = takes_long("import", str(leads_file(place)), **ours)
    assert made.returncode == 0, made.stdout
    before = file.read_text()
    fault = {} if moment is None else {"fault": f"rotate.{moment}:1"}

    killed = takes_long("keys", "rotate-secret", **ours, **fault)
    status = takes_long("status", **ours)

    assert (killed.returncode == 0) == (moment is None)
    assert status.returncode == 0, status.stdout
    assert (file.read_text() == before) == (moment == "before_commit")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if moment != "before_commit":
        assert file.read_text().strip() in killed.stdout.splitlines()
        assert not (home / "secret.key.new").exists()
    again = takes_long("keys", "rotate-secret", **ours)
    assert again.returncode == 0, again.stdout
    assert not (home / "secret.key.new").exists()
    known = takes_long("import", str(leads_file(place)), **ours)
    assert known.stdout == "registered 0, updated 0, unchanged 0, known 2, opted out 0, rejected 0"


def leads_file(place: Path) -> Path:
    file = place / "leads.csv"
    file.write_text(f"phone,name\n{phone(1)},Aisyah\n{phone(2)},Siti\n")
    return file


def test_a_backup_opens_with_the_key_of_its_instant(place: Path) -> None:
    """The folder goes on over the rotation; the wrong one of the two keys puts nothing in place."""
    home, backup, elsewhere = place / "office", place / "backup", place / "elsewhere"
    ours: dict[str, object] = {"home": home, "secret_key": None}
    for command in (["import", leads_file(place)], ["db", "backup", backup]):
        assert takes_long(*command, **ours).returncode == 0
    manifest = backup_manifest.read(backup)
    assert manifest is not None
    before, instant = (home / "secret.key").read_text().strip(), manifest.series[0].archived_until
    assert instant is not None
    for command in (["keys", "rotate-secret"], ["db", "backup", backup]):
        assert takes_long(*command, **ours).returncode == 0
    after = (home / "secret.key").read_text().strip()
    restore = ["db", "restore", backup, "--until", instant.isoformat()]

    stranger = takes_long(*restore, home=elsewhere, secret_key=OTHER_KEY)
    wrong = takes_long(*restore, home=elsewhere, secret_key=after)
    assert not (elsewhere / "postgresql").exists()
    former = takes_long(*restore, home=elsewhere, secret_key=before)
    latest = takes_long("db", "restore", backup, "--force", home=elsewhere, secret_key=after)

    assert (stranger.returncode, wrong.returncode) == (1, 1)
    assert REFUSED.strip() in stranger.stdout
    assert REFUSED.strip() in wrong.stdout
    assert former.returncode == 0, former.stdout
    assert latest.returncode == 0, latest.stdout
    assert takes_long("status", home=elsewhere, secret_key=after).returncode == 0
