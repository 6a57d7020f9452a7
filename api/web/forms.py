"""What pages that change something share."""

from __future__ import annotations

import secrets

from flask import abort, g, request

from api.web.asking import ApiError
from projections.records.api_keys import Role

# The field that makes a form the same change, however often it is sent.
ONCE = "once"
# Refusals that a person mends in the form; whatever else is refused has a page of its own.
IN_FORM = (409, 422)


def may(role: Role) -> bool:
    """Whether who is signed in may do what needs ``role``. A button that would be refused is not
    shown."""
    return g.get("key") is not None and g.key.may(role)


def need(role: Role) -> None:
    """403 for a page that only changes something, unless who is signed in may."""
    if not may(role):
        abort(403, f"This needs a key of role {role} or above.")


def once() -> str:
    """The value of ``ONCE`` in a form that is shown now."""
    return secrets.token_urlsafe(12)


def once_given() -> str:
    """The value that the form was sent with."""
    return request.form.get(ONCE, "")


def mendable(error: ApiError) -> ApiError:
    """The refusal, to be shown in the form. Raises it where the form cannot mend it."""
    if error.status not in IN_FORM:
        raise error
    return error
