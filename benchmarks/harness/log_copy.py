"""Makes a long log quickly: copies a sent campaign again and again, under other ids.

The events of a copy are those that Sendtrail would have written if the same campaign had been made
for the same leads at the same moments. They differ only in the ids of the campaign and its
messages. The server copies the events; the product's own rebuild makes the projections.
"""

from __future__ import annotations

from projections.container import Container
from projections.rebuild.rebuild import rebuild

_CAMPAIGN = (
    "SELECT DISTINCT campaign_id::text FROM broadcast_messages WHERE campaign_id IS NOT NULL"
)

_COPY = """
INSERT INTO stored_events (originator_id, originator_version, topic, state)
SELECT md5(originator_id || %(salt)s)::uuid, originator_version, topic,
    convert_to(
        replace(
            replace(convert_from(state, 'UTF8'), originator_id::text,
                md5(originator_id || %(salt)s)::uuid::text),
            %(campaign)s, md5(%(campaign)s || %(salt)s)::uuid::text),
        'UTF8')
FROM stored_events
WHERE (topic LIKE 'message.%%' OR topic LIKE 'campaign.%%') AND notification_id <= %(last)s
ORDER BY notification_id
"""


def copy_campaign(container: Container, times: int) -> None:
    """Append so many copies of the database's only campaign and its messages, and rebuild the
    projections."""
    last = container.outreach.recorder.max_notification_id()
    with container.database.transaction() as connection:
        campaign = connection.exec_driver_sql(_CAMPAIGN).scalar_one()
    for number in range(times):
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                _COPY, {"campaign": campaign, "salt": f" {number}", "last": last}
            )
    rebuild(container.database, swap=True)
