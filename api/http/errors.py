"""Every error as JSON in the shape of flask-smorest: code, status, message, errors; and of a wrong
request ``fields``, the same as one flat list."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from api.http import first_error, paths
from domain.errors import (
    AlreadyExistsError,
    BusyError,
    ConflictError,
    CycleError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    PendingMessagesError,
    ProviderError,
    SendtrailError,
    SettingsError,
    StorageError,
    ThrottledError,
    UnderWayError,
    UnsupportedError,
    WrongStateError,
    place,
)
from projections.database import faults

log = structlog.get_logger()

ErrorBody = dict[str, Any]
# With its HTTP status and headers.
ErrorResponse = tuple[ErrorBody, int, dict[str, str]]
# Seconds after which a client should ask again that met an outage of the database.
RETRY_AFTER = 5


def install(app: Flask, api: Any) -> None:
    """Makes ``app`` and ``api`` answer every exception in that shape: the domain's errors with the
    status that fits, an outage of the database with 503, any other exception with 500."""

    @app.errorhandler(SendtrailError)
    def sendtrail_error(error: SendtrailError) -> ErrorResponse:
        match error:
            case CycleError():
                return _error(409, "Conflict", str(error), _wrong_field(error))
            case InvalidInputError():
                return _error(422, "Unprocessable Entity", str(error), _wrong_field(error))
            case NotFoundError():
                return _error(404, "Not Found", str(error))
            case NotAllowedError():
                return _error(403, "Forbidden", str(error))
            case WrongStateError():
                return _error(409, "Conflict", str(error), {"state": error.state})
            case AlreadyExistsError():
                existing = {"id": str(error.existing_id)}
                return _error(409, "Conflict", str(error), existing)
            case PendingMessagesError():
                return _error(409, "Conflict", str(error), {"pending": error.pending})
            case UnderWayError():
                body, code, headers = _error(409, "Conflict", str(error), {"state": "under_way"})
                return body, code, {**headers, "Retry-After": "1"}
            case ThrottledError():
                until = {"state": "throttled", "until": error.until.isoformat()}
                return _error(409, "Conflict", str(error), until)
            case ConflictError() | UnsupportedError():
                return _error(409, "Conflict", str(error))
            case ProviderError():
                return _error(502, "Bad Gateway", str(error))
            case StorageError() | BusyError():
                return _unavailable(str(error))
            case SettingsError():
                return _error(503, "Service Unavailable", str(error))
            case _:
                return _error(500, "Internal Server Error", str(error))

    @app.errorhandler(HTTPException)
    @app.errorhandler(Exception)
    def fault(error: Exception) -> Any:
        if isinstance(error, HTTPException):
            body, code, headers = api.handle_http_exception(error)
            if "errors" not in body and (of_path := paths.errors(error)):
                body["errors"] = of_path
            if "message" not in body:
                said = first_error.sentence(body.get("errors", {}))
                body["message"] = said or paths.message(error) or error.description
            if code == HTTPStatus.UNPROCESSABLE_ENTITY:
                body["fields"] = first_error.listed(body)
            if isinstance(error, MethodNotAllowed) and error.valid_methods:
                headers["Allow"] = ", ".join(error.valid_methods)
            return body, code, headers
        if faults.is_unreadable(error):
            log_fault(error)
            return _error(503, "Service Unavailable", faults.UNREADABLE)
        if outage := faults.outage(error):
            log.warning("database.outage", error=type(error).__name__, outage=outage)
            return _unavailable(f"{outage}; try again")
        log_fault(error)
        return _error(500, "Internal Server Error", "a fault of ours; it was logged")


def _wrong_field(error: InvalidInputError) -> dict[str, Any]:
    """The field under where it was given, as flask-smorest names the errors of schemas."""
    given = re.split(r"[.\[]", error.field)[0]
    location = "query" if request.method == "GET" or given in request.args else "json"
    return {location: {error.field: [f"Expected {error.expected}."]}}


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, or may not be used."""
    return isinstance(error, StorageError) or bool(faults.outage(error))


def log_fault(error: BaseException) -> None:
    """Logs the kind and the place of an exception. Its text may hold personal data."""
    log.error("request.failed", error=type(error).__name__, where=place(error))


def _error(
    code: int, status: str, message: str, errors: dict[str, Any] | None = None
) -> ErrorResponse:
    body: ErrorBody = {"code": code, "status": status, "message": message}
    if errors is not None:
        body["errors"] = errors
    if code == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["fields"] = first_error.listed(body)
    return body, code, {}


def _unavailable(message: str) -> ErrorResponse:
    body, code, headers = _error(503, "Service Unavailable", message)
    return body, code, {**headers, "Retry-After": str(RETRY_AFTER)}
