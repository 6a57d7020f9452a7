"""Long logs, quickly: campaigns that were sent, again and again under other ids.

The events of a clone are those that Sendtrail would have written had the same campaign been made
anew for the same leads at the same moments: they differ in nothing but the ids of campaign and
messages. The server copies them, and the product's own rebuild makes the projections of them.
"""

from __future__ import annotations

from projections.container import Container
from projections.rebuild.rebuild import rebuild

_SENT = "SELECT DISTINCT campaign_id::text FROM broadcast_messages WHERE campaign_id IS NOT NULL"

_CLONE = """
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


def clone(container: Container, times: int) -> None:
    """Adds the database's one campaign and its messages so many times to the log, and rebuilds the
    projections."""
    last = container.outreach.recorder.max_notification_id()
    with container.database.transaction() as connection:
        campaign = connection.exec_driver_sql(_SENT).scalar_one()
    for number in range(times):
        with container.database.transaction() as connection:
            connection.exec_driver_sql(
                _CLONE, {"campaign": campaign, "salt": f" {number}", "last": last}
            )
    rebuild(container.database, swap=True)
