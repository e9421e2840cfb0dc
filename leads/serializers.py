"""What leads, companies and activities look like over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leads.calls import LONGEST
from leads.models import Activity, Company, Standing


class CompanyOut(serializers.ModelSerializer[Company]):
    class Meta:
        model = Company
        fields = ["id", "name", "domain", "industry", "employees", "country", "city", "external_id", "created_at"]
        read_only_fields = fields


class TouchIn(serializers.Serializer[Any]):
    source = serializers.CharField(required=False, allow_blank=True, max_length=60)  # type: ignore[assignment]  # our field, not DRF's option
    medium = serializers.CharField(required=False, allow_blank=True, max_length=60)
    campaign = serializers.CharField(required=False, allow_blank=True, max_length=100)
    term = serializers.CharField(required=False, allow_blank=True, max_length=100)
    content = serializers.CharField(required=False, allow_blank=True, max_length=100)
    landing_page = serializers.CharField(required=False, allow_blank=True, max_length=300)
    referrer = serializers.CharField(required=False, allow_blank=True, max_length=300)


class CompanyIn(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, allow_blank=True, max_length=160)
    domain = serializers.CharField(required=False, allow_blank=True, max_length=160)
    industry = serializers.CharField(required=False, allow_blank=True, max_length=80)
    country = serializers.CharField(required=False, allow_blank=True, max_length=80)
    city = serializers.CharField(required=False, allow_blank=True, max_length=80)
    employees = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2_000_000_000)


class LeadFacts(serializers.Serializer[Any]):
    first_name = serializers.CharField(required=False, allow_blank=True, max_length=80)
    last_name = serializers.CharField(required=False, allow_blank=True, max_length=80)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=40)
    job_title = serializers.CharField(required=False, allow_blank=True, max_length=120)
    persona = serializers.CharField(required=False, allow_blank=True, max_length=60)
    language = serializers.CharField(required=False, allow_blank=True, max_length=12)
    country = serializers.CharField(required=False, allow_blank=True, max_length=80)
    city = serializers.CharField(required=False, allow_blank=True, max_length=80)
    custom = serializers.DictField(required=False)


class LeadIn(LeadFacts):
    """A lead is known by its e-mail or your external id; what is known already is updated."""

    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=100)
    company = CompanyIn(required=False)
    touch = TouchIn(required=False)
    consent_email = serializers.BooleanField(required=False, allow_null=True, default=None)

    @staticmethod
    def capture(given: dict[str, Any]) -> dict[str, Any]:
        """As a capture, the one form in which leads come in."""
        data = dict(given)
        outer: dict[str, Any] = {
            name: data.pop(name) for name in ("company", "touch", "consent_email") if name in data
        }
        return {"lead": data, **outer}


class LeadOut(serializers.ModelSerializer[Standing]):
    """Identity and standing as one."""

    id = serializers.IntegerField(source="lead_id", read_only=True)
    email = serializers.CharField(source="lead.email", read_only=True)
    external_id = serializers.CharField(source="lead.external_id", read_only=True, allow_null=True)
    first_name = serializers.CharField(source="lead.first_name", read_only=True)
    last_name = serializers.CharField(source="lead.last_name", read_only=True)
    phone = serializers.CharField(source="lead.phone", read_only=True)
    job_title = serializers.CharField(source="lead.job_title", read_only=True)
    persona = serializers.CharField(source="lead.persona", read_only=True)
    language = serializers.CharField(source="lead.language", read_only=True)
    country = serializers.CharField(source="lead.country", read_only=True)
    city = serializers.CharField(source="lead.city", read_only=True)
    company = CompanyOut(source="lead.company", read_only=True, allow_null=True)
    source = serializers.CharField(source="lead.source", read_only=True)  # type: ignore[assignment]  # our field, not DRF's option
    campaign = serializers.CharField(source="lead.campaign", read_only=True)
    first_touch = serializers.DictField(source="lead.first_touch", read_only=True)
    last_touch = serializers.DictField(source="lead.last_touch", read_only=True)
    consent_email = serializers.BooleanField(source="lead.consent_email", read_only=True)
    custom = serializers.DictField(source="lead.custom", read_only=True)
    stage = serializers.CharField(source="stage.key", read_only=True)
    funnel = serializers.CharField(source="stage.funnel.key", read_only=True)
    owner = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="lead.created_at", read_only=True)
    last_activity_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Standing
        fields = [
            *("id", "email", "external_id", "first_name", "last_name", "phone", "job_title", "persona", "language"),
            *("country", "city", "company", "source", "campaign", "first_touch", "last_touch", "consent_email"),
            *("custom", "funnel", "stage", "stage_since", "cycle", "owner", "fit", "engagement", "score", "grade"),
            *("reason", "scored_at", "last_activity_at", "created_at"),
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_owner(self, row: Standing) -> str | None:
        return row.owner.email if row.owner else None


class ActivityOut(serializers.ModelSerializer[Activity]):
    lead = serializers.IntegerField(source="lead_id", read_only=True)
    bot = serializers.SerializerMethodField()

    class Meta:
        model = Activity
        fields = ["id", "lead", "kind", "at", "recorded_at", "properties", "bot"]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=["human", "suspect", "bot"]))
    def get_bot(self, row: Activity) -> str:
        return Activity.Bot(row.bot).name.lower()


class ActivityIn(serializers.Serializer[Any]):
    """``lead`` by id, or ``email`` or ``external_id``; ``key`` makes a repeat harmless."""

    lead = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    email = serializers.CharField(required=False, max_length=254)
    external_id = serializers.CharField(required=False, max_length=100)
    kind = serializers.RegexField(r"^[a-z][a-z0-9_]{1,39}$")
    at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST, help_text="How long a call took; kept in its properties"
    )
    properties = serializers.DictField(required=False)
    key = serializers.CharField(required=False, max_length=100)


class ActivityBatchIn(serializers.Serializer[Any]):
    activities = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=1000)


class RowError(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    field = serializers.CharField()
    message = serializers.CharField()


class ActivityBatchOut(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    rejected = RowError(many=True)


class CaptureIn(serializers.Serializer[Any]):
    """Anything a form or site caught. It is kept first and understood a moment later; see the inbox."""

    key = serializers.CharField(required=False, max_length=100, help_text="A repeat is the same capture")
    lead = serializers.DictField(required=False)
    company = serializers.DictField(required=False)
    touch = serializers.DictField(required=False)
    visitor = serializers.CharField(required=False, max_length=40)
    consent_email = serializers.BooleanField(required=False, allow_null=True)
    activities = serializers.ListField(child=serializers.DictField(), required=False, max_length=1000)


class CaptureOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    new = serializers.BooleanField()
