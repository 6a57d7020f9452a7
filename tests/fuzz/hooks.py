"""What Schemathesis is told about this API. It loads this file by its path."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import AllowHeaderMismatch

from api.http.idempotency import HEADER, LONGEST
from tests.fuzz.real_values import swap

_ids: dict[str, list[str]] = json.loads(Path(os.environ["FUZZ_IDS"]).read_text())
_statuses: Counter[int] = Counter()
_number = count()
# Ids of what was made in this run: Schemathesis itself asks for these again.
_made: set[str] = set()


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Without ids that there are, hardly a request would find anything, and with the idempotency
    key of another request none does. What is meant to be wrong stays so."""
    right = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict):
            swap(values, _ids, keep=_made, right=right)
    key = case.headers.get(HEADER)
    number = next(_number)
    if key is not None and len(key) < LONGEST - 9 and number % 4:
        case.headers[HEADER] = f"{key}{number}"


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Counts, and remembers what was made."""
    _statuses[response.status_code] += 1
    if response.status_code == 201:
        _made.add(response.json()["id"])


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Meta's question comes to a path that is also one of all providers', who POST to it. What is
    wrong and too long for an address as well is refused for that."""
    meta = case.operation.path.startswith("/webhooks/cloud/")
    too_long = response.status_code == HTTPStatus.REQUEST_URI_TOO_LONG
    return not (
        (meta and isinstance(failure, AllowHeaderMismatch))
        or (too_long and isinstance(failure, AcceptedNegativeData))
    )


@atexit.register
def _tell() -> None:
    Path(os.environ["FUZZ_TALLY"]).write_text(json.dumps(_statuses))
