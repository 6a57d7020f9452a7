"""The process says that it is there."""

from __future__ import annotations

from api import create_app


def test_healthz_answers_without_a_database() -> None:
    """A supervisor asks whether the process lives, not whether everything else does."""
    answer = create_app().test_client().get("/healthz")

    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok"}
