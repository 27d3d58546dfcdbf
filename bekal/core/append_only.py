"""Tables that only grow: a trigger refuses change and deletion, whoever asks.

TRUNCATE is a privilege that only the owner of the tables has; the application runs under another role.
"""

from django.db import migrations

_FUNCTION = """
    CREATE OR REPLACE FUNCTION bekal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
"""


def append_only(table: str) -> migrations.RunSQL:
    """The migration step that makes `table` append-only."""
    return migrations.RunSQL(
        sql=[
            _FUNCTION,
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION bekal_append_only()",
        ],
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}",
    )
