"""What a definite rejection says of the person, beside that this message did not go.

Only codes are here that cannot mean anything else. A code that may be the sender's or the text's
fault, or that passes by itself, says nothing of the person. Sources:

- Cloud API, "Error codes" (developers.facebook.com/documentation/business-messaging/whatsapp/
  support/error-codes): 131026 "message undeliverable", which is a number without WhatsApp, or with
  one that is too old or whose terms were never accepted; 131050, this person "has chosen to stop
  receiving marketing messages" of this business.
- GOWA (src/pkg/utils/whatsapp.go, ValidateJidWithLogin): 400 INVALID_JID with the text "Phone …
  is not on whatsapp", here ``not_on_whatsapp``. It says so, too, where it could not look: while a
  device has no connection, of everybody. So it means nothing here.
- Wablas and Whacenter document no such answer. Their texts are not guessed at.
- The sandbox draws a failure for each message, so none of them says anything of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Meaning = Literal["unreachable", "opted_out"]

# GOWA has one code for a number that is wrong and for one that is not on WhatsApp; this is ours for
# the latter.
NOT_ON_WHATSAPP = "not_on_whatsapp"

MEANINGS: Mapping[str, Mapping[str, Meaning]] = {
    "cloud": {"131026": "unreachable", "131050": "opted_out"},
}


def meaning(gateway: str, code: str) -> Meaning | None:
    """What the rejection ``code`` of ``gateway`` says of the person, whether it came as an answer
    or later by webhook: that no message can reach her, or that she wants none. None for every other
    code."""
    return MEANINGS.get(gateway, {}).get(code)
