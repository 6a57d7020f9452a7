"""Registers a lead by the generated client, and finds it again. It runs in the client's own
environment, where nothing of ours is installed: ``first_use.py FOLDER URL KEY``."""

from __future__ import annotations

import sys


def main() -> None:
    """Fails with a traceback where the client does not do as the API says."""
    folder, url, key = sys.argv[1:]
    sys.path.insert(0, folder)
    # Made by the command that starts this file.
    from sendtrail_client import AuthenticatedClient
    from sendtrail_client.api.leads import get_api_v1_leads, post_api_v1_leads
    from sendtrail_client.models import Lead, LeadPage, NewLead

    client = AuthenticatedClient(base_url=url, token=key)
    wanted = NewLead(phone="+60123456789", name="Aisyah", niche=["B1"])
    made = post_api_v1_leads.sync(client=client, body=wanted, idempotency_key="first")
    again = post_api_v1_leads.sync(client=client, body=wanted, idempotency_key="first")
    found = get_api_v1_leads.sync(client=client, phone="+60123456789")

    assert isinstance(made, Lead), made
    assert again == made, again
    assert isinstance(found, LeadPage), found
    assert [(lead.id, lead.name) for lead in found.items] == [(made.id, "Aisyah")], found
    print(f"registered and found {made.id}")


if __name__ == "__main__":
    main()
