"""What a campaign may say, and when it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain import campaign
from domain.campaign import definition as campaign_definition
from domain.campaign.definition import Definition
from domain.errors import InvalidInputError
from tests.support.samples import BY, ID, NOW, utc

SALE = Definition(
    name="Sale", body="Hi {name|there}", rules=1, scheduled_at=NOW, content_id=f"{ID}:1:0"
)


def sale(**fields: Any) -> Definition:
    return msgspec.structs.replace(SALE, **fields)


def test_a_campaign_is_for_everybody_at_the_devices_pace_unless_told_otherwise() -> None:
    """And it never expires."""
    plain = Definition(name="Sale", body="Hi", scheduled_at=NOW)
    assert (plain.niche, plain.target_status, plain.media_url) == ((), "all", None)
    assert (plain.min_delay_seconds, plain.max_delay_seconds) == (0.0, 0.0)
    assert campaign_definition.expires_at(plain, NOW) is None


def test_a_campaign_may_be_a_picture_alone() -> None:
    """A body may be empty where there is media."""
    picture = sale(body="", media_url="http://example.com/a.png")
    assert campaign.schedule(ID, picture, **BY).definition == picture


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"body": ""}, "body"),
        ({"body": "x" * 4097}, "body"),
        ({"body": "a\0b"}, "body"),
        ({"media_url": "/a.png"}, "media_url"),
        ({"media_url": "https://example.com/\0"}, "media_url"),
        ({"expires_after_hours": 0.0}, "expires_after_hours"),
        ({"expires_after_hours": 8785.0}, "expires_after_hours"),
        ({"expires_after_hours": float("nan")}, "expires_after_hours"),
        ({"min_delay_seconds": 86401.0}, "min_delay_seconds"),
        ({"min_delay_seconds": 2.0, "max_delay_seconds": 1.0}, "max_delay_seconds"),
        ({"name": " "}, "name"),
        ({"niche": ("B1;B2",)}, "niche"),
        ({"target_status": "everybody"}, "target_status"),
        ({"scheduled_at": NOW.replace(tzinfo=None)}, "scheduled_at"),
    ],
)
def test_a_wrong_definition_is_refused(wrong: dict[str, Any], field: str) -> None:
    """On scheduling and on revising alike; the error names the value."""
    with pytest.raises(InvalidInputError) as error:
        campaign.schedule(ID, sale(**wrong), **BY)
    assert error.value.field == field
    scheduled = campaign.evolve(None, campaign.schedule(ID, SALE, **BY))
    with pytest.raises(InvalidInputError) as error:
        campaign.revise(scheduled, sale(**wrong), **BY)
    assert error.value.field == field


def test_nine_in_kuala_lumpur_is_one_in_utc() -> None:
    """The instant is kept in UTC, whatever zone it was given in."""
    nine = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Kuala_Lumpur"))
    kept = campaign.schedule(ID, sale(scheduled_at=nine), **BY).definition.scheduled_at
    assert kept == utc(2026, 3, 2, 1, 0)
    assert kept.utcoffset() == timedelta(0)


def test_what_expires_after_24_hours_expires_after_24_hours() -> None:
    """Across a change of the clocks too: noon in New York on 7 March is 17:00 UTC."""
    noon = datetime(2026, 3, 7, 12, 0, tzinfo=ZoneInfo("America/New_York"))
    asked = sale(scheduled_at=noon, expires_after_hours=24.0)
    definition = campaign.schedule(ID, asked, **BY).definition
    assert campaign_definition.expires_at(definition, definition.scheduled_at) == utc(
        2026, 3, 8, 17, 0
    )
