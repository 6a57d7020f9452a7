"""12. "She was on three lists. She got the letters of the first, and then she was on none." """

from __future__ import annotations

from tests.support import then
from tests.support.api import given
from tests.support.office import Office


def test_enrolling_by_one_trigger_leaves_the_others(office: Office) -> None:
    """Each list in its own time; the last one has no sequence yet."""
    office.device()
    lead = given.lead(office.api, 1, triggers=["VIP", "cold", "COLDVITAC"])
    given.sequence(office.api, "Cold", trigger="COLD", first_delay_minutes=0)

    assert office.once().returncode == 0
    assert office.api.get(f"/leads/{lead}").json["triggers"] == ["VIP", "COLDVITAC"]

    given.sequence(office.api, "Vip", trigger="VIP", first_delay_minutes=0)
    assert office.once().returncode == 0
    assert office.api.get(f"/leads/{lead}").json["triggers"] == ["COLDVITAC"]

    assert office.received(1) == ["Cold", "Vip"]
    taken = then.events(office.container, "lead.trigger_consumed")
    assert [event.trigger for event in taken] == ["cold", "VIP"]
    office.proves_itself()


def test_two_sequences_at_once_take_one_trigger_each(office: Office) -> None:
    """And two sequences on the same trigger share it."""
    office.device()
    lead = given.lead(office.api, 1, triggers=["COLD", "VIP", "OTHER"])
    for trigger, body in (("COLD", "Cold"), ("COLD", "Cold too"), ("VIP", "Vip")):
        given.sequence(office.api, body, trigger=trigger, first_delay_minutes=0)

    assert office.once().returncode == 0

    assert office.api.get(f"/leads/{lead}").json["triggers"] == ["OTHER"]
    assert sorted(office.received(1)) == ["Cold", "Cold too", "Vip"]
    taken = then.events(office.container, "lead.trigger_consumed")
    assert {event.trigger: len(event.enrollment_ids) for event in taken} == {"COLD": 2, "VIP": 1}
    office.proves_itself()
