"""What may be the URL of the database: one host or several, and what libpq makes of it."""

from __future__ import annotations

import pytest
from psycopg2.extensions import parse_dsn

from domain.errors import SettingsError
from projections.config import settings
from projections.config.database_url import of_database

GOOD = [
    ("postgresql://u:p@h/db", {"host": "h"}),
    ("postgres://u:p@h:5433/db", {"host": "h", "port": "5433"}),
    ("postgresql+psycopg2://u:p@h/db", {"host": "h"}),
    ("postgresql://u:p@a:5432,b:5433,c/db", {"host": "a,b,c", "port": "5432,5433,"}),
    ("postgresql://u:p@[::1]:5432,[fe80::1%25eth0]/db", {"host": "::1,fe80::1%eth0"}),
    ("postgresql://u:p@a,b/db?port=6432", {"host": "a,b", "port": "6432"}),
    ("postgresql://u:p@/db?host=/run/one,/run/two", {"host": "/run/one,/run/two"}),
    ("postgresql://u:p@%2Frun%2Fone/db", {"host": "/run/one"}),
    ("postgresql:///db", {"dbname": "db"}),
    ("postgresql://u:s%40c%3Ar%2Ft%25@a,b/db", {"password": "s@c:r/t%", "host": "a,b"}),
    (
        "postgresql://a,b/db?sslmode=verify-full&target_session_attrs=primary",
        {"sslmode": "verify-full", "target_session_attrs": "primary"},
    ),
]

BAD = [
    ("mysql://u:s3cret@h/db", "a URL such as postgresql://user:password@host:5432/database"),
    ("postgresql://u:p@s3cret@h/db", "with %40 for an @"),
    ("postgresql://u:s3:cret@h/db", "%3A for a :"),
    ("postgresql://u:s3cret%@h/db", "with %25 for a %"),
    ("postgresql://u:s3cret@h/db?favourite_colour=blue", "only parameters that libpq knows"),
    ("postgresql://u:s3cret@a,,b/db", "host 2 of 3 is none"),
    ("postgresql://u:s3cret@a,b,/db", "host 3 of 3 is none"),
    ("postgresql://u:s3cret@a,b c/db", "host 2 of 2 is none"),
    ("postgresql://u:s3cret@a,[::g]/db", "host 2 of 2 is none"),
    ("postgresql://u:s3cret@a,[::1/db", "a URL such as"),
    ("postgresql://u:s3cret@::1/db", "a port is a number from 1 to 65535"),
    ("postgresql://u:s3cret@h:port/db", "a port is a number from 1 to 65535"),
    ("postgresql://u:s3cret@a:5432,b:0/db", "a port is a number from 1 to 65535"),
    ("postgresql://u:s3cret@a,b:65536/db", "a port is a number from 1 to 65535"),
    ("postgresql://u:s3cret@a,b,c/db?port=1,2", "one port for all hosts, or one for each"),
    ("postgresql://u:s3/cret@h/db", "a port is a number from 1 to 65535"),
]


@pytest.mark.parametrize(("text", "parameters"), GOOD)
def test_libpq_reads_what_was_given(text: str, parameters: dict[str, str]) -> None:
    """Hosts with and without ports, addresses, folders of sockets, parameters."""
    url = settings.read({"SENDTRAIL_DATABASE_URL": text}).database_url

    assert url is not None
    assert url.startswith("postgresql://")
    assert parse_dsn(url).items() >= parameters.items()


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_a_bad_one_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    """Before anything connects, and without the password."""
    with pytest.raises(SettingsError) as caught:
        settings.read({"SENDTRAIL_DATABASE_URL": text})

    told = str(caught.value)
    assert told.startswith("SENDTRAIL_DATABASE_URL: expected ")
    assert expected in told
    assert "s3" not in told
    assert "cret" not in told


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("postgresql://u:p%40@a:1,[::1]:2,c/db", "postgresql://u:p%40@a:1,[::1]:2,c/new"),
        ("postgresql://u@h", "postgresql://u@h/new"),
        ("postgresql://h/db?sslmode=require", "postgresql://h/new?sslmode=require"),
        ("postgresql://u:@/db?host=/run/one", "postgresql://u:@/new?host=/run/one"),
        ("postgresql://a,b?dbname=db&port=6432", "postgresql://a,b/new?port=6432"),
    ],
)
def test_another_database_of_the_same_hosts(url: str, other: str) -> None:
    """All else is kept as it was written."""
    assert of_database(url, "new") == other
