import django.db.models.deletion
from django.db import migrations, models

FILL = """
INSERT INTO leads_lastactive (lead_id, at)
SELECT lead_id, last_activity_at FROM leads_standing WHERE last_activity_at IS NOT NULL ORDER BY lead_id
"""
BACK = """
UPDATE leads_standing SET
    created_at = (SELECT created_at FROM leads_lead WHERE leads_lead.id = leads_standing.lead_id),
    last_activity_at = (SELECT at FROM leads_lastactive WHERE leads_lastactive.lead_id = leads_standing.lead_id)
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_lead_token_in_order")]

    operations = [
        migrations.CreateModel(
            name="LastActive",
            fields=[
                (
                    "standing",
                    models.OneToOneField(
                        db_column="lead_id",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="last_active",
                        serialize=False,
                        to="leads.standing",
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "last active"},
        ),
        migrations.RunSQL(FILL, BACK),
    ]
