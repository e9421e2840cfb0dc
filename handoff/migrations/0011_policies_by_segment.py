import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoff", "0010_response_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MqlPolicyChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Of the policy then", max_length=80)),
                ("revision", models.PositiveIntegerField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("what", models.JSONField(default=list, help_text="[[what, before, after], ...]")),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AlterModelOptions(
            name="mqlpolicy",
            options={"ordering": ["is_default", "position", "id"]},
        ),
        migrations.AddField(
            model_name="handoff",
            name="in_line",
            field=models.BooleanField(
                default=False, help_text="While it waits: behind the day's ceiling of its policy"
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="policy",
            field=models.ForeignKey(
                db_index=False,
                help_text="Whose bar it was",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoff.mqlpolicy",
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="ceiling",
            field=models.CharField(
                choices=[
                    ("none", "No ceiling"),
                    ("fixed", "So many a day"),
                    ("capacity", "As many as the reps have room for today"),
                ],
                default="none",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="ceiling_leads",
            field=models.PositiveIntegerField(blank=True, help_text="Leads a day that go to a rep", null=True),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="condition",
            field=models.JSONField(blank=True, default=dict, help_text="Its segment; empty: everybody"),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="instant_skips_wait",
            field=models.BooleanField(
                default=True, help_text="A fresh high-intent activity passes a recycled lead at once too"
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="is_active",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="is_default",
            field=models.BooleanField(default=False, help_text="The last one, for whoever no other policy is about"),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="max_cycles",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="How many times a lead may pass by its score; empty: no limit", null=True
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="name",
            field=models.CharField(default="Everybody else", max_length=80),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="position",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="mqlpolicy",
            name="recycle_rise",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Points that a recycled lead must have gained since it came back"
            ),
        ),
        migrations.AlterField(
            model_name="mqlpolicy",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="mqlpolicy",
            name="recycle_wait_days",
            field=models.PositiveSmallIntegerField(
                default=14, help_text="Before a recycled lead may pass again, unless its reject reason says otherwise"
            ),
        ),
        migrations.AddConstraint(
            model_name="mqlpolicy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("is_default",), name="mql_one_default"
            ),
        ),
        migrations.AddConstraint(
            model_name="mqlpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_default", False), ("is_active", True), _connector="OR"),
                name="mql_default_is_on",
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicychange",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="mqlpolicychange",
            name="policy",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="changes",
                to="handoff.mqlpolicy",
            ),
        ),
    ]
