"""What a checkpoint says of its installation; ``tests/runners/cli/test_audit`` has the proofs."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections.audit import checkpoints
from projections.container import Container
from tests.support import given


def test_a_checkpoint_tells_nothing_that_ids_follow_from(container: Container) -> None:
    """It names the installation by a digest: the same in each, another in each database."""
    given.lead(container)
    namespace = container.outreach.namespace
    kept = checkpoints.make(container.database, container.outreach.clock)

    text = msgspec.json.encode(kept).decode()

    assert kept.installation == sha256(b"sendtrail installation\0" + namespace.bytes).hexdigest()
    assert str(namespace) not in text
    assert namespace.hex not in text
    assert container.outreach.identity.hex() not in text


def test_a_signed_checkpoint_of_an_earlier_version_still_counts(container: Container) -> None:
    """It names the installation by the UUID that ids of leads followed from; what was signed is
    what is in the file."""
    given.many_leads(container, 3)
    private, public = checkpoints.new_key()
    fields = json.loads(
        msgspec.json.encode(checkpoints.make(container.database, container.outreach.clock))
    )
    fields["installation"] = str(container.outreach.namespace)
    signed = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    key = serialization.load_pem_private_key(private, password=None)
    assert isinstance(key, Ed25519PrivateKey)
    fields["signature"] = b64encode(key.sign(signed)).decode()

    kept = checkpoints.parse(json.dumps(fields).encode())

    assert checkpoints.check(container.database, kept, public) is None
