"""Create the function that says by what a lead is found."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A read model uses it, which a rebuild makes."""
    op.get_bind().exec_driver_sql("""
        CREATE FUNCTION lead_words(
            name text, phone text, niche_keys text[], target_status text, device_id uuid,
            attributes jsonb
        ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN array_to_tsvector(
            ARRAY(
                SELECT 'w' || substr(word, place, 100)
                FROM string_to_table(
                        translate(
                            fold_case(name), '!"''#$&()*+,-./:;<=>?@[\\]^_`{|}~', rpad('', 31)
                        ), ' '
                    ) AS word,
                    generate_series(1, CASE WHEN octet_length(word) > length(word)
                        THEN length(word) ELSE 1 END) AS place
                WHERE word <> ''
            )
            || CASE WHEN phone IS NOT NULL
                THEN ARRAY['p' || ltrim(phone, '+'), 'r' || reverse(ltrim(phone, '+'))] END
            || ARRAY(SELECT 'n' || k FROM unnest(niche_keys) AS k)
            || ('s' || target_status)
            || CASE WHEN device_id IS NOT NULL THEN ARRAY['d' || device_id] END
            || ARRAY(SELECT 'a' || md5(a.key || '=' || a.value)
                FROM jsonb_each_text(attributes) AS a)
        )
    """)
