"""/openapi.json and /docs: the API describes itself, and is what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from api import create_app
from tests.support.api.client import BASE

METHODS = ("get", "post", "patch", "put", "delete")

# Below BASE.
PATHS = {
    "/leads": {"get", "post"},
    "/leads/import": {"post"},
    "/leads/{lead_id}": {"get", "patch", "delete"},
    "/leads/{lead_id}/export": {"get"},
    "/leads/{lead_id}/consents": {"get", "post"},
    "/leads/{lead_id}/consents/{purpose}": {"delete"},
    "/consents": {"get"},
    "/leads/bulk": {"post"},
    "/reports/series": {"get"},
    "/reports/signals": {"get"},
    "/messages/bulk": {"post"},
    "/leads/{lead_id}/triggers": {"post"},
    "/leads/{lead_id}/triggers/{trigger}": {"delete"},
    "/leads/{lead_id}/opt-out": {"post"},
    "/leads/{lead_id}/opt-in": {"post"},
    "/leads/{lead_id}/merge": {"post"},
    "/devices/{device_id}/test": {"post"},
    "/campaigns/{campaign_id}/test": {"post"},
    "/campaigns/{campaign_id}/recipients": {"get"},
    "/leads/{lead_id}/messages": {"post"},
    "/replies": {"get"},
    "/suppressions": {"get", "post"},
    "/suppressions/{suppression_id}": {"delete"},
    "/segments": {"get", "post"},
    "/segments/preview": {"post"},
    "/segments/{segment_id}": {"get", "patch", "delete"},
    "/segments/{segment_id}/leads": {"get"},
    "/sequences": {"get", "post"},
    "/sequences/{sequence_id}": {"get", "patch", "delete"},
    "/sequences/{sequence_id}/copy": {"post"},
    "/sequences/{sequence_id}/approve": {"post"},
    "/sequences/{sequence_id}/discard": {"post"},
    "/sequences/{sequence_id}/steps": {"post"},
    "/sequences/{sequence_id}/steps/{number}": {"patch", "delete"},
    "/sequences/{sequence_id}/activate": {"post"},
    "/sequences/{sequence_id}/pause": {"post"},
    "/sequences/{sequence_id}/resume": {"post"},
    "/sequences/{sequence_id}/deactivate": {"post"},
    "/sequences/{sequence_id}/stop": {"post"},
    "/enrollments": {"get", "post"},
    "/enrollments/{enrollment_id}": {"get"},
    "/enrollments/{enrollment_id}/stop": {"post"},
    "/campaigns": {"get", "post"},
    "/campaigns/{campaign_id}": {"get", "patch"},
    "/campaigns/{campaign_id}/preview": {"get"},
    "/campaigns/{campaign_id}/schedule": {"post"},
    "/campaigns/{campaign_id}/approve": {"post"},
    "/campaigns/{campaign_id}/copy": {"post"},
    "/campaigns/{campaign_id}/pause": {"post"},
    "/campaigns/{campaign_id}/resume": {"post"},
    "/campaigns/{campaign_id}/cancel": {"post"},
    "/devices": {"get", "post"},
    "/devices/{device_id}": {"get", "patch"},
    "/devices/{device_id}/connect": {"post"},
    "/devices/{device_id}/disconnect": {"post"},
    "/devices/{device_id}/retire": {"post"},
    "/devices/{device_id}/templates": {"get"},
    "/devices/{device_id}/pairing": {"get"},
    "/devices/{device_id}/contacts": {"post"},
    "/keys": {"get", "post"},
    "/keys/{name}": {"delete"},
    "/whoami": {"get"},
    "/messages": {"get"},
    "/messages/{message_id}": {"get"},
    "/messages/{message_id}/retry": {"post"},
    "/messages/{message_id}/cancel": {"post"},
    "/messages/{message_id}/resolve": {"post"},
    "/reports/overview": {"get"},
    "/reports/attention": {"get"},
    "/reports/campaigns/{campaign_id}": {"get"},
    "/reports/sequences/{sequence_id}": {"get"},
    "/reports/devices": {"get"},
    "/audit/messages/{message_id}": {"get"},
    "/audit/leads/{lead_id}": {"get"},
    "/what-if": {"post"},
    "/audit/why-not": {"get"},
    "/audit/events": {"get"},
    "/quarantine": {"get"},
    "/quarantine/{quarantined_id}/release": {"post"},
    "/subscriptions": {"get", "post"},
    "/subscriptions/{subscription_id}": {"get", "delete"},
    "/subscriptions/{subscription_id}/retry": {"post"},
    "/subscriptions/{subscription_id}/rotate-secret": {"post"},
}
# Providers ask without a key: their requests are signed.
WEBHOOKS = {
    f"{BASE}/chatwoot/{{subscription_id}}": {"post"},
    "/webhooks/{gateway}/{device_id}": {"post"},
    "/webhooks/cloud/{device_id}": {"get"},
}


@pytest.fixture
def bare() -> Flask:
    """An application to be looked at: the description needs no database."""
    return create_app()


@pytest.fixture
def description(bare: Flask) -> Any:
    response = bare.test_client().get("/openapi.json")
    assert response.status_code == 200
    return response.get_json()


def _operations(description: Any) -> Iterator[tuple[str, Any]]:
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method} {path}", item[method]


def _references(part: Any) -> Iterator[str]:
    """Every $ref, however deep."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def test_every_resource_is_described(description: Any) -> None:
    """Each way to ask is there, under the paths that the reader knows, and no other."""
    described = {
        path: {method for method in METHODS if method in item}
        for path, item in description["paths"].items()
    }

    assert description["openapi"] == "3.1.0"
    assert description["info"]["title"] == "Sendtrail"
    assert described == {BASE + path: methods for path, methods in PATHS.items()} | WEBHOOKS


