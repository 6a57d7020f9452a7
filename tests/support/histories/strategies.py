"""Random valid histories, one strategy per aggregate: non-empty lists of events of one aggregate.

The events come from the decisions themselves, with random ids and with every awkward character in
the texts but NUL. Timestamps are aware, in UTC, within 2026, and never go back.
"""

from __future__ import annotations

from hypothesis import strategies as st

from domain.event import Event
from tests.support.histories.commands.campaign import CAMPAIGN
from tests.support.histories.commands.device import DEVICE
from tests.support.histories.commands.enrollment import ENROLLMENT
from tests.support.histories.commands.lead import LEAD
from tests.support.histories.commands.message import MESSAGE
from tests.support.histories.commands.sequence import SEQUENCE
from tests.support.histories.stories import Kind, stories

KINDS: tuple[Kind, ...] = (LEAD, SEQUENCE, ENROLLMENT, CAMPAIGN, MESSAGE, DEVICE)


def histories(kind: Kind) -> st.SearchStrategy[list[Event]]:
    """The events of a story."""
    return stories(kind).map(lambda story: story.events)


def lead_histories() -> st.SearchStrategy[list[Event]]:
    """Registered, then updated, triggered, opted out and in, heard."""
    return histories(LEAD)


def sequence_histories() -> st.SearchStrategy[list[Event]]:
    """Defined, then activated, paused, resumed, deactivated, steps revised."""
    return histories(SEQUENCE)


def enrollment_histories() -> st.SearchStrategy[list[Event]]:
    """Enrolled, then completed or stopped."""
    return histories(ENROLLMENT)


def campaign_histories() -> st.SearchStrategy[list[Event]]:
    """Scheduled, then revised, triggered, extended, completed, finished; paused, cancelled."""
    return histories(CAMPAIGN)


def message_histories() -> st.SearchStrategy[list[Event]]:
    """Scheduled for a campaign (step 0) or for a step from 1 to 5, then all that may become."""
    return histories(MESSAGE)


def device_histories() -> st.SearchStrategy[list[Event]]:
    """Registered, then set up, connected, disconnected, retired."""
    return histories(DEVICE)
