"""The contacts of a device's phone, imported as a file of people is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from domain.pairing import Contact
from projections.intake.files.layout import lay_out
from projections.intake.files.reader import PeopleFile
from projections.intake.files.tables import Row

# People of the book are the device's own: it is the number that they know.
HEADER = ("phone", "name", "device")


class _Book(msgspec.Struct, frozen=True):
    contacts: Sequence[Contact]
    device_id: UUID

    def rows(self) -> Iterator[Row]:
        """The contacts in their order; one without a phone says so."""
        for number, contact in enumerate(self.contacts, 1):
            if contact.phone is None:
                yield Row(
                    number, [], "a phone number, which WhatsApp does not tell of this contact"
                )
            else:
                yield Row(number, [contact.phone, contact.name.strip(), str(self.device_id)])


def contacts_file(contacts: Sequence[Contact], device_id: UUID) -> PeopleFile:
    """The contacts as rows, numbered from 1 in their order, of a file without a header."""
    return PeopleFile(_Book(contacts, device_id), 0, lay_out(HEADER, (), frozenset()))
