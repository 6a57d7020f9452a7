"""Every page is measured."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from werkzeug.exceptions import MethodNotAllowed, NotFound

from api import create_app
from benchmarks.measurements import page_data
from benchmarks.measurements.page_list import NO_PAGES, PAGES


def test_every_page_is_asked_for() -> None:
    """A new route of the pages belongs into the list, with one of each thing in its address."""
    app = create_app()
    ids = defaultdict(lambda: str(UUID(int=7)))
    addresses = app.url_map.bind("localhost")
    asked = set()
    for page in PAGES:
        try:
            endpoint, _ = addresses.match(page.address.format_map(ids).partition("?")[0])
        except (NotFound, MethodNotAllowed) as error:
            raise AssertionError(f"{page.address}: {error}") from None
        asked.add(endpoint)

    assert asked | set(NO_PAGES) == {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web_") and "GET" in (rule.methods or ())
    }
    assert set(ids) <= set(page_data.NAMES)
