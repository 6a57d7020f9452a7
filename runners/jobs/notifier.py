"""The notifier: tells users' own systems what happens, by signed requests, at least once.

Deliveries are made from the log and never delay the sending of messages. Each subscriber gets its
own deliveries in batches, until none is left or one fails. So a subscriber that hangs delays the
others by one time-out at most.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import structlog

from domain.errors import SettingsError
from projections.config import metrics
from projections.container import Container
from projections.database.faults import outage
from projections.database.quarantined import reason
from projections.outbox import chatwoot, deliveries, signatures, subscriptions
from projections.outbox.deliveries import ClaimedDelivery
from runners.gateways.http import Http, base_url
from runners.gateways.protocol import Unknown, Unreachable
from runners.jobs.chatwoot import ChatwootDesk

log = structlog.get_logger()

# Deliveries to one subscriber at a time.
AT_ONCE = 20
# Seconds that a subscriber has for its response.
RESPONSE_SECONDS = 10.0
# How long a claimed delivery belongs to this process.
LEASE = timedelta(seconds=3 * RESPONSE_SECONDS)


class Notifier:
    """Any number may run: each claims deliveries, which belong to it for ``LEASE``."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def run_once(self) -> int:
        """Makes and sends every delivery that is due; returns how many succeeded."""
        now = self.container.outreach.clock()
        while self.container.database.run("other", lambda c: deliveries.fan_out(c, now)):
            pass
        return asyncio.run(self._deliver())

    async def _deliver(self) -> int:
        """Sends to all subscribers at the same time; returns how many deliveries succeeded."""
        with self.container.database.transaction() as connection:
            subscriptions.forget_former(connection, self.container.outreach.clock())
            all_subscriptions = subscriptions.every(connection)
        http = Http(RESPONSE_SECONDS, self.container.settings.allow_private_hosts)
        try:
            waiting = [each for each in all_subscriptions if each.waiting]
            results = await asyncio.gather(
                *(self._deliver_to(http, each) for each in waiting), return_exceptions=True
            )
            for subscription, result in zip(waiting, results, strict=True):
                if isinstance(result, BaseException):
                    _note_fault(subscription, result)
            return sum(result for result in results if isinstance(result, int))
        finally:
            await http.close()

    async def _deliver_to(self, http: Http, subscription: Any) -> int:
        """Sends to one subscriber, a row of ``subscriptions``, until nothing is due or a delivery
        fails; returns how many succeeded."""
        try:
            secrets = subscriptions.signing(
                subscription, self.container.secrets, self.container.outreach.clock()
            )
        except SettingsError as error:  # a fault of the runner would end the whole process
            self.container.refuse_replaced_key()
            id_ = str(subscription.subscription_id)
            log.warning("notifier.no_secret", subscription_id=id_, reason=str(error))
            return 0
        desk = self._desk(http, subscription)
        total = 0
        while True:
            claimed = await asyncio.to_thread(self._claim, subscription)
            calls = (self._post(http, subscription, secrets, due, desk) for due in claimed)
            errors = await asyncio.gather(*calls)
            failed = [(due, error) for due, error in zip(claimed, errors, strict=True) if error]
            await asyncio.to_thread(self._settle, subscription, claimed, failed)
            total += len(claimed) - len(failed)
            if failed or not claimed:
                return total

    def _claim(self, subscription: Any) -> list[ClaimedDelivery]:
        """The next deliveries of a subscriber, for ``LEASE``."""
        now = self.container.outreach.clock()
        # A conversation must not be begun twice, nor told in another order.
        limit = AT_ONCE if subscription.inbox_id is None else 1
        return self.container.database.run(
            "other", lambda c: deliveries.claim(c, subscription, now, LEASE, limit)
        )

    def _desk(self, http: Http, subscription: Any) -> ChatwootDesk | None:
        """What tells an inbox of Chatwoot; None for any other subscriber."""
        if subscription.inbox_id is None:
            return None
        return ChatwootDesk(
            http, self.container, subscription, chatwoot.token(subscription, self.container.secrets)
        )

    async def _post(
        self,
        http: Http,
        subscription: Any,
        secrets: Sequence[str],
        due: ClaimedDelivery,
        desk: ChatwootDesk | None,
    ) -> str | None:
        """Sends one delivery; returns why it failed, None if the subscriber has it or if there is
        nothing to tell. Whatever happens is a failure of this delivery: it is tried again later,
        and given up in the end."""
        try:
            if desk is not None:
                return await desk.tell(due)
            return await self._told(http, subscription, secrets, due)
        except Exception as error:
            return reason(error)

    async def _told(
        self, http: Http, subscription: Any, secrets: Sequence[str], due: ClaimedDelivery
    ) -> str | None:
        if due.body is None:
            return due.error
        url = base_url({"base_url": subscription.url, "allow_http": subscription.allow_http})
        if url is None:
            return "its URL is not one to send this to"
        body = msgspec.json.encode({"id": due.delivery_id, **due.body})
        headers = {
            "X-Sendtrail-Event": due.event,
            "X-Sendtrail-Delivery": str(due.delivery_id),
            **signatures.headers(secrets, due.delivery_id, self.container.outreach.clock(), body),
        }
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                response = await http.ask("POST", subscription.url, headers=headers, body=body)
        except TimeoutError:
            return f"no answer within {RESPONSE_SECONDS:g} seconds"
        if isinstance(response, Unreachable | Unknown):
            return response.reason
        return None if 200 <= response.status < 300 else f"HTTP {response.status}"

    def _settle(
        self,
        subscription: Any,
        claimed: list[ClaimedDelivery],
        failed: list[tuple[ClaimedDelivery, str]],
    ) -> None:
        """Records which of the claimed deliveries succeeded, and when the failed ones are due
        again."""
        now, uniform = self.container.outreach.clock(), random.SystemRandom().uniform
        failed_ids = {due.notification_id for due, _ in failed}
        delivered = [
            due.notification_id for due in claimed if due.notification_id not in failed_ids
        ]
        retries = [
            (due.notification_id, error, deliveries.next_try(due.attempt, now, uniform))
            for due, error in failed
        ]
        self.container.database.run(
            "other",
            lambda c: deliveries.settle(c, subscription.subscription_id, delivered, retries),
        )
        if failed:
            log.warning(
                "notifier.failed",
                subscription_id=str(subscription.subscription_id),
                count=len(failed),
                reason=failed[0][1],
            )


def _note_fault(subscription: Any, error: BaseException) -> None:
    """Tell of a fault that one subscription met, and let the others be told on time: a fault that
    is raised makes the runner wait. Raises what is nobody's own: an outage of the database."""
    if not isinstance(error, Exception) or outage(error) is not None:
        raise error
    metrics.runner_failed("notifier")
    id_ = str(subscription.subscription_id)
    log.error("notifier.fault", subscription_id=id_, reason=reason(error))
