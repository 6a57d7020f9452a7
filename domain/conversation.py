"""What follows for a person, and for all that was planned for the person, from what is said.

A conversation is with one lead, whose past may include leads that were merged into it. Several
things may be said in one transaction; each is decided upon the state that the one before it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import lead, message, suppression, values
from domain.addresses import Address
from domain.content import Content
from domain.event import Event
from domain.inbound import Reply
from domain.lead import Agreed, Lead
from domain.lead.events import OptInVia, OptOutVia
from domain.meeting import Meetings
from domain.message import Message
from domain.message.events import MessageScheduled
from domain.person_plans import PersonPlans
from domain.phones import canonical
from domain.reply_wishes import Heard, agreed_to, evidence_of, wished
from domain.suppression import Suppression
from domain.surroundings import Surroundings

# Providers call a person by three or four. Each is compared with all.
MOST_ADDRESSES = 100


class Conversation(PersonPlans):
    """``events``, which several conversations may share, grows with every decision; ``lead`` is the
    person's state after them."""

    def __init__(
        self,
        state: Lead,
        around: Surroundings,
        *,
        now: datetime,
        actor: str,
        events: list[Event] | None = None,
    ) -> None:
        super().__init__(state, around, {"now": now, "actor": actor}, events)
        self.last = around.last
        self.known = set(around.known)
        self.suppressed = {} if around.suppressed is None else around.suppressed
        # Who has met the person; everybody could have, unless the caller knows better.
        self.meetings = Meetings()
        # When the person said no last, though she was opted out already, as far as it is known.
        self.latest_no: datetime | None = None
        self.now = now
        # When what is said came in, where the person's own instant is not known.
        self.came_at = now

    def opt_out(self, evidence: str, via: OptOutVia = "operator", **facts: Any) -> None:
        """The person must not be written to: nothing that was planned is sent. ``facts`` are
        further arguments of ``lead.opt_out``."""
        evidence = values.cleaned(evidence) if evidence.strip() else via
        if via in ("reply", "platform") and self.last is not None:
            facts.setdefault("message_id", self.last.message_id)
        self._add(lead.opt_out(self.lead, evidence, via, **facts, **self.by))
        if self.lead.opted_out_at is None:
            return
        # The person decides once: what the past has heard before and after does not count.
        for name in ("said_at", "message_id"):
            facts.pop(name, None)
        for place, other in enumerate(self.merged):
            if other.erased_at is None:
                events = lead.opt_out(other, evidence, via, **facts, **self.by)
                self.merged[place] = self._follow(other, events)
        self.stop_all("opted_out")

    def opt_in(self, evidence: str, via: OptInVia = "operator", **facts: Any) -> None:
        """The person may be written to again. Nothing that was cancelled comes back."""
        self._add(lead.opt_in(self.lead, evidence, via, **facts, **self.by))
        if self.lead.opted_out_at is not None:
            return
        for place, other in enumerate(self.merged):
            if other.opted_out_at is not None and other.erased_at is None:
                because: OptInVia = "operator" if via == "platform" else via
                events = lead.opt_in(other, evidence, because, **self.by)
                self.merged[place] = self._follow(other, events)
        keys = {address.key for address in self.known}
        for name, said in sorted(self.suppressed.items()):
            if said.address.key in keys:
                self._release(name, evidence)

    def update(self, profile: lead.Profile, triggers: Sequence[str]) -> None:
        """Replace what is known, and add ``triggers``; on another clock other windows are open."""
        former = self.lead.profile
        self._add(lead.update(self.lead, profile, **self.by))
        if profile.device_id is not None and profile.device_id != former.device_id:
            self.heed_devices([profile.device_id])
        if self.lead.profile.timezone != former.timezone:
            for event in message.look_again(self.unsent.values(), **self.by):
                self._plan(self.unsent[event.originator_id], event)
        for trigger in triggers:
            self._add(lead.add_trigger(self.lead, trigger, **self.by))

    def write_from(self, device_of: Callable[[Message], UUID | None]) -> int:
        """Let the devices that ``device_of`` gives write what is pending for the person. What is
        processing stays, as does that for which it gives None. Returns how many messages moved."""
        count = 0
        for state in [each for each in self.unsent.values() if each.status == "pending"]:
            device_id = device_of(state)
            if device_id is not None and device_id != state.device_id:
                self.heed_devices([device_id])
                if state.id not in self.unsent:
                    break
                self._plan(state, message.move(state, device_id, **self.by))
                count += 1
        return count

    def write(self, written: Content, device_id: UUID) -> MessageScheduled:
        """Somebody writes to the person through the device. Raises WrongStateError where the person
        said no to that device before."""
        self.heed_devices([device_id])
        version = self.lead.version + 1
        planned = message.schedule_composed(self.lead.id, version, device_id, **self.by)
        composed = lead.compose(self.lead, written, planned.originator_id, device_id, **self.by)
        self._add((composed,))
        self.events.append(planned)
        return planned

    def reply(
        self, item: Reply, quoted: UUID | None, through: Mapping[str, Any], heard: Heard
    ) -> None:
        """Record what the person wrote, and do as it says.

        ``quoted`` is our message that it quotes. ``through`` has the ``reply_id``, and the
        ``device_id`` and ``gateway`` that it came through.
        """
        at = min(item.at or self.came_at, self.now)
        automatic = self._is_automatic(at, heard)
        facts = {
            "message_id": quoted or (self.last.message_id if self.last else None),
            "kind": item.kind,
            "automatic": automatic,
            "sent_at": item.at,
            "sender": item.sender[0] if item.sender else None,
        }
        said = lead.reply(self.lead, item.text, item.provider_id, **facts, **through, **self.by)
        self._add(said)
        if said:
            self._follow_reply(item, at, through, heard)
            agreed = None if automatic else agreed_to(item, at, heard)
            if agreed is not None:
                self.agree(agreed, through["reply_id"])

    def agree(self, agreed: Agreed, reply_id: UUID | None = None) -> None:
        """The person agreed to that, by the reply if there is one."""
        self._add(lead.give_consent(self.lead, agreed, reply_id=reply_id, **self.by))

    def say_again(self, item: Reply, through: Mapping[str, Any], heard: Heard) -> None:
        """Do as a reply says that is recorded already, in the same words, and was meant anew."""
        self.reached(None, through["device_id"])
        self._follow_reply(item, min(item.at or self.came_at, self.now), through, heard)

    def _follow_reply(
        self, item: Reply, at: datetime, through: Mapping[str, Any], heard: Heard
    ) -> None:
        self._heed(item, at, through, heard)
        if not self._is_automatic(at, heard):
            self._stop("replied", lambda r: r.stop_on_reply and not r.began_after(at))

    def _is_automatic(self, at: datetime, heard: Heard) -> bool:
        return self.last is not None and self.last.is_answered(at, heard.automatic_within)

    def edit(self, item: Reply, through: Mapping[str, Any], heard: Heard) -> None:
        """Replace the words of an earlier reply, and do as the new ones say."""
        at = min(item.at or self.came_at, self.now)
        named = (item.text, item.edits, item.provider_id)
        self._add(lead.edit_reply(self.lead, *named, through["device_id"], **self.by))
        self.reached(None)
        self._heed(item, at, through, heard)

    def by_hand(self, device_id: UUID, provider_id: str, at: datetime | None) -> None:
        """Somebody wrote on the phone itself: sequences leave the person to them."""
        at = min(at or self.came_at, self.now)
        self._add(lead.contact_by_hand(self.lead, device_id, provider_id, at, **self.by))
        self._stop("by_hand", lambda r: r.stop_on_manual_message and not r.began_after(at))

    def unreachable(
        self, code: str, message_id: UUID | None, device_id: UUID | None = None
    ) -> None:
        """No message reaches the person, was said through the device: what is planned is not
        tried."""
        self._add(lead.lose_contact(self.lead, code, message_id, device_id, **self.by))
        if self.lead.unreachable_at is not None:
            self.stop_all("undeliverable")

    def reached(self, message_id: UUID | None, device_id: UUID | None = None) -> None:
        """A message reached the person, was said through the device."""
        self._add(lead.find_again(self.lead, message_id, device_id, **self.by))

    def learn(self, addresses: Sequence[Address], device_id: UUID | None = None) -> None:
        """The provider, through the device, calls the person by these too. One that said no speaks
        for the person, if the device to which it did could have met the person."""
        for address in addresses:
            is_known = address in self.known or len(self.known) >= MOST_ADDRESSES
            if not is_known and self.lead.erased_at is None:
                is_new = all(address.key != other.key for other in self.known)
                self.known.add(address)
                self._add(lead.learn_address(self.lead, address, device_id, **self.by))
                if is_new:
                    self._heed_suppression(address.key)

    def move(
        self,
        phone: str,
        evidence: str,
        changed_at: datetime | None = None,
        device_id: UUID | None = None,
    ) -> None:
        """The person has another phone, in E.164. The one before it is the person's no more.
        ``changed_at`` is when the provider says that it changed, through the device."""
        former, key = canonical(self.lead.phone), canonical(phone)
        self._add(lead.change_phone(self.lead, phone, evidence, changed_at, device_id, **self.by))
        self.known = {address for address in self.known if address.key != former}
        self.known.add(Address("phone", key))
        said = self.suppressed.get(key)
        if key != former and said is not None and said.in_force:
            # An opt-in since was for another number.
            self.opt_out(said.evidence, "suppression", device_id=said.device_id)

    def _heed_suppression(self, key: str) -> None:
        """Opt the person out if the address with that key, which is new, said no."""
        said = self.suppressed.get(key)
        if said is None or not said.in_force:
            return
        if said.device_id is not None and not self.meetings.could_include({said.device_id}):
            return
        self._heed_no(said)
        if self.lead.opted_out_at is None:
            self._release(key, "the person opted in since")

    def heed_devices(self, devices: Iterable[UUID]) -> None:
        """These devices have to do with the person from now on: what she said no to before to one
        of them alone holds for her."""
        for key in sorted({address.key for address in self.known}):
            for device_id in devices:
                said = self.suppressed.get(suppression.name(key, str(device_id)))
                if said is not None and said.in_force and self.lead.opted_out_at is None:
                    self._heed_no(said)

    def _heed_no(self, said: Suppression) -> None:
        facts = {"device_id": said.device_id, "said_at": said.said_at}
        self.opt_out(said.evidence, "suppression", **facts)

    def _release(self, name: str, evidence: str) -> None:
        for event in suppression.release(self.suppressed[name], evidence, **self.by):
            self.events.append(event)
            self.suppressed[name] = suppression.evolve(self.suppressed[name], event)

    def absorb(self, past: Conversation, owned: Set[UUID], of_past: Set[UUID]) -> None:
        """The lead of ``past`` turned out to be this person. ``owned`` are the sequences and
        campaigns that have written, or will write, to this lead, and ``of_past`` those that have
        written to the other: they write to the person once, and a sequence goes on where this lead
        is in it."""
        both = [each for each in (self.lead, past.lead) if each.opted_out_at is not None]
        # What the platform may take back is the weaker wish.
        out = min(both, key=lambda each: each.opt_out_via == "platform", default=None)
        self._add(lead.absorb(self.lead, past.lead, **self.by))
        for trigger in past.lead.triggers:
            self._add(lead.add_trigger(self.lead, trigger, **self.by))
        self._cancel([m for m in self.unsent.values() if m.campaign_id in of_past], "merged")
        past._stop("merged", lambda r: r.state.sequence_id in owned)
        past._cancel([m for m in past.unsent.values() if m.campaign_id in owned], "merged")
        for other in (past.lead, *past.merged):
            self.merged.append(past._follow(other, lead.join(other, self.lead.id, **self.by)))
        if past.events is not self.events:
            self.events.extend(past.events)
        self.running.extend(past.running)
        self.unsent.update(past.unsent)
        self.known |= past.known
        self.suppressed.update(past.suppressed)
        if out is not None:
            via: OptOutVia = "platform" if out.opt_out_via == "platform" else "merge"
            self.opt_out(out.opt_out_evidence or "", via)

    def erase(self, also: tuple[UUID, ...], unreadable: Mapping[UUID, tuple[int, ...]]) -> None:
        """Forget the person, and give up all that was planned; ``unreadable`` is by lead."""
        self._add(lead.erase(self.lead, also, unreadable.get(self.lead.id, ()), **self.by))
        erased = [lead.erase(m, (), unreadable.get(m.id, ()), **self.by) for m in self.merged]
        self.merged = [*map(self._follow, self.merged, erased)]
        self.stop_all("erased")

    def _heed(self, item: Reply, at: datetime, through: Mapping[str, Any], heard: Heard) -> None:
        """Opt the person out or in, if the words or a signal say so."""
        came = {"said_at": at, **{k: through[k] for k in ("device_id", "gateway")}}
        match wished(item, heard):
            case "stop":
                self.latest_no = max(at, self.latest_no or at)
                self.opt_out(evidence_of(item, "stop", heard), "reply", **came)
            case "start" if not values.surely_before(at, self.latest_no):
                self.opt_in(evidence_of(item, "start", heard), "reply", **came)
