"""How the webhooks of each gateway are proved. What they say is read by the receiver."""

from __future__ import annotations

from collections.abc import Mapping

from api.webhooks.protocol import Provider
from api.webhooks.signatures import HEADER, verify_signature, verify_signature_or_secret

_SIGNED = f"the header {HEADER}: sha256= and the HMAC-SHA256 of the raw body in hex"
_IN_URL = f"?secret= at the end of the URL, or {_SIGNED}"

PROVIDERS: Mapping[str, Provider] = {
    "gowa": Provider("webhook_secret", _SIGNED, verify_signature),
    "cloud": Provider("app_secret", _SIGNED, verify_signature),
    "wablas": Provider("webhook_secret", _IN_URL, verify_signature_or_secret),
    "whacenter": Provider("webhook_secret", _IN_URL, verify_signature_or_secret),
}
