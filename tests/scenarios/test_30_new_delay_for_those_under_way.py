"""30. "The new delay of step 2 changed nothing for those under way." """

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.scenarios.days import Days
from tests.support.api import given
from tests.support.samples import utc

HOUR = timedelta(hours=1)


def plan(days: Days) -> dict[int, Any]:
    """When each step that is pending is due."""
    return {row.step: row.scheduled_at for row in days.messages(status="pending")}


def sent(days: Days) -> list[Any]:
    """Step and moment of what was sent, in that order."""
    rows = [row for row in days.messages() if row.sent_at is not None]
    return [(row.step, row.sent_at) for row in rows]


def test_the_new_delay_of_step_2_moves_it_and_what_comes_after(days: Days) -> None:
    """She got the first at 08:05. The second was to come a day later; now it is after six hours,
    and the third a day after that."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"])
    sequence = given.sequence(days.api, "One", "Two", "Three")
    days.work_until(utc(2026, 3, 2, 9, 0))
    ((_, first),) = sent(days)

    status, answer = days.api.patch(f"/sequences/{sequence}/steps/2", {"delay_hours": 6})

    assert (status, answer["moved"], answer["left"]) == (200, 2, 0)
    assert plan(days) == {2: first + 6 * HOUR, 3: first + 30 * HOUR}
    days.work_until(utc(2026, 3, 4, 9, 0))
    steps, moments = zip(*sent(days), strict=True)
    assert steps == (1, 2, 3)
    assert [round((later - first) / HOUR) for later in moments] == [0, 6, 30]
    (reason,) = {row.reason for row in days.messages(step=2)} | {None}
    assert reason is None
    days.proves_itself()


def test_whoever_waits_for_the_first_is_moved_by_the_first_delay(days: Days) -> None:
    """Five minutes were too short; it is an hour now."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"])
    sequence = given.sequence(days.api, "One", "Two")
    days.work_until(days.clock() + timedelta(minutes=1))
    began = days.clock() - timedelta(minutes=1)

    answer = days.api.patch(f"/sequences/{sequence}", {"first_delay_minutes": 60})

    assert (answer.status, answer.json["moved"]) == (200, 2)
    assert plan(days) == {1: began + HOUR, 2: began + 25 * HOUR}
    days.proves_itself()


def test_a_new_time_that_is_over_for_today_is_tomorrows(days: Days) -> None:
    """At noon somebody wants the second step at nine. It does not come at noon."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"], timezone="UTC")
    sequence = given.sequence(days.api, "One", "Two", trigger="COLD")
    days.api.patch(f"/sequences/{sequence}/steps/2", {"delay_hours": 1, "send_at": "18:00"})
    days.work_until(utc(2026, 3, 2, 12, 0))
    assert plan(days) == {2: utc(2026, 3, 2, 18, 0)}

    answer = days.api.patch(f"/sequences/{sequence}/steps/2", {"send_at": "09:00"})

    assert answer.json["moved"] == 1
    assert plan(days) == {2: utc(2026, 3, 3, 9, 0)}
    days.proves_itself()


def test_another_text_alone_moves_nothing(days: Days) -> None:
    """The price was wrong, the plan was not."""
    given.device(days.api)
    given.lead(days.api, triggers=["COLD"])
    sequence = given.sequence(days.api, "One", "Two")
    days.work_until(utc(2026, 3, 2, 9, 0))
    before = plan(days)

    answer = days.api.patch(f"/sequences/{sequence}/steps/2", {"body": "Zwei"})

    assert (answer.status, answer.json["moved"]) == (200, 0)
    assert plan(days) == before
