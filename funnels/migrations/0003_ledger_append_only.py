from django.db import migrations

POSTGRES = """
CREATE OR REPLACE FUNCTION funnels_transition_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: a transition is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER funnels_transition_keep BEFORE UPDATE ON funnels_transition
    FOR EACH ROW EXECUTE FUNCTION funnels_transition_keep();
"""
SQLITE = """
CREATE TRIGGER funnels_transition_keep BEFORE UPDATE ON funnels_transition
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a transition is never changed'); END;
"""


def keep(apps, schema_editor):
    schema_editor.execute(POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE)


def free(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS funnels_transition_keep() CASCADE")
    else:
        schema_editor.execute("DROP TRIGGER IF EXISTS funnels_transition_keep")


class Migration(migrations.Migration):
    """Whatever code runs: the database itself refuses to change a ledger row. Inserting is not slowed, and
    deleting (erasing a person) stays possible.

    SQLite drops a table's triggers when a later migration rebuilds the table: such a migration repeats ``keep``.
    """

    dependencies = [("funnels", "0002_funnel_revision")]
    operations = [migrations.RunPython(keep, free)]
