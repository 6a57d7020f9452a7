"""No text of a page stays English when the reader chose another language."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask

from tests.support.api.browsing import Browser
from tests.support.api.screens import SCREENS

# What is read out or shown beside the text itself.
READ = ("aria-label", "placeholder", "title", "alt")
# Elements whose text is nobody's language: names and words of people, codes, instants.
AS_IT_IS = ("bdi", "code", "time", "style", "script", "blockquote", "textarea", "title")
# Void elements have no end.
VOID = ("meta", "link", "input", "br", "img", "hr")
# Words that are the same in these languages, or nobody's: programs, places, kinds of events, codes.
SAME = {
    *("Sendtrail", "Log", "Data", "Hash", "Media", "Header", "Gateway", "Niche", "CSV", "video"),
    *("admin", "operator", "online", "offline", "platform", "boss", "gowa", "sandbox"),
    *("Wablas", "Whacenter", "WhatsApp Cloud API", "GOWA: WhatsApp Web", "Asia/Kuala_Lumpur"),
    *("city", "Ipoh", "Gowa", "Sales 1", "March offer", "April offer", "On COLD"),
}
# Kinds of events, addresses, days, and countries with their codes.
CODE = re.compile(r"[a-z_]+\.[a-z_]+(, [a-z_]+\.[a-z_]+)*|https://.*|\d+ \w+ \d{4}|.*\([A-Z]{2}\)")
WORD = re.compile(r"[a-z]{3,}", re.IGNORECASE)


class Texts(HTMLParser):
    """``found`` are the texts of a page that are its own."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._skipped = 0
        self.feed(page[page.index("<body") :])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID and (self._skipped or tag in AS_IT_IS or given.get("lang")):
            self._skipped += 1
        if not self._skipped:
            self.found |= {given[name] or "" for name in READ if name in given}

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= bool(self._skipped)

    def handle_data(self, data: str) -> None:
        if not self._skipped and data.strip():
            self.found.add(" ".join(data.split()))


@pytest.mark.parametrize("language", ["ms", "id"])
def test_every_text_is_in_the_readers_language(
    app: Flask, ids: dict[str, str], keys: dict[str, Any], language: str
) -> None:
    """Of all pages, with something in each."""
    texts: dict[str, dict[str, set[str]]] = {}
    for code in ("en", language):
        browser = Browser(app)
        browser.sign_in(keys["admin"])
        browser.client.set_cookie("sendtrail_language", code)
        for screen in SCREENS:
            browser.open(screen.format(**ids))
            texts.setdefault(screen, {})[code] = Texts(browser.page).found
    same = {}
    for screen, found in texts.items():
        for text in found["en"] & found[language]:
            if WORD.search(text) and text not in SAME and not CODE.fullmatch(text):
                same.setdefault(text, screen)
    assert not same, "\n".join(f"{b}  {a}" for a, b in sorted(same.items()))
