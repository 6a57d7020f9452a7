"""/sequences: ordered steps that leads enter by trigger."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from tests.support.api import given, then
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def test_a_sequence_is_defined_with_everything(operator: Client) -> None:
    """A welcome drip for one niche, in office hours, that leads on to the next sequence."""
    status, sequence = operator.post(
        "/sequences",
        {
            "name": "Welcome ",
            "trigger": "COLD",
            "first_delay_minutes": 10,
            "steps": [
                {"body": "Hi {name|there}"},
                {
                    "body": "",
                    "media_url": "https://example.org/a.jpg",
                    "template": {
                        "name": "march_offer",
                        "language": "en_US",
                        "variables": ["{name|there}"],
                    },
                    "delay_hours": 48,
                    "send_at": "09:30",
                },
            ],
            "niche": ["B1", "b1"],
            "target_status": "prospect",
            "timezone": "Asia/Kuala_Lumpur",
            "windows": [{"weekdays": [1, 5], "start": "09:00", "end": "17:30"}, {}],
            "reentry": "after_completion",
            "stop_on_reply": False,
            "next_trigger": "WARM",
            "min_delay_seconds": 20,
            "max_delay_seconds": 40.5,
        },
    )

    assert status == 201
    assert sequence == {
        "id": sequence["id"],
        "status": "draft",
        "made_by": "api:crm",
        "changed_by": "api:crm",
        "approved_by": None,
        "proposals": [],
        "version": 1,
        "name": "Welcome",
        "trigger": "COLD",
        "first_delay_minutes": 10.0,
        "steps": [
            {
                "number": 1,
                "content_id": f"{sequence['id']}:1:1",
                "body": "Hi {name|there}",
                "media_url": None,
                "template": None,
                "delay_hours": 24.0,
                "send_at": None,
                "branches": [],
            },
            {
                "number": 2,
                "content_id": f"{sequence['id']}:1:2",
                "body": "",
                "media_url": "https://example.org/a.jpg",
                "template": {
                    "name": "march_offer",
                    "language": "en_US",
                    "variables": ["{name|there}"],
                },
                "delay_hours": 48.0,
                "send_at": "09:30",
                "branches": [],
            },
        ],
        "niche": ["B1"],
        "target_status": "prospect",
        "timezone": "Asia/Kuala_Lumpur",
        "windows": [
            {"weekdays": [1, 5], "start": "09:00", "end": "17:30"},
            {
                "weekdays": [1, 2, 3, 4, 5, 6, 7],
                "start": "00:00",
                "end": "24:00",
            },
        ],
        "reentry": "after_completion",
        "stop_on_reply": False,
        "stop_on_manual_message": True,
        "next_trigger": "WARM",
        "min_delay_seconds": 20.0,
        "max_delay_seconds": 40.5,
        "ignore_cap": False,
        "device_ids": [],
        "segment_id": None,
        "requires_consent": None,
        "segment": None,
        "warnings": [],
    }
    del sequence["warnings"]
    assert operator.get(f"/sequences/{sequence['id']}") == (200, sequence)
    assert operator.items("/sequences") == [sequence]


def test_a_name_a_trigger_and_a_text_are_enough(operator: Client) -> None:
    """Everything else has a default, which the answer shows."""
    given_ = {"name": "Welcome", "trigger": "COLD", "steps": [{"body": "Hi"}]}

    sequence = operator.create("/sequences", given_)

    defaults = {
        "first_delay_minutes": 5.0,
        "niche": [],
        "target_status": "all",
        "timezone": None,
        "windows": [],
        "reentry": "once",
        "stop_on_reply": True,
        "next_trigger": None,
        "min_delay_seconds": 0.0,
        "max_delay_seconds": 0.0,
    }
    assert {name: sequence[name] for name in defaults} == defaults


def test_a_minimum_alone_means_at_least_that(operator: Client) -> None:
    """Nobody has to give a maximum to ask for a slower pace."""
    sequence_id = given.sequence(operator, min_delay_seconds=30)

    sequence = operator.get(f"/sequences/{sequence_id}").json

    assert (sequence["min_delay_seconds"], sequence["max_delay_seconds"]) == (30.0, 30.0)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"color": "red"}, "color"),
    ({"status": "active"}, "status"),
    ({"name": ""}, "name"),
    ({"name": "  "}, "name"),
    ({"name": None}, "name"),
    ({"name": "N" * 201}, "name"),
    ({"name": "N\0"}, "name"),
    ({"trigger": ""}, "trigger"),
    ({"trigger": "COLD,WARM"}, "trigger"),
    ({"trigger": ["COLD"]}, "trigger"),
    ({"first_delay_minutes": -1}, "first_delay_minutes"),
    ({"first_delay_minutes": "5"}, "first_delay_minutes"),
    ({"first_delay_minutes": 527_041}, "first_delay_minutes"),
    ({"first_delay_minutes": None}, "first_delay_minutes"),
    ({"first_delay_minutes": True}, "first_delay_minutes"),
    ({"first_delay_minutes": 1e300}, "first_delay_minutes"),
    ({"steps": []}, "steps"),
    ({"steps": "Hi"}, "steps"),
    ({"steps": ["Hi"]}, "steps"),
    ({"steps": [{}]}, "steps"),
    ({"steps": [{"body": " "}]}, "steps"),
    ({"steps": [{"body": "Hi\0"}]}, "steps"),
    ({"steps": [{"body": "H" * 4097}]}, "steps"),
    ({"steps": [{"body": "Hi", "delay_hours": -1}]}, "steps"),
    ({"steps": [{"body": "Hi", "delay_hours": "24"}]}, "steps"),
    ({"steps": [{"body": "Hi", "delay_hours": 8785}]}, "steps"),
    ({"steps": [{"body": "Hi", "send_at": "9:00"}]}, "steps"),
    ({"steps": [{"body": "Hi", "send_at": "24:00"}]}, "steps"),
    ({"steps": [{"body": "Hi", "send_at": "09:00\n"}]}, "steps"),
    ({"steps": [{"body": "Hi", "media_url": "ftp://example.org/a"}]}, "steps"),
    ({"steps": [{"body": "Hi", "text": "Ho"}]}, "steps"),
    ({"steps": [{"body": "Hi"}] * 101}, "steps"),
    ({"niche": "B1"}, "niche"),
    ({"niche": ["B1|B2"]}, "niche"),
    ({"target_status": "vip"}, "target_status"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"windows": {}}, "windows"),
    ({"windows": [{"weekdays": []}]}, "windows"),
    ({"windows": [{"weekdays": ["mon"]}]}, "windows"),
    ({"windows": [{"start": "9"}]}, "windows"),
    ({"windows": [{"start": "10:00", "end": "10:00"}]}, "windows"),
    ({"windows": [{"start": "10:00", "end": "25:00"}]}, "windows"),
    ({"windows": [{"from": "10:00"}]}, "windows"),
    ({"reentry": "sometimes"}, "reentry"),
    ({"stop_on_reply": "yes"}, "stop_on_reply"),
    ({"stop_on_reply": 1}, "stop_on_reply"),
    ({"next_trigger": "A;B"}, "next_trigger"),
    ({"reentry": "always", "next_trigger": "cold"}, "next_trigger"),
    ({"min_delay_seconds": -1}, "min_delay_seconds"),
    ({"min_delay_seconds": "20"}, "min_delay_seconds"),
    ({"min_delay_seconds": 86_401}, "min_delay_seconds"),
    ({"min_delay_seconds": 20, "max_delay_seconds": 10}, "max_delay_seconds"),
]


def test_a_bad_sequence_is_refused_and_the_field_is_named(
    container: Container, operator: Client
) -> None:
    """A step that could not be sent, or a pace that could not be kept, is found at once."""
    good = {"name": "Welcome", "trigger": "COLD", "steps": [{"body": "Hi"}]}

    answers = [operator.post("/sequences", {**good, **change}) for change, _ in BAD]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD]
    assert fields(operator.post("/sequences", {})) == ["name", "steps", "trigger"]
    assert then.topics(container) == []


def test_names_are_trimmed_and_not_refused(operator: Client) -> None:
    """A name pasted with a space before it is the name without it."""
    status, sequence = operator.post(
        "/sequences", {"name": " Welcome", "trigger": " COLD", "steps": [{"body": "Hi"}]}
    )

    assert (status, sequence.get("name"), sequence.get("trigger")) == (201, "Welcome", "COLD")


def test_a_step_is_revised_and_keeps_what_is_not_given(operator: Client) -> None:
    """A typo in the second text; its delay and its picture stay."""
    picture = "https://example.org/a.jpg"
    sequence = operator.create(
        "/sequences",
        {
            "name": "Welcome",
            "trigger": "COLD",
            "steps": [
                {"body": "One"},
                {"body": "Tow", "media_url": picture, "delay_hours": 12, "send_at": "09:00"},
            ],
        },
    )
    path = f"/sequences/{sequence['id']}/steps/2"

    corrected = operator.patch(path, {"body": "Two"})
    freed = operator.patch(path, {"send_at": None})
    nothing = operator.patch(path, {})

    second = {
        "number": 2,
        "content_id": f"{sequence['id']}:2:2",
        "body": "Two",
        "media_url": picture,
        "template": None,
        "delay_hours": 12.0,
        "send_at": "09:00",
        "branches": [],
    }
    nobody = {"moved": 0, "added": 0, "cancelled": 0, "left": 0}
    changed = {**sequence, **nobody, "version": 2, "steps": [sequence["steps"][0], second]}
    assert corrected == (200, changed)
    assert freed.json["steps"][1] == {
        **second,
        "content_id": f"{sequence['id']}:3:2",
        "send_at": None,
    }
    assert nothing == freed


def test_a_bad_revision_is_refused(operator: Client) -> None:
    """What would be refused in a new step is refused in an old one, and so is a step too many."""
    sequence_id = given.sequence(operator, "One", "Two")
    before = operator.get(f"/sequences/{sequence_id}")
    path = f"/sequences/{sequence_id}/steps"
    bad: list[tuple[Any, str]] = [
        ({"body": "T\0"}, "body"),
        ({"body": None}, "body"),
        ({"delay_hours": -1}, "delay_hours"),
        ({"delay_hours": "1"}, "delay_hours"),
        ({"send_at": "noon"}, "send_at"),
        ({"media_url": "a.jpg"}, "media_url"),
        ({"template": {"name": "Two words", "language": "en"}}, "template"),
        ({"template": {"name": "offer", "language": "English"}}, "template"),
        ({"template": {"name": "offer"}}, "template"),
        ({"number": 3}, "number"),
    ]

    answers = [operator.patch(f"{path}/2", body) for body, _ in bad]

    assert [fields(answer) for answer in answers] == [[field] for _, field in bad]
    assert operator.patch(f"{path}/2", {"body": " "}).status == 422
    assert operator.patch(f"{path}/0", {"body": "Zero"}).status == 404
    assert operator.patch(f"{path}/3", {"body": "Three"}).status == 404
    assert operator.get(f"/sequences/{sequence_id}") == before


def test_an_unknown_sequence_is_not_found(operator: Client) -> None:
    """Whatever is asked of it."""
    answers = [
        operator.get(f"/sequences/{NOBODY}"),
        operator.patch(f"/sequences/{NOBODY}/steps/1", {"body": "One"}),
    ]

    unknown = {"code": 404, "status": "Not Found", "message": f"no sequence {NOBODY}"}
    assert answers == [(404, unknown)] * 2
