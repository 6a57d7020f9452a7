"""A sequence that branches, from the form of its draft to the proof of what a person got by it."""

from __future__ import annotations

from datetime import timedelta

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support import when as runners
from tests.support.api.given import api_key
from tests.support.chromium import Chromium, person
from tests.support.when import Phones


def test_who_does_not_reply_gets_the_reminder_and_the_proof_says_by_which_branch(
    chromium: Chromium, address: str, container: Container, clock: SimulatedClock
) -> None:
    given.settings(container, broadcast_every=300.0)  # two days are played
    given.device(container)
    given.lead(container, 1, ["COLD"], name="Aisyah")
    sequence = given.sequence(
        container, "COLD", ["Offer", "Last call", "Reminder"], active=False, step={"delay_hours": 1}
    )
    with person(chromium, address) as mei:
        key = api_key(container, "mei", "admin")
        mei.signs_in(key)
        mei.opens(f"/sequences/{sequence}")
        first = ".step >> nth=0"
        mei.does(lambda page: page.locator(f"{first} >> text=What comes next").click())
        row = f"{first} >> [role=group] >> nth=0"
        mei.does(
            lambda page: page.locator(f"{row} >> select >> nth=0").select_option("not_replied")
        )
        mei.does(lambda page: page.locator(f"{row} >> input").fill("48"))
        mei.does(lambda page: page.locator(f"{row} >> select >> nth=1").select_option("3"))
        mei.does(lambda page: page.locator(f"{first} >> text=Keep this step").click())
        mei.does(lambda page: page.wait_for_load_state())
        mei.clicks("Begin")
        mei.sees("If not replied within 48 h: Step 3")

        runners.enrolls(container)
        broadcaster = runners.broadcaster(container, phones := Phones(clock))
        for _ in range(51):
            runners.plays(clock, 3600, broadcaster)
            runners.reaps(container)
        reminder = then.message(container, step=3)
        mei.signs_in(key)  # two days have passed
        mei.opens(f"/messages/{reminder.message_id}")
        proof = mei.reads()

        assert phones.texts == ["Offer", "Reminder"]
        assert reminder.sent_at - then.message(container, step=1).sent_at >= timedelta(hours=49)
        assert "After step 1 its branch 1 held: step 3 follows" in proof
        assert mei.complaints == []
