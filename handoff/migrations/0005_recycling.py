from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoff", "0004_metrics_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="reenter_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Recycled: before this the lead's next cycle passes by high intent only",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="rejectreason",
            name="wait_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Before a lead recycled for this may pass again; empty: as the policy says",
                null=True,
            ),
        ),
    ]
