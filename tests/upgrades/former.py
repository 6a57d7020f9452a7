"""What is known of the database in ``before_device_slots.sql.gz``; see README.md beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

DUMP = "before_device_slots.sql.gz"

# The last event happened then.
END = datetime(2026, 3, 3, 14, 0, 14, tzinfo=UTC)

# The API key "crm"; the secret of the subscription; and what "sendtrail audit checkpoint" wrote on
# the first day. They open nothing but this database.
KEY = "st_DyOt3kvAzKoQWXUMFWGqnaJx4wEH4vNdpgSgb_y0lck"
SUBSCRIPTION_SECRET = "mnCDPM4MllCL9RxGUnFfze2UPR__GPWsP9RIP2hqbF4"
CHECKPOINT = (
    b'{"installation":"00000000-0000-4000-8000-0000000000ff","position":401,'
    b'"digest":"ad6ea4337fd898c786046ab4d1bd8962b2326602d2f5723116a6ced5fe951cdf",'
    b'"sealed_at":"2026-03-02T11:18:00Z"}'
)

FORMER_TABLES = {"device_lanes", "device_hand_overs"}


def _id(number: int) -> UUID:
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


SALES_1, SALES_2, OLD, NIGHT, SPARE = map(_id, range(1, 6))
