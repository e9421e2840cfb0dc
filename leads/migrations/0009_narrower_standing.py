from django.db import migrations, models


class Migration(migrations.Migration):
    """Apart from what copies the dates: PostgreSQL alters no table with rows that wait for their foreign keys."""

    dependencies = [("leads", "0008_dates_beside_standing")]

    operations = [
        migrations.RemoveIndex(model_name="standing", name="standing_newest"),
        migrations.RemoveIndex(model_name="standing", name="standing_active"),
        migrations.RemoveField(model_name="standing", name="created_at"),
        migrations.RemoveField(model_name="standing", name="last_activity_at"),
        migrations.AddIndex(
            model_name="lastactive",
            index=models.Index(fields=["-at", "-standing"], name="last_active_at"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["-created_at", "-id"], name="lead_newest"),
        ),
    ]
