"""The one policy there was is the default of several now, and what it let through says so."""

from django.core.management.color import no_style
from django.db import migrations


def forwards(apps, schema_editor):
    MqlPolicy, Handoff = apps.get_model("handoff", "MqlPolicy"), apps.get_model("handoff", "Handoff")
    policy = MqlPolicy.objects.order_by("pk").first()
    if policy is None:  # an install that was never seeded; the seed makes it
        return
    MqlPolicy.objects.filter(pk=policy.pk).update(is_default=True)
    Handoff.objects.filter(policy=None).update(policy=policy)
    # it was inserted with its key, which a sequence does not notice
    with schema_editor.connection.cursor() as cursor:
        for sql in schema_editor.connection.ops.sequence_reset_sql(no_style(), [MqlPolicy]):
            cursor.execute(sql)


class Migration(migrations.Migration):
    dependencies = [("handoff", "0011_policies_by_segment")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
