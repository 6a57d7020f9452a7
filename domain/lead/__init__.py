"""A lead: a person, known by addresses. All personal data is in these events.

Import state and decisions from here, the events from ``events``.
"""

from domain.lead.consents import (
    Agreed,
    Consent,
    give_consent,
    held,
    inherit_consents,
    is_recorded,
    ledger,
    withdraw_consent,
)
from domain.lead.decisions import (
    absorb,
    add_trigger,
    change_phone,
    consume_trigger,
    contact_by_hand,
    edit_reply,
    erase,
    find_again,
    join,
    learn_address,
    lose_contact,
    profile,
    register,
    remove_trigger,
    reply,
    update,
)
from domain.lead.events import Profile
from domain.lead.state import Lead, Tagged, evolve, fold, lead_id
from domain.lead.wishes import opt_in, opt_out
from domain.lead.writing import compose, require_writable

__all__ = [
    "Agreed",
    "Consent",
    "Lead",
    "Profile",
    "Tagged",
    "absorb",
    "add_trigger",
    "change_phone",
    "compose",
    "consume_trigger",
    "contact_by_hand",
    "edit_reply",
    "erase",
    "evolve",
    "find_again",
    "fold",
    "give_consent",
    "held",
    "inherit_consents",
    "is_recorded",
    "join",
    "lead_id",
    "learn_address",
    "ledger",
    "lose_contact",
    "opt_in",
    "opt_out",
    "profile",
    "register",
    "remove_trigger",
    "reply",
    "require_writable",
    "update",
    "withdraw_consent",
]
