"""Hands replies over to an inbox of Chatwoot, of the kind "API", in a conversation per person.

Source: Chatwoot's application API (developers.chatwoot.com: contacts, conversations, messages).
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from projections.container import Container
from projections.outbox import chatwoot
from projections.outbox.chatwoot import Person
from projections.outbox.deliveries import ClaimedDelivery
from runners.gateways.http import Http, HttpResponse, base_url, header_value

# Seconds for all requests of one reply. A delivery is claimed for longer.
SECONDS = 20.0
# Bytes. A search may find many contacts.
LONGEST = 1024 * 1024
# What stands for a reply without words, such as a picture: Chatwoot takes no empty message.
NO_WORDS = "[no text]"

_TAKEN = 422
_GONE = 404


class _RefusedError(Exception):
    """Chatwoot refused, or did not answer. The text is what is recorded."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class ChatwootDesk:
    """Tells one inbox. ``subscription`` is its row of ``subscriptions.every``."""

    def __init__(self, http: Http, container: Container, subscription: Any, token: str) -> None:
        self.container = container
        self._http = http
        self._subscription = subscription
        self._id: UUID = subscription.subscription_id
        self._headers = {"api_access_token": header_value(token)}

    async def tell(self, due: ClaimedDelivery) -> str | None:
        """Hands over the reply of a delivery; returns why that failed, None if it is there or if
        there is nothing to hand over."""
        if due.body is None:
            return due.error
        data = due.body["data"]
        person = await asyncio.to_thread(self._person, data["lead_id"])
        if person is None:
            return None
        try:
            async with asyncio.timeout(SECONDS):
                await self._hand_over(person, str(data["text"]).strip() or NO_WORDS)
        except TimeoutError:
            return f"no answer within {SECONDS:g} seconds"
        except _RefusedError as error:
            return str(error)
        return None

    async def _hand_over(self, person: Person, text: str) -> None:
        conversation = person.conversation_id
        if conversation is not None:
            try:
                await self._say(conversation, text)
            except _RefusedError as error:
                # Somebody deleted it there; any other refusal is one of the message.
                if error.status != _GONE:
                    raise
            else:
                return
        conversation = await self._begin(person)
        await asyncio.to_thread(self._keep, person.lead_id, conversation)
        await self._say(conversation, text)

    async def _say(self, conversation: int, text: str) -> None:
        message = {"content": text, "message_type": "incoming", "private": False}
        await self._ask("POST", f"conversations/{conversation}/messages", message)

    async def _begin(self, person: Person) -> int:
        """The id of a new conversation with the person."""
        contact = await self._contact(person)
        begun = await self._ask(
            "POST",
            "conversations",
            {
                "source_id": str(person.lead_id),
                "inbox_id": self._subscription.inbox_id,
                "contact_id": contact,
                "status": "open",
            },
        )
        return _id_of(begun)

    async def _contact(self, person: Person) -> int:
        """The id of the contact with the person's phone: one that is there already, such as one
        that somebody made by hand, or a new one."""
        known = await self._known(person)
        if known is not None:
            return known
        new = {
            "inbox_id": self._subscription.inbox_id,
            "name": person.name or person.phone,
            "phone_number": person.phone,
            "identifier": str(person.lead_id),
        }
        try:
            made = await self._ask("POST", "contacts", new)
        except _RefusedError as error:
            # Somebody else has just made it.
            known = await self._known(person) if error.status == _TAKEN else None
            if known is None:
                raise
            return known
        payload = made.get("payload")
        return _id_of(payload.get("contact") if isinstance(payload, dict) else None)

    async def _known(self, person: Person) -> int | None:
        found = await self._ask("GET", f"contacts/search?{urlencode({'q': person.phone})}")
        payload = found.get("payload")
        for contact in payload if isinstance(payload, list) else ():
            if isinstance(contact, dict) and contact.get("phone_number") == person.phone:
                return _id_of(contact)
        return None

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        row = self._subscription
        base = base_url({"base_url": row.url, "allow_http": row.allow_http})
        if base is None:
            raise _RefusedError("its URL is not one to send this to")
        url = f"{base}/api/v1/accounts/{row.account_id}/{path}"
        response = await self._http.ask(
            method, url, headers=self._headers, json=body, longest=LONGEST
        )
        if not isinstance(response, HttpResponse):
            raise _RefusedError(response.reason)
        if not 200 <= response.status < 300:
            raise _RefusedError(f"HTTP {response.status}", response.status)
        return response.json

    def _person(self, lead_id: UUID) -> Person | None:
        with self.container.database.transaction() as connection:
            return chatwoot.person(connection, self._id, lead_id)

    def _keep(self, lead_id: UUID, conversation: int) -> None:
        with self.container.database.transaction() as connection:
            chatwoot.keep(connection, self._id, lead_id, conversation)


def _id_of(found: Any) -> int:
    number = found.get("id") if isinstance(found, dict) else None
    if type(number) is not int:
        raise _RefusedError("an answer without an id")
    return number
