"""How the webhooks of each gateway are proved. What they say is read by the receiver."""

from __future__ import annotations

from collections.abc import Mapping

from api.webhooks.protocol import Provider
from api.webhooks.signatures import verify_signature, verify_signature_or_secret

PROVIDERS: Mapping[str, Provider] = {
    "gowa": Provider("webhook_secret", verify_signature),
    "cloud": Provider("app_secret", verify_signature),
    "wablas": Provider("webhook_secret", verify_signature_or_secret),
    "whacenter": Provider("webhook_secret", verify_signature_or_secret),
}
