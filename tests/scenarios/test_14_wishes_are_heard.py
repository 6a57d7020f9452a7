"""14. "I said stop, and a minute later I got the next one." """

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

from tests.support import then, when
from tests.support.api import given
from tests.support.gateways.fake_gowa import Asked, Behaviour
from tests.support.given import settings
from tests.support.office import Office


def test_who_opts_out_one_second_before_the_slot_gets_nothing(office: Office) -> None:
    """Three messages, one every three seconds, all claimed by a broadcaster that runs. A second
    before the second one its lead opts out; the third leaves as planned."""
    office.device(pace=(3, 3))
    office.leads(3)
    office.campaign()
    office.once("campaigner")

    with office.running("broadcaster", broadcast_every=30, lease_seconds=30) as broadcaster:
        then.soon(lambda: office.counts() == {"sent": 1, "processing": 2})
        # It sleeps until the next slot. On a slow machine the second might be over too soon, so it
        # is kept from waking up before the lead has spoken.
        broadcaster.process.send_signal(signal.SIGSTOP)
        following = min(
            then.messages(office.container, status="processing"), key=lambda m: m.send_at
        )
        then.soon(lambda: datetime.now(UTC) >= following.send_at - timedelta(seconds=1))
        answer = office.api.post(
            f"/leads/{following.lead_id}/opt-out", {"evidence": "on the phone"}
        )
        assert (answer.status, answer.json["opted_out"]) == (200, True)
        broadcaster.process.send_signal(signal.SIGCONT)
        then.soon(lambda: office.counts()["sent"] == 2)
        assert broadcaster.ends(signal.SIGTERM) == 0

    phone = then.row(office.container, "leads", lead_id=following.lead_id).phone
    assert phone.removeprefix("+") not in [asked.phone for asked in office.gowa.asked]
    assert office.counts() == {"sent": 2, "cancelled": 1}
    cancelled = then.message(office.container, status="cancelled")
    assert (cancelled.message_id, cancelled.reason) == (following.message_id, "opted_out")
    office.proves_itself()


def test_who_replies_gets_no_further_steps(office: Office) -> None:
    """The reply comes while the first step is still on its way and all others are claimed. It stops
    that lead's sequence only: a campaign reaches both, and the other lead gets the whole of it."""
    office.device(pace=(0.1, 0.1))
    office.leads(2, triggers="COLD")
    # What comes within three seconds would else be taken for an answer that a machine wrote.
    settings(office.container, auto_reply_seconds=0)
    # One after the other, a third of a second apart.
    steps = [{"body": f"Step {n}", "delay_hours": 0.0001} for n in (1, 2, 3)]
    sequence = given.sequence(office.api, steps=steps, first_delay_minutes=0)
    office.once("enroller")
    office.campaign(body="News", scheduled_at=datetime.now(UTC).isoformat())
    office.once("campaigner")
    claimed: list[int] = []

    def replies(asked: Asked) -> Behaviour:
        """Whoever is asked first writes back at once."""
        if not claimed:
            claimed.append(office.counts()["processing"])
            lead = office.container.outreach.lead_id(f"+{asked.phone}")
            when.replies(office.container, lead, "Who is this?", "3EB0R")
        return Behaviour()

    office.gowa.behave = replies
    # What is claimed too close behind the step before it is put off, and goes at the next look.
    for _ in range(3):
        assert office.once("broadcaster", "reaper", broadcast_every=60).returncode == 0

    assert claimed == [7]
    replied = int(office.gowa.asked[0].phone[-1])
    other = 3 - replied
    assert sorted(office.received(replied)) == ["News", "Step 1"]
    assert sorted(office.received(other)) == ["News", "Step 1", "Step 2", "Step 3"]
    report = office.api.get(f"/reports/sequences/{sequence}").json
    assert report["enrollments"] == {"active": 0, "completed": 1, "stopped": 1}
    assert [step["cancelled"] for step in report["steps"]] == [{}, {"replied": 1}, {"replied": 1}]
    office.proves_itself()
