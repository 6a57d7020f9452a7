"""Schemathesis asks for what /openapi.json describes, rightly and wrongly, and reads the answers
as a generated client would."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.operations import quarantined

EXAMPLES = 5
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
# Keys are tested elsewhere: here every request has the right one.
CONFIG = {"generation": {"with-security-parameters": False}}


def _ids(container: Container, clock: SimulatedClock, client: Client) -> dict[str, str]:
    """One of each, by the name of its parameter, so that not everything is "not found"."""
    device_id = given.device(client, settings={"fail_rate": 1})
    lead_id = given.lead(client, name="Aisyah", triggers=["COLD"])
    sequence_id = given.sequence(client)
    campaign_id = given.campaign(client)
    when.triggers(container)
    when.enrolls(container)
    when.broadcasts(container, clock)
    (message,) = client.items("/messages", status="failed")
    quarantined(container, "lead", lead_id)
    return {
        "device_id": device_id,
        "lead_id": lead_id,
        "sequence_id": sequence_id,
        "campaign_id": campaign_id,
        "message_id": message["id"],
        "quarantined_id": lead_id,
        "number": "1",
    }


def test_the_api_is_what_its_description_says(
    container: Container, clock: SimulatedClock, app: Flask, administrator: Client
) -> None:
    """Whatever is sent, right or wrong: no fault of ours, no undocumented status, and answers of
    the shape that was promised."""
    ids = _ids(container, clock, administrator)
    config = schemathesis.Config.from_dict(CONFIG)
    description = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    headers = {"Authorization": f"Bearer {administrator.key}"}
    statuses: Counter[int] = Counter()
    broken: dict[str, str] = {}

    def ask(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def examples(case: Case) -> None:
            if mode is GenerationMode.POSITIVE:
                for name in case.path_parameters.keys() & ids.keys():
                    case.path_parameters[name] = ids[name]
            response = case.call_and_validate(headers=headers, checks=CHECKS)
            statuses[response.status_code] += 1

        examples()

    for result in description.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                ask(operation, mode)
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE  # nothing is sent that could be wrong
            except AssertionError as error:
                broken[f"{operation.label} {mode.value}"] = str(error)
            except BaseExceptionGroup as errors:
                broken[f"{operation.label} {mode.value}"] = str(errors.exceptions)

    assert broken == {}
    assert {200, 201, 404, 409, 422} <= statuses.keys() <= {200, 201, 400, 404, 403, 409, 415, 422}
