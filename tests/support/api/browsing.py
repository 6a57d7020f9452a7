"""A person with a browser that knows no scripts: keeps cookies, follows redirects, sends forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class Browser:
    """``page`` is the text of the latest answer, ``status`` its status."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.page = ""
        self.status = 0

    def sign_in(self, key: str) -> None:
        """Signs in with the key."""
        self.open("/sign-in")
        self.send("/sign-in", key=key)

    def open(self, address: str, **headers: str) -> TestResponse:
        """Goes there."""
        return self._took(self.client.get(address, headers=headers, follow_redirects=True))

    def send(self, address: str, **fields: str | list[str]) -> TestResponse:
        """Sends a form of the latest page, with its hidden fields."""
        data = self.hidden() | fields
        headers = {"Sec-Fetch-Site": "same-origin"}
        return self._took(
            self.client.post(address, data=data, headers=headers, follow_redirects=True)
        )

    def hidden(self) -> dict[str, Any]:
        """The hidden fields of the latest page."""
        return {name: unescape(value) for name, value in _HIDDEN.findall(self.page)}

    def _took(self, answer: TestResponse) -> TestResponse:
        self.page, self.status = answer.get_data(as_text=True), answer.status_code
        return answer
