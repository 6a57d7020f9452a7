"""Which messages say no."""

from __future__ import annotations

import pytest

from domain.opt_out_words import asks_to_stop


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop. ", "STOP!!!", "unsubscribe", "BERHENTI", "Batal", "henti\n", "Quit"],
)
def test_a_stop_word_as_the_whole_message_asks_to_stop(text: str) -> None:
    """In any capitals, with white space and a full stop or exclamation marks."""
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    ["don't stop", "stop it", "Don't stop!", "", "!", "nonstop", "stop stop", "jangan berhenti"],
)
def test_a_stop_word_inside_a_message_does_not(text: str) -> None:
    """Whoever writes that they do not want to stop is not opted out."""
    assert not asks_to_stop(text)
