"""Importing a file on the pages, in steps."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from flask import Flask

from api.http import uploads
from projections.container import Container
from projections.database.engine import rows
from projections.records import web_uploads
from runners.support.clocks import SimulatedClock
from tests.support.api.browsing import Browser
from tests.support.api.given import api_key

FILE = "Kontak;Nama;Shoe size\n+60123456789;Aisyah;38\nnobody;Mei;39\n+60123456790;<b>Siti</b>;40\n"


@pytest.fixture
def browser(app: Flask, container: Container) -> Browser:
    signed_in = Browser(app)
    signed_in.sign_in(api_key(container, "mei", "operator"))
    return signed_in


def _gives(browser: Browser, content: bytes, name: str = "people.csv") -> None:
    """Chooses the file and sends it."""
    browser.open("/import")
    data = browser.hidden() | {"file": (BytesIO(content), name)}
    answer = browser.client.post("/import", data=data, follow_redirects=True)
    browser.page, browser.status = answer.get_data(as_text=True), answer.status_code


def _kept(container: Container) -> list[bytes]:
    with container.database.transaction() as connection:
        return [bytes(row.ciphertext) for row in rows(connection, "SELECT * FROM web_uploads")]


def test_a_file_is_looked_at_mapped_and_imported(container: Container, browser: Browser) -> None:
    """Nothing is written before it is confirmed; the columns are those that were chosen; rejected
    rows can be taken home; whoever did it is in the log."""
    _gives(browser, FILE.encode())
    assert "phone" in browser.page
    browser.open("/import/check?column=Kontak&is=phone&column=Shoe+size&is=-&add_triggers=COLD")
    assert browser.status == 200, browser.page
    assert "Import 2 people" in browser.page
    browser.open("/leads")
    assert "Nobody matches." in browser.page
    browser.open("/import/check?column=Kontak&is=phone&column=Shoe+size&is=-&add_triggers=COLD")
    (file,) = re.findall(r'href="(/import/rejected[^"]*)"', browser.page)
    taken = browser.client.get(file.replace("&amp;", "&"))

    browser.send("/import/run")

    assert "Good rows have landed" in browser.page
    assert taken.mimetype == "text/csv"
    assert "\r\n3,phone: expected a phone number" in taken.get_data(as_text=True)
    assert "attachment" in taken.headers["Content-Disposition"]
    browser.open("/leads")
    assert "Aisyah" in browser.page
    assert "&lt;b&gt;Siti" in browser.page
    assert "COLD" in browser.page
    browser.open("/audit?topic=lead.registered")
    assert "api:mei" in browser.page
    assert "shoe_size" not in browser.page


def test_local_phones_are_of_the_country_that_is_chosen(browser: Browser) -> None:
    """Before the file is read or after. Columns are in the file's order, with why one is read so,
    and a rejected row has its field once."""
    browser.open("/import")
    content = b"Tel;Nama;Alamat\n012-345 6789;Aisyah;Ipoh\n12;Mei;Ipoh\n"
    data = browser.hidden() | {"file": (BytesIO(content), "people.csv"), "country": "MY"}
    answer = browser.client.post("/import", data=data, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert "taken for those of Malaysia (MY)" in page
    assert "Import 1 person" in page
    assert '<option value="MY" selected>' in page
    assert page.index("<bdi>Tel") < page.index("<bdi>Nama") < page.index("<bdi>Alamat")
    assert re.search(r'<td class="figure">3</td><td><bdi>Phone</bdi></td><td><bdi>expected', page)

    browser.open("/import/check?column=Tel&is=phone")
    assert "Every phone needs its country code" in browser.page
    assert "it was chosen" in browser.page
    browser.open("/import/check?country=MY")
    browser.send("/import/run")
    browser.open("/leads")
    assert "+60123456789" in browser.page


def test_a_file_is_kept_encrypted_for_its_session_alone(
    app: Flask, container: Container, clock: SimulatedClock, browser: Browser
) -> None:
    """For two hours, and no longer than who has given it is signed in."""
    _gives(browser, FILE.encode())
    assert [b"Aisyah" in each for each in _kept(container)] == [False]
    other = Browser(app)
    other.sign_in(api_key(container, "siti", "operator"))
    other.open("/import/check")
    assert 'type="file"' in other.page

    clock.advance(hours=2, minutes=1)
    browser.open("/import/check")
    assert 'type="file"' in browser.page
    _gives(browser, FILE.encode())
    browser.open("/")
    browser.send("/sign-out")
    assert _kept(container) == []


def test_a_file_that_cannot_be_kept_is_told_so(
    container: Container, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is too large, one that is empty, one that is no list."""
    monkeypatch.setattr(web_uploads, "LARGEST", 100 * 1024)
    for content in (b"phone\n" * 20_000, b""):
        _gives(browser, content)
        assert (browser.status, 'role="alert"' in browser.page) == (422, True)
        assert _kept(container) == []
    _gives(browser, bytes(range(256)))
    assert (browser.status, 'role="alert"' in browser.page) == (422, True)


def test_a_server_admits_the_file_of_who_may_import(
    app: Flask, container: Container, browser: Browser
) -> None:
    """And no other body that is larger than usual: nobody fills a disk without a key."""
    viewer, stranger = Browser(app), Browser(app)
    viewer.sign_in(api_key(container, "ann", "viewer"))
    asks = {uploads.ASKS: True, "CONTENT_LENGTH": str(5 * 1024 * 1024)}
    statuses = [
        each.client.post(path, environ_overrides=asks).status_code
        for each, path in (
            (browser, "/import"),
            (browser, "/settings/suppressions"),
            (viewer, "/import"),
            (stranger, "/import"),
        )
    ]

    assert statuses == [100, 413, 413, 413]
