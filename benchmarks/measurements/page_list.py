"""The pages that ``measurements.pages`` asks for: every one, and of lists each filter that has a
field on the page.

Where both can be, there are filters that many rows pass, and some that few or none do: these are
different questions. Names in braces are those of ``page_data.ids``.
"""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """A page's name for people, and its address. One that ``computes`` looks at everybody, one by
    one, and is not bound by the target."""

    name: str
    address: str
    computes: bool = False


PAGES = (
    Page("sign in", "/sign-in"),
    Page("overview", "/"),
    Page("overview, its messages again", "/overview/messages"),
    Page("overview, its runners again", "/overview/runners"),
    Page("leads", "/leads"),
    Page("leads by the beginning of a name, all", "/leads?q=lead"),
    Page("leads by the beginning of a name, few", "/leads?q=lead+777"),
    Page("leads by phone", "/leads?phone={phone}"),
    Page("leads by niche, all", "/leads?niche=B1"),
    Page("leads by niche, none", "/leads?niche=B2"),
    Page("leads by trigger, all", "/leads?trigger=COLD"),
    Page("leads by attribute, all", "/leads?attribute.city=Ipoh"),
    Page("leads by device, none", "/leads?device_id={device_id}"),
    Page("leads who opted out", "/leads?opted_out=true"),
    Page("leads registered before, none", "/leads?created_before=2020-01-01"),
    Page("a lead", "/leads/{lead_id}"),
    Page("a lead as of an instant", "/leads/{lead_id}?as_of=2100-03-02T09:00"),
    Page("import", "/import"),
    Page("segments", "/segments"),
    Page("a segment", "/segments/{segment_id}"),
    Page("a segment, how many", "/segments/{segment_id}/count", computes=True),
    Page("a new segment", "/segments/new"),
    Page("a segment's form", "/segments/{segment_id}/edit"),
    Page("campaigns", "/campaigns"),
    Page("campaigns by name", "/campaigns?q=march"),
    Page("calendar", "/calendar?month=2026-03"),
    Page("a campaign, sent", "/campaigns/{sent_id}"),
    Page("a campaign, under way", "/campaigns/{started_id}"),
    Page("a campaign, planned", "/campaigns/{planned_id}"),
    Page("a campaign, a draft", "/campaigns/{draft_id}"),
    Page("a campaign, its progress again", "/campaigns/{started_id}/progress"),
    Page("a campaign, sent, to its last person", "/campaigns/{sent_id}?whole=yes", computes=True),
    Page("a draft, to its last person", "/campaigns/{draft_id}?whole=yes", computes=True),
    Page("recipients", "/campaigns/{sent_id}/recipients"),
    Page("recipients whose message waits", "/campaigns/{started_id}/recipients?status=pending"),
    Page("recipients whose message was sent", "/campaigns/{started_id}/recipients?status=sent"),
    Page("recipients whose message failed", "/campaigns/{started_id}/recipients?status=failed"),
    Page("left out, opted out", "/campaigns/{planned_id}/recipients?excluded=opted_out"),
    Page("left out, no device", "/campaigns/{planned_id}/recipients?excluded=no_device"),
    Page("left out of what was sent", "/campaigns/{sent_id}/recipients?excluded=opted_out"),
    Page("a new campaign", "/campaigns/new"),
    Page("a draft's form", "/campaigns/{draft_id}/edit"),
    Page("planning a draft", "/campaigns/{draft_id}/plan"),
    Page("sequences", "/sequences"),
    Page("a new sequence", "/sequences/new"),
    Page("a sequence", "/sequences/{sequence_id}"),
    Page("who is where", "/sequences/{sequence_id}/people"),
    Page("who is where, active", "/sequences/{sequence_id}/people?status=active"),
    Page("who is where, stopped", "/sequences/{sequence_id}/people?status=stopped"),
    Page("messages", "/messages"),
    Page("messages pending", "/messages?status=pending"),
    Page("messages sent", "/messages?status=sent"),
    Page("messages failed, none", "/messages?status=failed"),
    Page("messages cancelled", "/messages?status=cancelled"),
    Page("messages queued, none", "/messages?status=queued"),
    Page("messages by campaign", "/messages?campaign_id={started_id}"),
    Page("messages by campaign, pending", "/messages?campaign_id={started_id}&status=pending"),
    Page("messages by campaign, sent", "/messages?campaign_id={started_id}&status=sent"),
    Page("messages by campaign, failed", "/messages?campaign_id={started_id}&status=failed"),
    Page("messages by sequence", "/messages?sequence_id={sequence_id}"),
    Page("messages by sequence, sent", "/messages?sequence_id={sequence_id}&status=sent"),
    Page("messages by device", "/messages?device_id={device_id}"),
    Page("messages by device, pending", "/messages?device_id={device_id}&status=pending"),
    Page("messages by number", "/messages?q={phone}"),
    Page("messages by name, all", "/messages?q=lead"),
    Page("messages by reason, none", "/messages?reason=invalid_number"),
    Page("messages of a time", "/messages?since=2026-03-09T00:00&until=2026-03-10T00:00"),
    Page("the proof of a message", "/messages/{message_id}"),
    Page("messages as CSV", "/csv/messages"),
    Page("leads as CSV", "/csv/leads"),
    Page("why not", "/why-not"),
    Page("why not, an answer", "/why-not?lead_id={lead_id}&of=campaign:{planned_id}"),
    Page("what if", "/what-if"),
    Page("what if, an answer", "/what-if?body=Hello&niche=B1", computes=True),
    Page("devices", "/devices"),
    Page("devices, the table again", "/devices/table"),
    Page("a device", "/devices/{device_id}"),
    Page("a new device", "/devices/new"),
    Page("linking a device", "/devices/{device_id}/pairing"),
    Page("replies", "/replies"),
    Page("replies of nobody known", "/replies?attributed=false"),
    Page("replies of machines, none", "/replies?automatic=true"),
    Page("signals of the last days", "/signals"),
    Page("signals of a month", "/signals?since=2026-03-01&until=2026-04-01"),
    Page("the log", "/audit"),
    Page("the log by kind, few", "/audit?topic=sequence.activated"),
    Page("the log by who did it", "/audit?actor=cli:benchmark"),
    Page("the log after an event", "/audit?after=1000000"),
    Page("keys", "/settings/keys"),
    Page("subscriptions", "/settings/subscriptions"),
    Page("suppressions", "/settings/suppressions"),
    Page("health", "/settings/health"),
    Page("all components", "/settings/components"),
)
# Endpoints that answer no page of their own: those that need a file first, and redirects.
NO_PAGES = (
    "web_files.show",
    "web_import.check",
    "web_import.rejected",
    "web_languages.choose",
)
