"""The files that pages load: whose they are, how small, and how long browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest
from flask import Flask

from api.web import files
from tests.support.api.browsing import Browser

VENDORED = files.STATIC / "vendor"
# Of a first load, compressed.
MOST_BYTES = 150 * 1024
LOADED = (
    "vendor/pico/pico.classless.min.css",
    "app.css",
    "vendor/htmx/htmx.min.js",
    "app.js",
    "vendor/uplot/uPlot.min.css",
    "vendor/uplot/uPlot.iife.min.js",
    "chart.js",
)


def test_what_is_vendored_is_what_was_published() -> None:
    """Each file with its package, version and digest, and each package with its licence."""
    manifest = json.loads((VENDORED / "MANIFEST.json").read_text())
    named = {name: digest for each in manifest for name, digest in each["files"].items()}
    there = {
        path.relative_to(VENDORED).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.rglob("*")
        if path.is_file() and path.parent != VENDORED
    }

    assert named == there
    for each in manifest:
        assert each["package"]
        assert each["version"]
        assert any("LICENSE" in name for name in each["files"]), each["package"]


def test_a_first_load_is_small(app: Flask) -> None:
    """All that a page loads, as it goes over the network."""
    client = app.test_client()
    addresses = [files.address(name) for name in LOADED]
    sizes = [
        len(client.get(address, headers={"Accept-Encoding": "gzip"}).get_data())
        for address in ("/sign-in", *addresses)
    ]

    assert sum(sizes) <= MOST_BYTES, sizes


def test_a_file_is_kept_and_its_address_changes_with_it(app: Flask) -> None:
    """So a new release is loaded at once."""
    address = files.address("app.css")
    content = (files.STATIC / "app.css").read_bytes()

    answer = app.test_client().get(address)

    assert answer.get_data() == content
    assert address.endswith(hashlib.sha256(content).hexdigest()[:12])
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["nothing.css", "../pages.py", "%2e%2e/pages.py", "vendor"])
def test_nothing_else_is_given_out(app: Flask, name: str) -> None:
    """Whatever the path says."""
    assert app.test_client().get(f"/static/{name}").status_code == 404


def test_pages_are_compressed_for_who_takes_that(app: Flask) -> None:
    """And are the same."""
    browser = Browser(app)
    plain = browser.client.get("/static/app.css")
    small = browser.client.get("/static/app.css", headers={"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.get_data()) == plain.get_data()
    assert "Accept-Encoding" in small.headers["Vary"]
    assert len(small.get_data()) < len(plain.get_data())