def test_lists_are_described_in_json_first(description: Any) -> None:
    """Programs that make clients of the description take the first kind of answer."""
    for operation, said in _operations(description):
        kinds = list(said["responses"].get("200", {}).get("content", {}))
        assert "application/json" not in kinds[1:], operation


CREATED = (
    *("leads", "sequences", "enrollments", "campaigns", "devices", "subscriptions"),
    "segments",
    "suppressions",
)
CREATING = {
    *(("post", f"/{what}") for what in CREATED),
    ("post", "/keys"),
    ("post", "/sequences/{sequence_id}/steps"),
    ("post", "/campaigns/{campaign_id}/copy"),
    ("post", "/sequences/{sequence_id}/copy"),
    ("post", "/leads/{lead_id}/messages"),
    ("post", "/leads/{lead_id}/consents"),
}
# Answer 204, with nothing in it.
EMPTY = {
    ("delete", "/sequences/{sequence_id}"),
    ("delete", "/keys/{name}"),
    ("delete", "/subscriptions/{subscription_id}"),
    ("delete", "/segments/{segment_id}"),
    ("delete", "/suppressions/{suppression_id}"),
}


def test_every_operation_says_what_it_does(description: Any) -> None:
    """A summary, and an answer for when it goes well."""
    for name, operation in _operations(description):
        assert operation.get("summary"), name
        assert any(code.startswith("2") for code in operation["responses"]), name


def test_every_answer_has_a_schema(description: Any) -> None:
    """201 for what is created, 200 for all else, and JSON of a known shape."""
    for path, methods in PATHS.items():
        for method in methods:
            responses = description["paths"][BASE + path][method]["responses"]
            good = [code for code in responses if code.startswith("2")]
            if (method, path) in EMPTY:
                assert good == ["204"]
                assert "content" not in responses["204"]
                continue
            assert good == ["201" if (method, path) in CREATING else "200"], (method, path)
            schema = responses[good[0]]["content"]["application/json"]["schema"]
            assert schema.keys() & {"$ref", "type"}, (method, path)


def test_every_reference_leads_somewhere(description: Any) -> None:
    """Generators of clients stop at the first one that does not."""
    references = set(_references(description))

    assert references
    for reference in references:
        assert reference.startswith("#/"), reference
        found = description
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert isinstance(found, dict)


def test_every_parameter_in_a_path_is_described(description: Any) -> None:
    """As required, and with a type."""
    for path, item in description["paths"].items():
        wanted = set(re.findall(r"{(\w+)}", path))
        shared = item.get("parameters", [])
        for method in METHODS:
            if method not in item:
                continue
            given = [*shared, *item[method].get("parameters", [])]
            in_path = {p["name"]: p for p in given if p.get("in") == "path"}
            assert set(in_path) == wanted, path
            assert all(p["required"] and p["schema"]["type"] for p in in_path.values()), path


def test_the_key_is_described(description: Any) -> None:
    """A bearer token on everything but what providers ask."""
    assert description["components"]["securitySchemes"]["key"] == {
        "type": "http",
        "scheme": "bearer",
    }
    assert description["security"] == [{"key": []}]
    for path, methods in PATHS.items():
        for method in methods:
            assert "security" not in description["paths"][BASE + path][method], (method, path)
    for path, methods in WEBHOOKS.items():
        for method in methods:
            assert description["paths"][path][method]["security"] == [], (method, path)


def test_what_is_required_is_said(description: Any) -> None:
    """What a generated client asks its caller for."""
    schemas = description["components"]["schemas"]

    assert sorted(schemas["NewLead"]["required"]) == ["phone"]
    assert sorted(schemas["NewSequence"]["required"]) == ["name", "steps", "trigger"]
    assert sorted(schemas["NewCampaign"]["required"]) == ["name"]
    assert sorted(schemas["NewDevice"]["required"]) == ["gateway", "name"]
    for name in ("NewLead", "NewSequence", "NewCampaign", "NewDevice"):
        assert schemas[name]["additionalProperties"] is False


def test_the_page_needs_no_other_host(bare: Flask) -> None:
    """Behind a firewall the documentation is as good as anywhere, and tells nobody it was read."""
    client = bare.test_client()
    page = client.get("/docs/")
    html = page.get_data(as_text=True)
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)["']""", html)

    assert page.status_code == 200
    assert "/openapi.json" in html
    assert links
    assert [link for link in links if re.match(r"(https?:)?//", link)] == []
    for link in links:
        path = link if link.startswith("/") else f"/docs/{link.removeprefix('./')}"
        response = client.get(path)
        assert response.status_code == 200, link
        response.close()


def test_docs_without_a_slash_lead_there_too(bare: Flask) -> None:
    """What people type."""
    response = bare.test_client().get("/docs", follow_redirects=True)

    assert response.status_code == 200
    assert response.mimetype == "text/html"
