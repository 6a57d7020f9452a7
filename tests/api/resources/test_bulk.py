"""/leads/bulk and /messages/bulk: one wish for many, each decided by itself."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from projections.intake import bulk
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def counts(summary: Any) -> tuple[int, int, int, int]:
    names = ("matched", "changed", "unchanged", "refused_count")
    matched, changed, unchanged, refused = (summary[name] for name in names)
    return matched, changed, unchanged, refused


def test_a_trigger_for_all_that_a_filter_finds_in_chunks(
    operator: Client, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also more than a chunk. A dry run tells the same. To repeat it changes nothing."""
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for number in range(1, 6):
        given.lead(operator, number, niche=["B1"], attributes={"city": "Ipoh"})
    given.lead(operator, 6, niche=["B1"], triggers=["cold"], attributes={"city": "Ipoh"})
    given.lead(operator, 7, niche=["B12"], attributes={"city": "Ipoh"})
    given.lead(operator, 8, niche=["B1"], attributes={"city": "Melaka"})
    wish = {
        "filter": {"niche": "b1", "attribute.city": "Ipoh"},
        "do": "add_trigger",
        "trigger": "COLD",
    }

    dry = operator.post("/leads/bulk", {**wish, "dry_run": True})
    untouched = operator.items("/leads", trigger="COLD")
    first = operator.post("/leads/bulk", wish, idempotency_key="once")
    again = operator.post("/leads/bulk", wish)

    assert (dry.status, counts(dry.json)) == (200, (6, 5, 1, 0))
    assert len(untouched) == 1
    assert counts(first.json) == (6, 5, 1, 0)
    assert counts(again.json) == (6, 0, 6, 0)
    assert len(operator.items("/leads", trigger="cold")) == 6
    assert [row.topic for row in then.log(container)].count("lead.triggered") == 5


def test_ids_of_nobody_of_the_erased_and_of_the_merged_are_refused(
    operator: Client, administrator: Client
) -> None:
    """The others are changed all the same."""
    a, b, c, d = (given.lead(operator, number, triggers=["COLD"]) for number in range(1, 5))
    administrator.json("DELETE", f"/leads/{b}")
    operator.post(f"/leads/{d}/merge", {"with": c})
    wish = {"ids": [a, b, c, str(NOBODY), a], "do": "remove_trigger", "trigger": "cold"}

    _, summary = operator.post("/leads/bulk", wish)

    assert counts(summary) == (4, 1, 0, 3)
    assert {one["id"]: one["reason"] for one in summary["refused"]} == {
        b: "cannot take a trigger from this lead: it is erased",
        c: f"cannot take a trigger from this lead: it is merged into {d}",
        str(NOBODY): f"no lead {NOBODY}",
    }
    assert operator.get(f"/leads/{a}").json["triggers"] == []


def test_what_is_set_is_set_for_all_and_moves_what_waits(
    operator: Client, container: Container
) -> None:
    """Attributes are added. What is pending goes with the leads to their new device."""
    first = given.device(operator, "Sales 1", online=False)
    leads = [given.lead(operator, n, attributes={"city": "Ipoh"}) for n in (1, 2)]
    given.campaign(operator, device_ids=[first])
    when.triggers(container)
    second = given.device(operator, "Sales 2", online=False)
    changes = {"device_id": second, "attributes": {"vip": "yes"}, "target_status": "customer"}

    _, summary = operator.post("/leads/bulk", {"ids": leads, "do": "set", "set": changes})

    assert counts(summary) == (2, 2, 0, 0)
    for lead_id in leads:
        lead = operator.get(f"/leads/{lead_id}").json
        assert lead["attributes"] == {"city": "Ipoh", "vip": "yes"}
        assert (lead["target_status"], lead["device_id"]) == ("customer", second)
    assert len(operator.items("/messages")) == 2


def test_opting_many_out_cancels_what_waits_for_them(
    operator: Client, container: Container
) -> None:
    """As it does for one."""
    given.device(operator, online=False)
    leads = [given.lead(operator, number, name="Nur Aisyah") for number in (1, 2)]
    given.lead(operator, 3, name="Budi")
    given.campaign(operator)
    when.triggers(container)
    wish = {"filter": {"q": "aisyah"}, "do": "opt_out", "evidence": "wrote to us by post"}

    _, summary = operator.post("/leads/bulk", wish)
    _, again = operator.post("/leads/bulk", wish)

    assert counts(summary) == (2, 2, 0, 0)
    assert counts(again) == (2, 0, 2, 0)
    out = operator.items("/leads", opted_out=True)
    assert {lead["id"] for lead in out} == set(leads)
    assert {lead["opt_out"]["evidence"] for lead in out} == {"wrote to us by post"}
    assert len(operator.items("/messages", status="cancelled", reason="opted_out")) == 2


