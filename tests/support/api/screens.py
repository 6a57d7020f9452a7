"""All pages, by address. Names in braces are those of ``one_of_each``."""

from __future__ import annotations

PAGES = (
    "/",
    "/leads",
    "/leads/{lead_id}",
    "/leads/{lead_id}?as_of=2026-03-02T09:00",
    "/segments",
    "/segments/{segment_id}",
    "/segments/{segment_id}/count",
    "/segments/new",
    "/segments/new?niche=B1&attribute.city=Ipoh",
    "/campaigns",
    "/campaigns/{campaign_id}",
    "/campaigns/{draft_id}",
    "/campaigns/{campaign_id}/recipients",
    "/campaigns/{campaign_id}/recipients?excluded=opted_out",
    "/calendar?month=2026-03",
    "/campaigns/{campaign_id}/progress",
    "/sequences",
    "/sequences/{sequence_id}",
    "/sequences/{sequence_id}/people",
    "/sequences/{sequence_id}/people?status=active",
    "/messages",
    "/messages/{message_id}",
    "/why-not",
    "/why-not?lead_id={lead_id}&of=campaign:{campaign_id}",
    "/what-if",
    "/what-if?body=Hello&niche=B1",
    "/what-if?sequence_id={sequence_id}&days=30",
    "/devices",
    "/devices/{device_id}",
    "/devices/table",
    "/overview/messages",
    "/overview/runners",
    "/replies",
    "/signals?since=2026-02-15&until=2026-03-15",
    "/audit",
    "/settings/subscriptions",
    "/settings/suppressions",
    "/settings/health",
)
# Pages that only change something.
FOR_OPERATORS = (
    "/import",
    "/sequences/new",
    "/segments/{segment_id}/edit",
    "/devices/new",
    "/devices/new?gateway=gowa",
)
FOR_ADMINS = ("/settings/keys", "/settings/components")
# Parts of a page, which are asked for again and again.
PARTS = (
    "/segments/{segment_id}/count",
    "/campaigns/{campaign_id}/progress",
    "/devices/table",
    "/overview/messages",
    "/overview/runners",
)
SCREENS = tuple(each for each in (*PAGES, *FOR_OPERATORS, *FOR_ADMINS) if each not in PARTS)
