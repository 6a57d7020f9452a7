"""What a person agreed to: consents by purpose, each with its source, its time and its words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain import values
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, following
from domain.lead.events import LeadConsentGiven, LeadConsentWithdrawn
from domain.lead.state import Lead, evolve
from domain.lead.wishes import require_present

LONGEST_SOURCE = 500
LONGEST_WORDS = 10_000
# How far the clock of whoever noted a consent may be ahead.
AHEAD = timedelta(minutes=5)
GIVE, WITHDRAW = "record a consent of", "withdraw a consent of"


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says that a person agreed to: for which ``purpose``, where (``source``), in
    which ``words``, and when. Without ``given_at`` it is now."""

    purpose: str
    source: str
    words: str
    given_at: datetime | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that was recorded by the lead's event ``version``. It is in force until it is
    withdrawn; ``withdrawal`` is the evidence of that. ``reply_id`` is the reply that gave it, and
    ``from_lead`` the merged lead that it came from."""

    purpose: str
    source: str
    words: str
    given_at: datetime
    version: int
    recorded_at: datetime
    recorded_by: str
    reply_id: UUID | None = None
    from_lead: UUID | None = None
    withdrawn_at: datetime | None = None
    withdrawal: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether it holds."""
        return self.withdrawn_at is None


def checked(agreed: Agreed, now: datetime) -> Agreed:
    """``agreed`` with an instant. Raises InvalidInputError naming a field that is wrong."""
    values.purpose("purpose", agreed.purpose)
    at = now
    if agreed.given_at is not None:
        at = values.instant(agreed.given_at, "given_at")
        if at > now + AHEAD:
            raise InvalidInputError("given_at", "an instant that is not in the future")
    return Agreed(
        purpose=agreed.purpose,
        source=values.text("source", agreed.source, longest=LONGEST_SOURCE),
        words=values.text("words", agreed.words, longest=LONGEST_WORDS),
        given_at=min(at, now),
    )


def is_recorded(agreed: Agreed, present: Iterable[Consent]) -> bool:
    """Whether the very same is among ``present``; without an instant, whether one in force has
    that source and these words."""
    said = (agreed.purpose, agreed.source, agreed.words)
    return any(
        (each.in_force if agreed.given_at is None else each.given_at == agreed.given_at)
        for each in present
        if (each.purpose, each.source, each.words) == said
    )


def give_consent(
    lead: Lead,
    agreed: Agreed,
    present: Sequence[Consent] = (),
    *,
    reply_id: UUID | None = None,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Record that the person agreed. ``present`` are the consents that are recorded: nothing
    follows where the very same one is among them, withdrawn or not. Without an instant the same is
    one in force with that source and these words."""
    require_present(lead, GIVE)
    _require_own(lead, GIVE)
    said = checked(agreed, now)
    if is_recorded(agreed, present):
        return ()
    facts = msgspec.structs.asdict(said)
    return (following(lead, LeadConsentGiven, now, actor, **facts, reply_id=reply_id),)


def withdraw_consent(
    lead: Lead,
    purpose: str,
    evidence: str,
    present: Sequence[Consent],
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Record that the person agrees no more; ``present`` are the consents that are recorded. Raises
    WrongStateError where none of that purpose is in force."""
    require_present(lead, WITHDRAW)
    _require_own(lead, WITHDRAW)
    values.text("evidence", evidence, longest=LONGEST_WORDS)
    if held(present, purpose) is None:
        known = any(each.purpose == purpose for each in present)
        raise WrongStateError("consent", "withdrawn" if known else "not given", "withdraw")
    facts = {"purpose": purpose, "evidence": evidence}
    return (following(lead, LeadConsentWithdrawn, now, actor, **facts),)


def inherit_consents(
    lead: Lead,
    present: Sequence[Consent],
    theirs: Sequence[Consent],
    other_id: UUID,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Take over what the lead ``other_id``, which is the same person and was merged into this one,
    agreed to: ``theirs``, for the purposes of which nothing is ``present``, withdrawn or not.

    A withdrawal of either wins, whichever was later: what one of them has withdrawn, and not given
    again itself, is not in force.
    """
    require_present(lead, GIVE)
    _require_own(lead, GIVE)
    events: list[Event] = []

    def follow(cls: type[Event], **facts: object) -> None:
        nonlocal lead
        event = following(lead, cls, now, actor, **facts, from_lead=other_id)
        events.append(event)
        lead = evolve(lead, event)

    for purpose in sorted({each.purpose for each in theirs}):
        of_other = [each for each in theirs if each.purpose == purpose]
        is_new = all(each.purpose != purpose for each in present)
        for each in [e for e in of_other if e.in_force] or of_other[-1:]:
            if is_new:
                said = {"source": each.source, "words": each.words, "given_at": each.given_at}
                follow(LeadConsentGiven, purpose=purpose, **said, reply_id=each.reply_id)
        if held(of_other) is None and (is_new or held(present, purpose) is not None):
            evidence = of_other[-1].withdrawal or "withdrawn"
            follow(LeadConsentWithdrawn, purpose=purpose, evidence=evidence)
    return tuple(events)


def ledger(events: Iterable[Event]) -> list[Consent]:
    """All consents that the events of one lead record, in their order.

    One that was given before its purpose was withdrawn, and recorded after it, is not in force.
    """
    found: list[Consent] = []
    for event in events:
        if isinstance(event, LeadConsentGiven):
            given = Consent(
                purpose=event.purpose,
                source=event.source,
                words=event.words,
                given_at=event.given_at,
                version=event.originator_version,
                recorded_at=event.timestamp,
                recorded_by=event.actor,
                reply_id=event.reply_id,
                from_lead=event.from_lead,
            )
            later = [each for each in found if _withdrawn_since(each, given)]
            if later:
                given = _withdrawn(given, later[-1].withdrawn_at, later[-1].withdrawal)
            found.append(given)
        elif isinstance(event, LeadConsentWithdrawn):
            found = [
                _withdrawn(each, event.timestamp, event.evidence)
                if each.purpose == event.purpose and each.in_force
                else each
                for each in found
            ]
    return found


def held(consents: Sequence[Consent], purpose: str | None = None) -> Consent | None:
    """The latest consent in force, of that purpose if one is named; None if there is none."""
    of = [each for each in consents if each.in_force and purpose in (None, each.purpose)]
    return max(of, key=lambda each: each.version, default=None)


def _withdrawn_since(other: Consent, given: Consent) -> bool:
    return (
        other.purpose == given.purpose
        and other.withdrawn_at is not None
        and other.withdrawn_at > given.given_at
    )


def _withdrawn(consent: Consent, at: datetime | None, evidence: str | None) -> Consent:
    return msgspec.structs.replace(consent, withdrawn_at=at, withdrawal=evidence)


def _require_own(lead: Lead, wanted: str) -> None:
    if lead.merged_into is not None:
        raise WrongStateError("lead", f"merged into {lead.merged_into}", wanted)
