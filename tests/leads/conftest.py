from typing import Any

import pytest
from django.core.cache import cache

from leads.models import CaptureForm

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@pytest.fixture(autouse=True)
def no_memory_of_addresses() -> None:
    cache.clear()


@pytest.fixture
def demo_form(db: Any) -> CaptureForm:
    return CaptureForm.objects.create(
        slug="demo",
        name="Ask for a demo",
        fields=["first_name", "last_name", "company", "job_title", "phone", "country", "city", "message"],
        activity_kind="demo_requested",
        campaign="spring",
    )
