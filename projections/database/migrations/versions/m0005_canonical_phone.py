"""Create the function that gives a phone its one spelling."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """No table uses it yet."""
    op.execute("""
        CREATE FUNCTION canonical_phone(phone text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN CASE
            WHEN phone ~ '^[+]55[1-9][0-9][6-9][0-9]{7}$'
                THEN substr(phone, 1, 5) || '9' || substr(phone, 6)
            WHEN phone ~ '^[+]521[0-9]{10}$' THEN '+52' || substr(phone, 5)
            WHEN phone ~ '^[+]54[0-9]{10}$' THEN '+549' || substr(phone, 4)
            ELSE phone
        END
    """)
