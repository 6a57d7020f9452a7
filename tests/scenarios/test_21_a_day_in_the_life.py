"""21. "He wrote to strangers, and when I said no he did not even hear it." """

from __future__ import annotations

from tests.scenarios import day_player
from tests.scenarios.day_player import Player
from tests.support import world


def test_a_day_in_the_life(database_url: str) -> None:
    """200 people of eight countries, in every spelling, and receipts in any order. Everybody who
    said no got nothing after it, nobody got what was another's, and all that was told is accounted
    for."""
    with world.opened(database_url) as opened:
        player = Player(opened)

        player.plays(hours_between_steps=4)

        day_player.everybody_got_what_was_theirs(player)
        day_player.everybody_was_heard(player)
        day_player.all_is_accounted_for(player)
        day_player.it_proves_itself(player)
