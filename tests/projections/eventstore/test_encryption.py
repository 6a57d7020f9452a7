"""Personal data in the log: readable with the lead's own key, and in no other way."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from domain import lead, suppression
from domain.addresses import Address
from domain.errors import AlreadyExistsError, StorageError, WrongStateError
from domain.event import Event
from domain.lead import events as leads
from domain.message.events import MessageSent
from projections.container import Container
from projections.eventstore import encryption, erasure
from projections.eventstore.mapper import decode
from projections.readmodels.projector import Row, changes, project
from projections.rebuild.rebuild import rebuild
from tests.support import given, then, when
from tests.support.samples import event

AISYAH, SITI, ADDRESS = UUID(int=1), UUID(int=2), UUID(int=3)
PROFILE = leads.Profile(name="Aisyah", niche=("B1",), attributes={"city": "Ipoh"})
STORY: tuple[Event, ...] = (
    event(leads.LeadRegistered, 1, of=AISYAH, phone="+60123", triggers=("HOT",), profile=PROFILE),
    event(leads.LeadUpdated, 2, of=AISYAH, profile=PROFILE),
    event(leads.LeadOptedOut, 3, of=AISYAH, evidence="Aisyah wrote STOP"),
    event(leads.LeadOptedIn, 4, of=AISYAH, evidence="Aisyah rang from +60123"),
    event(
        leads.LeadReplied,
        5,
        of=AISYAH,
        text="Aisyah here",
        provider_id="wamid.+60123",
        sender=Address("wa_id", "60123"),
    ),
    event(
        leads.LeadReplyEdited,
        6,
        of=AISYAH,
        text="Aisyah there",
        provider_id="wamid.+60123",
        edit_id="wamid.60123",
    ),
    event(leads.LeadAddressLearned, 7, of=AISYAH, address=Address("lid", "60123@lid")),
    event(
        leads.LeadContactedByHand,
        8,
        of=AISYAH,
        device_id=UUID(int=9),
        provider_id="wamid.60123",
        sent_at=datetime(2026, 3, 2, tzinfo=UTC),
    ),
    event(leads.LeadPhoneChanged, 9, of=AISYAH, phone="+601234", evidence="was +60123"),
    event(
        leads.LeadMessageComposed,
        10,
        of=AISYAH,
        message_id=UUID(int=8),
        device_id=UUID(int=9),
        body="Hello Aisyah",
        media_url="https://example.com/Aisyah.png",
    ),
    event(
        leads.LeadConsentGiven,
        11,
        of=AISYAH,
        purpose="marketing",
        source="form of Aisyah",
        words="Aisyah agrees",
        given_at=datetime(2026, 3, 2, tzinfo=UTC),
    ),
    event(leads.LeadConsentWithdrawn, 12, of=AISYAH, purpose="marketing", evidence="Aisyah rang"),
    event(
        suppression.AddressSuppressed,
        1,
        of=ADDRESS,
        address=Address("phone", "+60123"),
        evidence="Aisyah wrote STOP",
    ),
    event(suppression.AddressReleased, 2, of=ADDRESS, evidence="Aisyah wrote START"),
)
SECRETS = (b"60123", b"Aisyah", b"city", b"Ipoh")


def encoded(events: Sequence[Event]) -> list[Row]:
    return [
        (e.originator_id, e.originator_version, e.TOPIC, msgspec.json.encode(e)) for e in events
    ]


def encrypted(container: Container, *events: Event) -> list[Row]:
    """As they are stored; the keys are kept."""
    with container.database.transaction() as connection:
        return list(encryption.encrypt(connection, encoded(events)))


def opened(container: Container, *stored: Row) -> list[Event]:
    with container.database.transaction() as connection:
        clear = encryption.decrypt(connection, stored)
    return [decode(topic, state) for _, _, topic, state in clear]


def forged(row: Row, secret: object) -> Row:
    """The event with another ciphertext."""
    state = {**msgspec.json.decode(row[3]), "sealed": secret}
    return (*row[:3], msgspec.json.encode(state))


def keys(container: Container) -> list[tuple[UUID, bytes]]:
    return [(row.lead_id, bytes(row.key)) for row in then.table(container, "lead_keys")]


def test_every_personal_event_comes_back_as_it_was(container: Container) -> None:
    """What is stored says nothing; with the key it is the very same event."""
    assert {e.TOPIC for e in STORY} == set(encryption.PERSONAL)

    stored = encrypted(container, *STORY)

    found = [(row[2], secret) for row in stored for secret in SECRETS if secret in row[3]]
    assert found == []
    assert opened(container, *stored) == list(STORY)
    assert [owner for owner, _ in keys(container)] == [AISYAH, ADDRESS]


def test_the_same_words_are_never_the_same_ciphertext(container: Container) -> None:
    """Nobody can see that two leads have the same name, or that an old value came back."""
    again = event(leads.LeadUpdated, 13, of=AISYAH, profile=PROFILE)

    stored = encrypted(container, *STORY, again)

    nonces = {b64decode(msgspec.json.decode(row[3])["sealed"])[:12] for row in stored}
    secrets = {b64decode(msgspec.json.decode(row[3])["sealed"])[12:] for row in stored}
    assert (len(nonces), len(secrets)) == (15, 15)


def test_what_names_nobody_is_stored_as_it_is(container: Container) -> None:
    """No key is made for it, and none is asked for."""
    triggered = event(leads.LeadTriggered, 2, of=AISYAH, trigger="VIP")
    sent = event(MessageSent, 4, of=SITI, provider_id="wamid.1")

    stored = encrypted(container, triggered, sent)

    assert stored == encoded([triggered, sent])
    assert opened(container, *stored) == [triggered, sent]
    assert keys(container) == []


def test_without_its_key_an_event_is_blank(container: Container) -> None:
    """What happened, when, and what is not personal stays."""
    stored = encrypted(container, *STORY)
    with container.database.transaction() as connection:
        erasure.erase(connection, [AISYAH], [], [])

    blank = leads.Profile(name="", niche=("B1",), attributes={})
    assert opened(container, *stored) == [
        event(leads.LeadRegistered, 1, of=AISYAH, phone="", triggers=("HOT",), profile=blank),
        event(leads.LeadUpdated, 2, of=AISYAH, profile=blank),
        event(leads.LeadOptedOut, 3, of=AISYAH, evidence=""),
        event(leads.LeadOptedIn, 4, of=AISYAH, evidence=""),
        event(leads.LeadReplied, 5, of=AISYAH, text="", provider_id=""),
        event(leads.LeadReplyEdited, 6, of=AISYAH, text="", provider_id="", edit_id=""),
        event(leads.LeadAddressLearned, 7, of=AISYAH, address=Address("phone", "")),
        event(
            leads.LeadContactedByHand,
            8,
            of=AISYAH,
            device_id=UUID(int=9),
            provider_id="",
            sent_at=datetime(2026, 3, 2, tzinfo=UTC),
        ),
        event(leads.LeadPhoneChanged, 9, of=AISYAH, phone="", evidence=""),
        replace(STORY[9], body="", media_url=None),
        replace(STORY[10], source="", words=""),
        replace(STORY[11], evidence=""),
        # What an address said is not the lead's, and has a key of its own.
        *STORY[12:],
    ]


def test_a_ciphertext_fits_no_other_event(container: Container) -> None:
    """Neither an earlier one of the same person nor one of somebody else."""
    updates = [event(leads.LeadUpdated, v, of=AISYAH, profile=PROFILE) for v in (2, 3)]
    other = event(
        leads.LeadRegistered, 1, of=SITI, phone="+60199", triggers=(), profile=leads.Profile()
    )
    first, second, third, siti = encrypted(container, STORY[0], *updates, other)
    secret_of = {row: msgspec.json.decode(row[3])["sealed"] for row in (first, second)}

    for place, taken, who in ((third, second, AISYAH), (siti, first, SITI)):
        expected = f"event {place[1]} of lead {who} was altered"
        with pytest.raises(StorageError, match=expected):
            opened(container, forged(place, secret_of[taken]))


@pytest.mark.parametrize("place", [0, 11, 12, 20, -1])
def test_an_altered_ciphertext_is_refused(container: Container, place: int) -> None:
    """One bit of the nonce, of the text, or of the tag."""
    (row,) = encrypted(container, STORY[0])
    secret = bytearray(b64decode(msgspec.json.decode(row[3])["sealed"]))
    secret[place] ^= 1

    with pytest.raises(StorageError, match=f"event 1 of lead {AISYAH} was altered") as caught:
        opened(container, forged(row, b64encode(secret).decode()))

    assert "Aisyah" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "AAAA", "no base64", 7, None, []])
def test_what_is_no_ciphertext_is_refused(container: Container, secret: object) -> None:
    """Somebody wrote something else there; null is not "never encrypted"."""
    (row,) = encrypted(container, STORY[1])

    with pytest.raises(StorageError, match=f"event 2 of lead {AISYAH} was altered"):
        opened(container, forged(row, secret))


def test_who_registers_the_same_phone_at_once_gets_one_key(container: Container) -> None:
    """One wins; with the key that is kept its event can be read, and changed later."""

    def register(name: str) -> str:
        try:
            given.lead(container, name=name)
        except AlreadyExistsError:
            return "known"
        return name

    found = when.at_once(*(lambda n=n: register(f"Aisyah {n}") for n in range(4)))

    (winner,) = set(found) - {"known"}
    (registered,) = then.events(container, "lead.registered")
    assert found.count("known") == 3
    assert (registered.phone, registered.profile.name) == ("+60120000001", winner)
    assert [owner for owner, _ in keys(container)] == [registered.originator_id]


def test_what_a_person_does_later_is_sealed_with_the_same_key(container: Container) -> None:
    """Each in a transaction of its own."""
    person = given.lead(container, name="Aisyah")
    before = keys(container)
    container.outreach.update_lead(person, lead.profile(name="Siti"), actor="api:sales")
    container.outreach.opt_out(person, "by letter", actor="api:sales")
    container.outreach.opt_in(person, "by phone", actor="api:sales")
    when.replies(container, person, "Hello?", "in.1")

    _, updated, out, back, reply = then.events(container, of=person)
    assert keys(container) == before
    assert (updated.profile.name, out.evidence, back.evidence) == ("Siti", "by letter", "by phone")
    assert (reply.text, reply.provider_id) == ("Hello?", "in.1")
    stored = b"".join(bytes(row.state) for row in then.table(container, "stored_events"))
    assert [w for w in (b"Aisyah", b"Siti", b"letter", b"Hello", b"in.1") if w in stored] == []


def test_what_an_earlier_version_stored_in_the_clear_still_loads(container: Container) -> None:
    """It is read, rebuilt and gone on with; what comes after it is encrypted."""
    with container.database.transaction() as connection:
        project(connection, changes(encoded(STORY))).write(connection)
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, %s, %s, %s)",
            [(str(row[0]), *row[1:]) for row in encoded(STORY)],
        )

    assert then.events(container) == list(STORY)
    assert container.outreach.get_lead(AISYAH).profile == PROFILE
    assert {why for why in rebuild(container.database).values() if why} == set()

    container.outreach.update_lead(AISYAH, lead.profile(name="Siti"), actor="api:sales")

    assert AISYAH in [owner for owner, _ in keys(container)]
    assert container.outreach.get_lead(AISYAH).profile.name == "Siti"
    assert b"Siti" not in bytes(then.table(container, "stored_events")[-1].state)


def test_a_change_that_an_erasure_overtakes_is_refused(container: Container) -> None:
    """The lead was read, erased by somebody else, and is to be changed: nothing of that is kept,
    and no key comes back."""
    person = given.lead(container, name="Aisyah")

    def erased_meanwhile(present: leads.Profile) -> leads.Profile:
        container.outreach.erase_lead(person, actor="api:boss")
        return lead.profile(name="Siti")

    with pytest.raises(WrongStateError, match="erased"):
        container.outreach.update_lead(person, erased_meanwhile, actor="api:sales")

    assert then.topics(container, person) == ["lead.registered", "lead.erased"]
    assert keys(container) == []
