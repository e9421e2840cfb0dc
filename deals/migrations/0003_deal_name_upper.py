"""Ctrl-K and the deals list look for the beginning of a name in any case: an index for that (PostgreSQL)."""

from django.db import migrations


def index_make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX deal_name_upper ON deals_deal (UPPER(name) text_pattern_ops)")


def index_drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX deal_name_upper")


class Migration(migrations.Migration):
    dependencies = [("deals", "0002_deal_accepted_at_lostreason_counts")]
    operations = [migrations.RunPython(index_make, index_drop)]
