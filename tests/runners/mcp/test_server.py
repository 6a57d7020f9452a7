"""``sendtrail mcp`` as an assistant starts it: over standard input and output, against a server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest
from mcp import Client, StdioServerParameters

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.application import application, served
from tests.support.api.client import Client as ApiClient
from tests.support.forks import ROOT
from tests.support.processes import environment, sendtrail

Ask = Callable[[Client], Coroutine[Any, Any, Any]]


def assisted(url: str, key: str, ask: Ask) -> Any:
    """What ``ask`` gives of a client that started ``sendtrail mcp``."""
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "runners.cli.main", "mcp"],
        env={**environment(url=url, api_key=key), "PYTHONPATH": str(ROOT)},
    )

    async def work() -> Any:
        async with Client(started, read_timeout_seconds=60) as client:
            return await ask(client)

    return asyncio.run(work())


async def called(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool gives; its words where it fails."""
    result = await client.call_tool(tool, arguments)
    text = "".join(part.text for part in result.content)
    return text if result.is_error else json.loads(text)


def test_an_assistant_reads_and_drafts_and_sends_nothing(
    container: Container, clock: SimulatedClock, operator: ApiClient
) -> None:
    given.device(operator)
    lead_id = given.lead(operator, 1, name="Aisyah", niche=["B1"])
    campaign_id = given.campaign(operator, niche=["B1"])
    when.triggers(container)
    when.broadcasts(container, clock)
    (message,) = operator.items("/messages")

    async def ask(client: Client) -> dict[str, Any]:
        tools = await client.list_tools()
        draft = await called(client, "draft_campaign", name="Later", body="Hi {name|there}")
        return {
            "tools": {tool.name: tool.annotations for tool in tools.tools},
            "people": await called(client, "find_people", opted_out=False),
            "why": await called(client, "why", message_id=message["id"]),
            "why_not": await called(
                client, "why_not", phone=given.phone(1), campaign_id=campaign_id
            ),
            "report": await called(client, "report", of="campaign", id=campaign_id),
            "draft": draft,
            "preview": await called(client, "preview_campaign", campaign_id=draft["id"]),
            "nobody": await called(client, "person", phone="+60129999999"),
            "without": await called(client, "report", of="campaign"),
        }

    with served(application(container)) as url:
        found = assisted(url, operator.key or "", ask)

    tools = found["tools"]
    assert {name for name, hints in tools.items() if not hints.read_only_hint} == {"draft_campaign"}
    assert [person["id"] for person in found["people"]["items"]] == [lead_id]
    assert found["why"]["message_id"] == message["id"]
    assert found["why_not"]["reason"] == "sent"
    assert found["report"]["audience"] == 1
    assert found["draft"]["status"] == "draft"
    assert found["preview"]["audience"] == 1
    assert len(operator.items("/messages")) == 1
    assert "nobody has that phone" in found["nobody"]
    assert "a report on a campaign needs its id" in found["without"]
    assert len(operator.items("/messages")) == 1


def test_an_assistant_sees_and_may_what_its_key_may(
    container: Container, viewer: ApiClient
) -> None:
    async def ask(client: Client) -> Any:
        return await called(client, "draft_campaign", name="Later", body="Hello")

    with served(application(container)) as url:
        refused = assisted(url, viewer.key or "", ask)
        unknown = assisted(url, "st_wrong", ask)

    assert "HTTP 403: expected a key of role operator" in refused
    assert "HTTP 401: " in unknown
    assert viewer.items("/campaigns") == []


def test_without_a_key_it_says_how_to_make_one() -> None:
    done = sendtrail("mcp")
    assert (done.returncode, done.stdout) == (1, "")
    assert "sendtrail keys create assistant --role viewer" in done.stderr


def test_a_server_that_does_not_answer_is_an_error_of_the_tool() -> None:
    async def ask(client: Client) -> Any:
        return await called(client, "why", message_id=str(UUID(int=1)))

    said = assisted("http://127.0.0.1:1", "st_key", ask)

    assert "the server at SENDTRAIL_URL does not answer: " in said


@pytest.mark.parametrize("url", ["http://crm.example", "ftp://127.0.0.1", "crm.example"])
def test_the_key_goes_nowhere_in_clear_text(url: str) -> None:
    done = sendtrail("mcp", url=url, api_key="st_key")
    assert done.returncode == 1
    assert "SENDTRAIL_URL: expected a URL with https" in done.stderr
