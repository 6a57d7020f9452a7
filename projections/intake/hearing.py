"""What people said, or what was said of them: each to the lead that it is about, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from sqlalchemy import Connection

from domain import ids, provider_codes
from domain.addresses import Address
from domain.application.outreach import Outreach
from domain.conversation import Conversation
from domain.errors import StorageError
from domain.event import Event
from domain.inbound import Answer, ByHand, Preference, Renamed, Reply, called, named
from domain.lead.events import OptOutVia
from domain.opt_out_words import intent
from domain.phones import canonical
from domain.reply_wishes import Heard, wished
from domain.suppression import Suppression
from domain.values import surely_before
from projections.database.faults import outage
from projections.database.quarantined import FaultyError
from projections.eventstore.surroundings import surroundings
from projections.intake.attribution import People, Quoted
from projections.intake.providers.payload import DERIVED
from projections.intake.said import (
    Said,
    is_told_apart,
    may_change_owners,
    renamed_id,
    taught,
    through,
)
from projections.intake.strangers import Strangers
from projections.intake.told_before import ToldBefore
from projections.readmodels import addresses, leads, replies, suppressions

# How long it may take until it is known that a message which comes back is one of ours.
ECHO = timedelta(minutes=10)
# The phone of a lead that has another one, which is another lead's already.
NUMBER_CHANGED = "number_changed"


class Hearing:
    """Decides upon a batch; ``events`` grows with every item."""

    def __init__(
        self, connection: Connection, outreach: Outreach, heard: Heard, now: datetime
    ) -> None:
        self.connection = connection
        self.outreach = outreach
        self.heard = heard
        self.now = now
        self.events: list[Event] = []
        self.people: People
        self._talks: dict[UUID, Conversation] = {}
        self._suppressed: dict[str, Suppression] = {}
        self.told: ToldBefore
        self._erased: set[str] = set()
        self._strangers: Strangers
        self._sharing: dict[UUID, list[UUID]] = {}

    def hear(self, said: Sequence[Said], outcomes: Counter[tuple[str, str]]) -> list[Said]:
        """Decide upon each in its order; gives those that must wait. ``outcomes`` counts what
        became of the others, by gateway."""
        if not said:
            return []
        self._prepare(said)
        waiting: list[Said] = []
        for each in said:
            try:
                outcome = self._hear(each)
            except Exception as error:
                if outage(error) is not None:
                    raise
                raise FaultyError("inbound", each.taken.item_id, error) from None
            if outcome == "waiting":
                waiting.append(each)
            elif not isinstance(each.item, Answer):
                outcomes[each.taken.gateway, outcome] += 1
        return waiting

    def reply_id(self, said: Said, known_by: str) -> UUID:
        """The id of what was said: it begins with when it came. The rest is keyed, because where a
        provider has no ids it follows from phone and words, and it outlives the person."""
        name = str(ids.keyed(self.outreach.identity, f"reply {known_by}"))
        return ids.time_ordered(said.taken.received_at, name)

    def _prepare(self, said: Sequence[Said]) -> None:
        """Read and lock at once all that the items may be about."""
        alone = any(may_change_owners(each, self.heard) for each in said)
        addresses.lock(self.connection, alone=alone)
        self.people = People(self.connection, [(s.item, s.taken.devices) for s in said])
        ids_of_leads = self.people.lead_ids()
        if alone:
            self._sharing = addresses.sharing(self.connection, ids_of_leads)
            ids_of_leads.update(chain.from_iterable(self._sharing.values()))
        states = leads.locked(self.connection, ids_of_leads)
        around = surroundings(self.connection, list(states))
        keys = {address.key for each in said for address in named(each.item)}
        self._suppressed = suppressions.of_keys(self.connection, keys)
        for each_around in around.values():
            self._suppressed |= each_around.suppressed or {}
        for id_, state in states.items():
            self._talks[id_] = Conversation(
                state,
                around[id_]._replace(suppressed=self._suppressed),
                now=self.now,
                actor="",
                events=self.events,
            )
            self._talks[id_].meetings = self.people.meetings(id_)
        self._hear_late_starts(said)
        self.told = ToldBefore(self.connection, said, states)
        nobodys = {key for key in keys if not self.people.has_owner(key)}
        self._erased = self.outreach.erased_of(self.connection, nobodys) if nobodys else set()
        self._strangers = Strangers(self, self._suppressed, self._erased)

    def _hear_late_starts(self, said: Sequence[Said]) -> None:
        """A start that comes late must not undo a no that was said after it, and came before it,
        but was nothing new then."""
        starts = [
            s.item.at
            for s in said
            if isinstance(s.item, Reply) and s.item.at and wished(s.item, self.heard) == "start"
        ]
        if not starts:
            return
        for lead_id, text, at in replies.said_since(self.connection, self._talks, min(starts)):
            if intent(text, self.heard.stop_words) == "stop":
                talk = self._talks[lead_id]
                talk.latest_no = max(at, talk.latest_no or at)

    def _hear(self, said: Said) -> str:
        """What became of it."""
        item, sender = said.item, called(said.item)
        quoted = self.people.quoted(item, said.taken.devices)
        if quoted is not None and quoted.erased:
            return "ignored_erased"
        speakers = said.speakers(quoted)
        lead_id = quoted.lead_id if quoted is not None else self.people.owner(sender, speakers)
        if lead_id is None:
            return self._strangers.hear(said)
        talk = self._talks.get(lead_id)
        if talk is None:
            raise StorageError("its lead is put aside")
        if isinstance(item, Renamed) and not self.people.meetings(lead_id).include(speakers):
            return "ignored_not_met"
        talk.by["actor"] = f"webhook:{said.taken.gateway}"
        talk.came_at = said.taken.received_at
        # What an address said before is heard before what it says now.
        self._learn(talk, taught(item, talk.lead, quoted), said, quoted)
        talk.heed_devices(speakers or ())
        return self._tell(talk, said, quoted)

    def _learn(
        self, talk: Conversation, names: Sequence[Address], said: Said, quoted: Quoted | None
    ) -> None:
        names = self.people.may_learn(talk.lead.id, names, said.speakers(quoted))
        talk.learn(names, said.device_id or (quoted and quoted.device_id))
        self.people.learn(talk.lead.id, names)

    def _tell(self, talk: Conversation, said: Said, quoted: Quoted | None) -> str:
        item = said.item
        match item:
            case Reply():
                return self._reply(talk, said, item, quoted)
            case ByHand():
                return self._by_hand(talk, said, item)
            case Preference():
                facts = {"said_at": min(said.at, self.now)}
                talk.reached(None, said.device_id)
                if item.stop:
                    talk.opt_out(item.evidence, "platform", **facts, **through(said))
                    self._opt_out_others(talk, said, item.evidence, "platform", item.at)
                else:
                    talk.opt_in(item.evidence, "platform", **facts, **through(said))
            case Renamed():
                self._rename(talk, said, item)
            case Answer():
                self._answer(talk, said, item, quoted)
        return "attributed"

    def _reply(self, talk: Conversation, said: Said, item: Reply, quoted: Quoted | None) -> str:
        lead_id, told = talk.lead.id, self.told
        if told.is_known(lead_id, said, item):
            # Where the provider gives no ids, a person who is in may have said no once more.
            is_named = not item.provider_id.startswith(DERIVED)
            return "repeated" if is_named else self._no_once_more(talk, said, item)
        told.note(lead_id, item.provider_id)
        self.people.meet(lead_id, said.device_id)
        came = through(said)
        if item.edits and told.knows(lead_id, item.edits):
            talk.edit(item, came, self.heard)
        else:
            original = item.edits or item.provider_id
            told.note(lead_id, original)
            answers = quoted.message_id if quoted is not None else None
            at, last = min(said.at, self.now), talk.last and talk.last.message_id
            if not item.edits and told.says_again(lead_id, said, item, at, answers or last):
                return self._once_more(talk, said, item)
            reply_id = self.reply_id(said, f"{lead_id} {original}")
            renamed = renamed_id(item, original)
            talk.reply(renamed, answers, {"reply_id": reply_id, **came}, self.heard)
            if item.edits:
                talk.edit(item, came, self.heard)  # so that it is known when it is told again
        if wished(item, self.heard) == "stop":
            self._opt_out_others(talk, said, item.text, "reply", item.at)
        return "attributed"

    def _once_more(self, talk: Conversation, said: Said, item: Reply) -> str:
        """The same words a moment later are one reply; but the person means them."""
        if not is_told_apart(item):
            return self._no_once_more(talk, said, item)
        talk.say_again(item, through(said), self.heard)
        if wished(item, self.heard) == "stop":
            self._opt_out_others(talk, said, item.text, "reply", item.at)
        return "repeated"

    def _no_once_more(self, talk: Conversation, said: Said, item: Reply) -> str:
        """It may be the same request once more, so it changes nothing; but a no of a person who is
        in counts each time."""
        if talk.lead.opted_out_at is not None or wished(item, self.heard) != "stop":
            return "repeated"
        talk.opt_out(item.text, "reply", **through(said), said_at=min(said.at, self.now))
        self._opt_out_others(talk, said, item.text, "reply", item.at)
        return "attributed"

    def _opt_out_others(
        self,
        talk: Conversation,
        said: Said,
        evidence: str,
        via: OptOutVia,
        at: datetime | None,
    ) -> None:
        """Whoever else has an address of the one who said no may be the same person: by what the
        item says, if the device could have met her, or as it is known."""
        owners = self.people.all_owners(called(said.item), said.speakers(None))
        for other in dict.fromkeys((*owners, *self._sharing.get(talk.lead.id, ()))):
            if other != talk.lead.id and other in self._talks:
                another = self._talks[other]
                another.by["actor"] = talk.by["actor"]
                said_at = min(at or said.taken.received_at, self.now)
                another.opt_out(evidence, via, **through(said), said_at=said_at)

    def _by_hand(self, talk: Conversation, said: Said, item: ByHand) -> str:
        if self.people.message(item.provider_id, said.taken.devices) is not None:
            return "ignored_own_message"
        last = talk.last
        is_fresh = said.taken.received_at > self.now - ECHO
        if last is not None and last.awaited and is_fresh:
            return "waiting"  # the answer that says how the provider calls our message is to come
        if said.device_id is not None:
            talk.by_hand(said.device_id, item.provider_id, said.at)
        return "attributed"

    def _rename(self, talk: Conversation, said: Said, item: Renamed) -> None:
        at = min(said.at, self.now)
        phone = canonical(talk.lead.phone)
        former = {address.key for address in item.sender if address.kind == "wa_id"}
        known = {address.key for address in talk.known}
        for address in item.now_called:
            if address.kind == "wa_id" and former and former.isdisjoint(known):
                continue  # it is told again, and the person has moved since
            if address.kind == "wa_id" and surely_before(at, talk.lead.phone_changed_at):
                continue  # it is told again, and the phone changed since
            others = [o for o in self.people.all_owners([address]) if o != talk.lead.id]
            if address.kind == "wa_id" and (others or address.key in self._erased):
                # Another lead has that number: a person has to say whether they are one. And
                # nobody writes to the number of a person who was erased.
                talk.unreachable(NUMBER_CHANGED, None, said.device_id)
                if not others:
                    continue
            elif address.kind == "wa_id" and (not former or phone in former):
                evidence = "the provider said that the number changed"
                talk.move(f"+{address.value}", evidence, at, said.device_id)
                self.people.forget(talk.lead.id, phone)
            self._learn(talk, [address], said, None)

    def _answer(self, talk: Conversation, said: Said, item: Answer, quoted: Quoted | None) -> None:
        device_id = said.device_id if quoted is None else quoted.device_id
        match provider_codes.meaning(said.taken.gateway, item.code):
            case "unreachable":
                talk.unreachable(item.code, item.message_id, device_id)
            case "opted_out":
                evidence = f"the provider refused a message with {item.code}"
                came = {"device_id": device_id, "gateway": said.taken.gateway}
                talk.opt_out(evidence, "platform", message_id=item.message_id, **came)
                self._opt_out_others(talk, said, evidence, "platform", None)
            case None if item.arrived:
                talk.reached(item.message_id, device_id)
            case None:
                pass
