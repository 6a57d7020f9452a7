"""Answers that this process computed lately, for the pages after their first ones.

An answer over the past takes a replay of the log. Its pages are cut from one answer, and not from
one computed anew for each.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from projections.what_if.answer import Answer

# How long an answer is kept, and how many people are in all that are.
FOR = timedelta(minutes=10)
MOST_PEOPLE = 200_000


class Kept:
    """The answers by their questions, which are any text; the latest come last. Threads may share
    it."""

    def __init__(self, most_people: int = MOST_PEOPLE) -> None:
        self._most_people = most_people
        self._answers: OrderedDict[str, tuple[datetime, Answer]] = OrderedDict()
        self._lock = Lock()

    def find(self, question: str, now: datetime) -> Answer | None:
        """The answer to this very question, if it was computed lately."""
        with self._lock:
            at, answer = self._answers.get(question, (now, None))
            return answer if now - at <= FOR else None

    def keep(self, question: str, answer: Answer, now: datetime) -> None:
        """Keep it, in the place of those that are older, as far as there is room."""
        with self._lock:
            self._answers[question] = (now, answer)
            self._answers.move_to_end(question)
            people = sum(_people(each) for _, each in self._answers.values())
            while self._answers and (people > self._most_people or self._oldest() < now - FOR):
                _, (_, gone) = self._answers.popitem(last=False)
                people -= _people(gone)

    def _oldest(self) -> datetime:
        return next(iter(self._answers.values()))[0]


def _people(answer: Answer) -> int:
    return len(answer.recipients) + len(answer.left_out)
