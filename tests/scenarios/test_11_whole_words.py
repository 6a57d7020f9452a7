"""11. "I asked for B1 and it wrote to all of B12, and COLDVITAC got the letters for COLD." """

from __future__ import annotations

from tests.support.api import given
from tests.support.office import Office


def test_a_trigger_is_a_whole_word(office: Office) -> None:
    """In any case of letters, but neither a part of another nor with anything around it."""
    office.device()
    triggers = ["COLD", "cold", "COLDVITAC", "VITACOLD", "COLD VITAC", "COL", "VIP;Cold"]
    for number, trigger in enumerate(triggers, start=1):
        office.leads(1, first=number, triggers=trigger)
    given.sequence(office.api, "Cold", trigger="COLD", first_delay_minutes=0)
    given.sequence(office.api, "Vitac", trigger="coldvitac", first_delay_minutes=0)

    assert office.once().returncode == 0

    assert [office.received(number) for number in range(1, 8)] == [
        ["Cold"],
        ["Cold"],
        ["Vitac"],
        [],
        [],
        [],
        ["Cold"],
    ]
    office.proves_itself()


CRITERIA: list[tuple[dict[str, object], list[int]]] = [
    ({"niche": ["B1"]}, [1, 2, 5]),
    ({"niche": ["b12"]}, [3, 5]),
    ({"niche": ["B"]}, []),
    ({"niche": ["B1", "C1"]}, [1, 2, 5, 6]),
    ({"niche": ["B1"], "target_status": "customer"}, [2]),
    ({"target_status": "customer"}, [2, 6, 7]),
    ({"target_status": "prospect"}, [1, 3, 4, 5, 8]),
    ({"target_status": "all"}, [1, 2, 3, 4, 5, 6, 7, 8]),
    ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
]


def test_a_campaign_goes_to_whom_it_names(office: Office) -> None:
    """Nine campaigns among the same eight leads; each preview says what then happens."""
    office.device()
    rows = ["B1,", "b1,customer", "B12,", "AB1,", "B12;B1,", "C1,customer", ",customer", ","]
    lines = [f"{given.phone(number)},{row}" for number, row in enumerate(rows, start=1)]
    answer = office.api.csv("\n".join(["phone,niche,target_status", *lines, ""]))
    assert answer.json["registered"] == 8
    ids = [office.campaign(body=str([*criteria.items()]), **criteria) for criteria, _ in CRITERIA]
    previews = [office.api.get(f"/campaigns/{campaign}/preview").json for campaign in ids]

    assert office.once().returncode == 0

    for (criteria, invited), preview in zip(CRITERIA, previews, strict=True):
        got = [
            number for number in range(1, 9) if str([*criteria.items()]) in office.received(number)
        ]
        assert (criteria, got) == (criteria, invited)
        assert preview["audience"] == len(invited)
    assert office.twice() == []
    office.proves_itself()
