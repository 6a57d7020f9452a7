"""Tells users' own systems what happens, by signed requests: at least once, and never in the way of
the pipeline.

The log's reader makes deliveries; each subscriber gets its own, some at a time, until there are
none left or one fails. So one that hangs keeps the others waiting for a single time-out at most.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
from datetime import timedelta
from typing import Any

import msgspec
import structlog

from domain.errors import SettingsError
from projections.container import Container
from projections.outbox import subscriptions
from projections.outbox.subscriptions import Due
from runners.gateways.http import Http, base_url
from runners.gateways.protocol import Unknown, Unreachable

log = structlog.get_logger()

AT_ONCE = 20
# Seconds that a subscriber has for its answer.
PATIENCE = 10.0
LEASE = timedelta(seconds=3 * PATIENCE)
SIGNATURE = "X-Sendtrail-Signature-256"


class Notifier:
    """Any number may run: a delivery belongs to whoever took it, for a while."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def run_once(self) -> int:
        """Tells all that there is to tell now; returns how many deliveries succeeded."""
        now = self.container.outreach.clock()
        while self.container.database.run("other", lambda c: subscriptions.fan_out(c, now)):
            pass
        return asyncio.run(self._tell())

    async def _tell(self) -> int:
        with self.container.database.transaction() as connection:
            found = subscriptions.every(connection)
        http = Http(PATIENCE)
        try:
            return sum(await asyncio.gather(*(self._all_of(http, s) for s in found if s.waiting)))
        finally:
            await http.close()

    async def _all_of(self, http: Http, subscription: Any) -> int:
        try:
            secret = self.container.secrets.read(subscription.ciphertext)["secret"]
        except SettingsError as error:  # a runner that ends would take the whole process along
            id_ = str(subscription.subscription_id)
            log.warning("notifier.no_secret", subscription_id=id_, reason=str(error))
            return 0
        total = 0
        while True:
            taken = await asyncio.to_thread(self._take, subscription)
            calls = (self._call(http, subscription, secret, due) for due in taken)
            errors = await asyncio.gather(*calls)
            failed = [(d, error) for d, error in zip(taken, errors, strict=True) if error]
            await asyncio.to_thread(self._settle, subscription, taken, failed)
            total += len(taken) - len(failed)
            if failed or not taken:
                return total

    def _take(self, subscription: Any) -> list[Due]:
        now = self.container.outreach.clock()
        return self.container.database.run(
            "other", lambda c: subscriptions.take(c, subscription, now, LEASE, AT_ONCE)
        )

    async def _call(self, http: Http, subscription: Any, secret: str, due: Due) -> str | None:
        """Why it failed; None if the subscriber has it, or there is nothing to tell."""
        if due.body is None:
            return due.error
        url = base_url({"base_url": subscription.url, "allow_http": subscription.allow_http})
        if url is None:
            return "its URL is not one to send this to"
        body = msgspec.json.encode({"id": due.delivery_id, **due.body})
        headers = {
            "X-Sendtrail-Event": due.event,
            "X-Sendtrail-Delivery": str(due.delivery_id),
            SIGNATURE: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        }
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await http.ask("POST", subscription.url, headers=headers, body=body)
        except TimeoutError:
            return f"no answer within {PATIENCE:g} seconds"
        if isinstance(answer, Unreachable | Unknown):
            return answer.reason
        return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"

    def _settle(self, subscription: Any, taken: list[Due], failed: list[tuple[Due, str]]) -> None:
        now, uniform = self.container.outreach.clock(), random.SystemRandom().uniform
        numbers = {due.notification_id for due, _ in failed}
        told = [d.notification_id for d in taken if d.notification_id not in numbers]
        again = [
            (due.notification_id, error, subscriptions.next_try(due.attempt, now, uniform))
            for due, error in failed
        ]
        self.container.database.run(
            "other",
            lambda c: subscriptions.settle(c, subscription.subscription_id, told, again),
        )
        if failed:
            log.warning(
                "notifier.failed",
                subscription_id=str(subscription.subscription_id),
                count=len(failed),
                reason=failed[0][1],
            )
