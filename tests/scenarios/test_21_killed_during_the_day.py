"""21. "And then the machine fell over, and it forgot who had said no." """

from __future__ import annotations

from pathlib import Path

from tests.scenarios import day_player, killed_office
from tests.scenarios.day_player import Player

# Those who say no, are asked back by an operator, and say no once more: hours later on other days.
SAID_AGAIN = 8


def test_a_day_on_which_everything_is_killed(database_url: str, tmp_path: Path) -> None:
    """The same day, in which the API is killed again and again, and every runner each time that it
    has work. The sums are the same."""
    with killed_office.opened(database_url, tmp_path) as office:
        player = Player(office)

        player.plays(hours_between_steps=killed_office.AT_ONCE)

        day_player.everybody_got_what_was_theirs(player)
        day_player.everybody_was_heard(player)
        day_player.all_is_accounted_for(player, at_once=SAID_AGAIN)
        day_player.it_proves_itself(player)
        assert office.never_killed() == set()
