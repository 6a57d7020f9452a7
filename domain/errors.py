"""One error root; every error says what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

# What goes by a segment and is told by name, where it is in the way of a deletion.
MOST_NAMED = 5


class SendtrailError(Exception):
    """Root of every error that Sendtrail raises on purpose. Its text is safe to show and to log."""


class InvalidInputError(SendtrailError):
    """A value that a command cannot accept.

    ``field`` names the value as the caller wrote it; ``expected`` says what would have been right.
    The offending value itself is never repeated: it may be personal.
    """

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


class CycleError(InvalidInputError):
    """A sequence that would close a cycle of sequences without any delay. Each of them is right by
    itself: only what else there is stands against it."""


class WrongStateError(SendtrailError):
    """A transition that the aggregate's present state does not allow.

    ``what`` is the aggregate's kind, ``state`` its status, and ``wanted`` the refused verb.
    """

    def __init__(self, what: str, state: str, wanted: str) -> None:
        super().__init__(f"cannot {wanted} this {what}: it is {state}")
        self.what = what
        self.state = state


class NotAllowedError(SendtrailError):
    """Somebody else may do ``what``, but not this actor."""

    def __init__(self, what: str) -> None:
        super().__init__(f"you cannot {what}")


class ErasedError(WrongStateError):
    """The phone is of a person who was erased."""

    def __init__(self) -> None:
        super().__init__("phone", "erased", "register")
        self.args = (
            "the person with this phone was erased: registering anew needs renewed_consent,"
            " with its evidence",
        )


class NotFoundError(SendtrailError):
    """Nothing of the kind ``what`` has that id or name."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"no {what} {key}")
        self.what = what


class AlreadyExistsError(SendtrailError):
    """What was to be created exists already; ``existing_id`` is its id."""

    def __init__(self, what: str, existing_id: object) -> None:
        super().__init__(f"this {what} exists already: {existing_id}")
        self.what = what
        self.existing_id = existing_id


class NameTakenError(AlreadyExistsError):
    """The name cannot be told from that of another key, whose it is for ever."""

    def __init__(self, name: str, *, is_revoked: bool) -> None:
        super().__init__("key", name)
        if is_revoked:
            self.args = (f"this name belonged to a key that was revoked: {name}",)


class LastAdminError(WrongStateError):
    """Without this key nobody could make another one over HTTP."""

    def __init__(self) -> None:
        super().__init__("key", "last_admin", "revoke")
        self.args = (
            "cannot revoke this key: it is the last one of role admin; make another one first,"
            " or use sendtrail keys on the machine",
        )


class UnsupportedError(SendtrailError):
    """What was asked for is not to be had here: of this gateway, or with these settings."""


class ProviderError(SendtrailError):
    """A provider was asked something, and did not answer or refused."""


class PendingMessagesError(SendtrailError):
    """So many messages wait on a device that is to be retired: somebody has to say what becomes of
    them."""

    def __init__(self, pending: int) -> None:
        wait = "message waits" if pending == 1 else "messages wait"
        super().__init__(
            f"{pending} {wait} on this device: expected move_to, another device or any, or cancel"
        )
        self.pending = pending


class SegmentInUseError(WrongStateError):
    """A segment that something goes by cannot be deleted. ``users`` are what does, each as its
    kind, its id, its name and its status."""

    def __init__(self, users: Sequence[tuple[str, object, str, str]]) -> None:
        super().__init__("segment", "in_use", "delete")
        named = [
            f"the {kind} {name!r} ({id_}), which is {status}" for kind, id_, name, status in users
        ]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        verb = "names" if len(named) == 1 else "name"
        self.args = (
            f"cannot delete this segment: {'; '.join(named[:MOST_NAMED])}{more}, {verb} it",
        )


class ThrottledError(SendtrailError):
    """A device may not send before the instant ``until``, which is aware."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"this device may not send before {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


class ConflictError(SendtrailError):
    """Others changed the aggregate again and again: the command gave up and wrote nothing."""


class UnderWayError(ConflictError):
    """The same request is being done at this moment: its answer is to be had a little later."""


class BusyError(SendtrailError):
    """As much of this as may be done at once is being done."""


class SettingsError(SendtrailError):
    """A setting that is missing or malformed."""


class StorageError(SendtrailError):
    """The database cannot be used: it does not answer, or it is not what it should be."""


def place(error: BaseException) -> str:
    """File and line that raised the exception. Its text may hold personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
