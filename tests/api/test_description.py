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
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.real_values import swap
from tests.support.api.client import Client

EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# Keys are tested elsewhere: here every request has the right one.
CONFIG = {"generation": {"with-security-parameters": False}}


def test_the_api_is_what_its_description_says(
    app: Flask, administrator: Client, ids: dict[str, str]
) -> None:
    """Whatever is sent, right or wrong: no fault of ours, no undocumented status, and answers of
    the shape that was promised; what is wrong is refused. ``make fuzz`` asks more."""
    known = {name: [value] for name, value in ids.items()}
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
            right = mode is GenerationMode.POSITIVE
            for values in (case.path_parameters, case.query, case.body):
                if isinstance(values, dict):
                    swap(values, known, keep=(), right=right)
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
    assert {200, 201, 404, 409, 422} <= statuses.keys()
    assert statuses.keys() <= {200, 201, 204, 400, 403, 404, 409, 415, 422}
