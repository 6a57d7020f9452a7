"""15. "We corrected the price, and nobody could tell us who had got which." """

from __future__ import annotations

from tests.support import processes
from tests.support.api import given
from tests.support.gateways.fake_gowa import Asked, Behaviour
from tests.support.office import Office

WRONG, RIGHT = "Only RM 10, {name}!", "Only RM 100, {name}!"


def then_the_audit_tells(office: Office, message: str, *handed_over: Asked) -> None:
    """Each text that was handed over, proven, in that order and no other."""
    audit = processes.sendtrail("audit", "message", message, **office.settings)
    lines = [line.strip() for line in audit.stdout.splitlines()]
    assert [line for line in lines if line.startswith("Only RM")] == [a.text for a in handed_over]
    assert audit.stdout.count("text handed over, proven by its hash") == len(handed_over)


def test_editing_a_step_changes_what_is_not_handed_over_and_nothing_else(office: Office) -> None:
    """Five leads. The first letter is with the gateway, two are claimed and two wait for tomorrow
    when somebody corrects the text; the audit knows which is which."""
    device = office.device(pace=(0.2, 0.2), daily_limit=3)
    office.leads(5, triggers="COLD")
    sequence = given.sequence(office.api, WRONG, first_delay_minutes=0)
    office.once("enroller")
    before: list[dict[str, int]] = []

    def corrects(asked: Asked) -> Behaviour:
        """At the very moment when the first is on its way."""
        if not before:
            before.append(office.counts())
            office.api.patch(f"/sequences/{sequence}/steps/1", {"body": RIGHT})
        return Behaviour()

    office.gowa.behave = corrects
    office.once("broadcaster", broadcast_every=60)
    office.api.patch(f"/devices/{device}", {"daily_limit": None})
    office.once("broadcaster", broadcast_every=60)

    assert before == [{"queued": 1, "processing": 2, "pending": 2}]
    first, *others = office.gowa.asked
    numbers = [asked.phone[-1] for asked in office.gowa.asked]
    assert sorted(numbers) == ["1", "2", "3", "4", "5"]
    assert first.text == f"Only RM 10, Lead {numbers[0]}!"
    assert [asked.text for asked in others] == [f"Only RM 100, Lead {n}!" for n in numbers[1:]]
    for asked in (first, others[-1]):
        (lead,) = office.api.items("/leads", phone=f"+{asked.phone}")
        (message,) = office.api.items("/messages", lead_id=lead["id"])
        then_the_audit_tells(office, message["id"], asked)
    office.proves_itself()


def test_the_audit_shows_both_texts_of_a_message_that_had_two(office: Office) -> None:
    """The first try was refused; somebody corrected the text and tried again."""
    office.device()
    office.leads(1, triggers="COLD")
    sequence = given.sequence(office.api, WRONG, first_delay_minutes=0)
    office.gowa.behave = lambda asked: Behaviour("reject")
    office.once()
    (message,) = office.api.items("/messages", status="failed")

    office.api.patch(f"/sequences/{sequence}/steps/1", {"body": RIGHT})
    office.gowa.behave = lambda asked: Behaviour()
    assert office.api.post(f"/messages/{message['id']}/retry").status == 200
    office.once()

    assert [asked.text for asked in office.gowa.asked] == [
        "Only RM 10, Lead 1!",
        "Only RM 100, Lead 1!",
    ]
    then_the_audit_tells(office, message["id"], *office.gowa.asked)
    office.proves_itself()
