"""The examples of docs/examples that other programs read ask for what the API describes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from api import create_app

WORKFLOW = Path(__file__).parents[1] / "docs" / "examples" / "n8n" / "lead-and-reply.json"
SERVER = "https://sendtrail.example.com"


def test_the_n8n_workflow_asks_for_paths_that_there_are() -> None:
    workflow: dict[str, Any] = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    paths = create_app().test_client().get("/openapi.json").get_json()["paths"]
    requests = [
        (node["parameters"]["method"].lower(), _template(node["parameters"]["url"]))
        for node in workflow["nodes"]
        if node["type"] == "n8n-nodes-base.httpRequest"
    ]

    assert requests == [("post", "/api/v1/leads"), ("get", "/api/v1/leads/{lead_id}")]
    assert [path for method, path in requests if method not in paths.get(path, {})] == []


def test_the_n8n_workflow_connects_nodes_that_there_are() -> None:
    workflow: dict[str, Any] = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    names = [node["name"] for node in workflow["nodes"]]
    ends = [
        end["node"]
        for outputs in workflow["connections"].values()
        for output in outputs["main"]
        for end in output
    ]

    assert len(names) == len(set(names))
    assert {*workflow["connections"], *ends} == set(names)


def _template(url: str) -> str:
    """The path with the names of the description in the place of n8n's expressions."""
    path = url.removeprefix("=").removeprefix(SERVER)
    return re.sub(r"\{\{ \$json\.body\.data\.(\w+) \}\}", r"{\1}", path)
