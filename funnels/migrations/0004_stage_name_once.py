import django.db.models.functions.text
from django.db import migrations, models


def tell_apart(apps, schema_editor):
    """Where two stages in use are called the same, the later ones get a number."""
    for funnel in apps.get_model("funnels", "Funnel").objects.all():
        taken = set()
        for stage in funnel.stages.filter(is_active=True).order_by("position", "id"):
            name, number = stage.name, 2
            while name.lower() in taken:
                name, number = f"{stage.name[:55]} {number}", number + 1
            taken.add(name.lower())
            if name != stage.name:
                stage.name = name
                stage.save(update_fields=["name"])


class Migration(migrations.Migration):
    dependencies = [("funnels", "0003_ledger_append_only")]
    operations = [
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.UniqueConstraint(
                models.F("funnel"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("is_active", True)),
                name="stage_name_once",
            ),
        ),
    ]