def test_only_an_admin_erases_many(operator: Client, administrator: Client) -> None:
    """As one: for good, and once."""
    leads = [given.lead(operator, number) for number in (1, 2)]
    wish = {"ids": leads, "do": "erase"}

    refused = operator.post("/leads/bulk", {**wish, "dry_run": True})
    dry = administrator.post("/leads/bulk", {**wish, "dry_run": True})
    kept = operator.items("/leads")
    done = administrator.post("/leads/bulk", wish, idempotency_key="once")
    again = administrator.post("/leads/bulk", wish)

    assert refused.status == 403
    assert counts(dry.json) == counts(done.json) == (2, 2, 0, 0)
    assert [lead["erased_at"] for lead in kept] == [None, None]
    assert counts(again.json) == (2, 0, 2, 0)
    assert [lead["phone"] for lead in operator.items("/leads")] == [None, None]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("leads", {"do": "opt_out"}, "filter"),
    ("leads", {"filter": {}, "do": "opt_out"}, "filter"),
    ("leads", {"filter": {"niche": "B1"}, "ids": [str(NOBODY)], "do": "opt_out"}, "filter"),
    ("leads", {"filter": {"niche": "B1"}, "all": True, "do": "opt_out"}, "all"),
    ("leads", {"filter": {"niches": "B1"}, "do": "opt_out"}, "filter"),
    ("leads", {"filter": {"attribute.": "B1"}, "do": "opt_out"}, "filter"),
    ("leads", {"filter": {"limit": 1}, "do": "opt_out"}, "filter"),
    ("leads", {"ids": [], "do": "opt_out"}, "ids"),
    ("leads", {"ids": [str(NOBODY)], "do": "forget"}, "do"),
    ("leads", {"ids": [str(NOBODY)], "do": "add_trigger"}, "trigger"),
    ("leads", {"ids": [str(NOBODY)], "do": "add_trigger", "trigger": "a,b"}, "trigger"),
    ("leads", {"ids": [str(NOBODY)], "do": "opt_out", "trigger": "COLD"}, "trigger"),
    ("leads", {"ids": [str(NOBODY)], "do": "set", "set": {}}, "set"),
    ("leads", {"ids": [str(NOBODY)], "do": "set", "set": {"timezone": "Mars"}}, "set"),
    ("leads", {"ids": [str(NOBODY)], "do": "set", "set": {"device_id": str(NOBODY)}}, "set"),
    ("messages", {"ids": [str(NOBODY)], "do": "resolve"}, "resolution"),
    ("messages", {"filter": {}, "do": "cancel"}, "filter"),
    ("messages", {"filter": {"status": "lost"}, "do": "cancel"}, "filter"),
]


def test_what_cannot_be_meant_is_asked_about(operator: Client) -> None:
    """Everybody above all: all must be asked for."""
    given.lead(operator)

    answers = [operator.post(f"/{what}/bulk", body) for what, body, _ in BAD]
    everybody = operator.post("/leads/bulk", {"filter": {}, "all": True, "do": "opt_out"})

    assert [fields(answer) for answer in answers] == [[field] for _, _, field in BAD]
    assert counts(everybody.json) == (1, 1, 0, 0)


def test_failed_messages_of_a_campaign_are_sent_again(
    operator: Client, container: Container, clock: Any
) -> None:
    """The finished campaign goes on. What is on its way already is as it was wished."""
    given.device(operator, settings={"fail_rate": 1})
    for number in (1, 2):
        given.lead(operator, number)
    campaign_id = given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)
    when.reaps(container)
    finished = operator.get(f"/campaigns/{campaign_id}").json["status"]
    wish = {"filter": {"campaign_id": campaign_id, "status": "failed"}, "do": "retry"}
    ids = [message["id"] for message in operator.items("/messages")]

    _, done = operator.post("/messages/bulk", wish)
    _, again = operator.post("/messages/bulk", {"ids": [*ids, str(NOBODY)], "do": "retry"})
    _, cancelled = operator.post("/messages/bulk", {"ids": ids, "do": "cancel"})
    _, refused = operator.post("/messages/bulk", {"ids": ids, "do": "retry"})

    assert finished == "finished"
    assert counts(done) == (2, 2, 0, 0)
    assert counts(again) == (3, 0, 2, 1)
    assert operator.get(f"/campaigns/{campaign_id}").json["status"] == "triggered"
    assert counts(cancelled) == (2, 2, 0, 0)
    assert [one["reason"] for one in refused["refused"]] == [
        "cannot retry this message: it is cancelled"
    ] * 2


@pytest.mark.parametrize("wrong", [[], "niche", 7, [{}]])
def test_a_filter_that_is_none_is_refused(operator: Client, wrong: object) -> None:
    """Whatever it is instead, it does not mean everybody."""
    wish = {"filter": wrong, "all": True, "do": "add_trigger", "trigger": "COLD"}
    status, answer = operator.post("/leads/bulk", wish)
    assert (status, list(answer["errors"]["json"])) == (422, ["filter"])
