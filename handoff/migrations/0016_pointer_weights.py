from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("handoff", "0015_judged_again")]

    operations = [
        migrations.AddField(
            model_name="poolpointer",
            name="weight",
            field=models.PositiveIntegerField(
                default=0,
                help_text="By which it was moved; 0: they were not of the pool, but own the lead or its company",
            ),
        ),
    ]
