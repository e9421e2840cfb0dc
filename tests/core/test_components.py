"""Every component escapes what people wrote, says what it must to a screen reader, and reads well."""

from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.test.html import parse_html
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from core import charts
from core.addresses import address, page_address
from core.context import Page
from core.templatetags.ui import register
from core.widgets import LongSelect
from tests.core.hostile import HOSTILE


class Named(forms.Form):
    name = forms.CharField(label=HOSTILE, help_text=HOSTILE, initial=HOSTILE)
    choice = forms.ChoiceField(choices=[(HOSTILE, HOSTILE)], widget=forms.RadioSelect)
    many = forms.MultipleChoiceField(
        choices=[(HOSTILE, HOSTILE)], widget=forms.CheckboxSelectMultiple, required=False
    )
    note = forms.CharField(widget=forms.Textarea, initial=HOSTILE, required=False)
    flag = forms.BooleanField(label=HOSTILE, required=False)


def wrong_form() -> Named:
    form = Named({"name": "", "choice": HOSTILE + "?"})
    form.is_valid()
    form.add_error(None, HOSTILE)
    return form


def draw(source: str, **facts) -> str:
    request = RequestFactory().get("/leads/", {"q": HOSTILE, "sort": "-score"})
    return Template(source).render(Context({"request": request, "x": HOSTILE, "now": timezone.now(), **facts}))


ROWS = [charts.Bar(HOSTILE, 5, HOSTILE, url="/x/?q=" + HOSTILE), charts.Bar("b", 3, "3")]
STAGES = [
    charts.RibbonStage(HOSTILE, 100, "marketing", HOSTILE, HOSTILE, url="/?" + HOSTILE, leak_url="/?" + HOSTILE),
    charts.RibbonStage(HOSTILE, 10, "handoff", HOSTILE, HOSTILE),
    charts.RibbonStage(HOSTILE, 5, "sales"),
    charts.RibbonStage(HOSTILE, 0, "customer"),
]
FACTS = {
    "standing": SimpleNamespace(grade=HOSTILE, score=HOSTILE, reason=HOSTILE, scored_at=True),
    "stage": SimpleNamespace(name=HOSTILE, kind=HOSTILE, funnel=SimpleNamespace(kind=HOSTILE)),
    "form": Named(),
    "wrong": wrong_form(),
    "steps": [{"name": HOSTILE, "tone": HOSTILE, "state": HOSTILE, "at": None}],
    "pairs": [(HOSTILE, HOSTILE)],
    "changes": [(HOSTILE, HOSTILE, HOSTILE)],
    "pages": [Page(HOSTILE, HOSTILE, HOSTILE, "bell", url="/?" + HOSTILE, current=HOSTILE)],
    "choices": [{"id": HOSTILE, "name": HOSTILE}, {"id": 2, "name": HOSTILE}],
    "links": [("/?" + HOSTILE, HOSTILE, 3, True)],
    "bars": charts.bars(HOSTILE, ROWS, head=[HOSTILE, HOSTILE]),
    "columns": charts.columns(HOSTILE, ROWS, head=[HOSTILE, HOSTILE]),
    "lines": charts.lines(
        HOSTILE, [HOSTILE, "b"], [(HOSTILE, HOSTILE, [1, 2]), ("c", "sales", [2, 3])], head=[HOSTILE]
    ),
    "stacked": charts.stacked(HOSTILE, [HOSTILE], [(HOSTILE, HOSTILE, [1]), ("c", "sales", [2])], head=[HOSTILE]),
    "ribbon": charts.ribbon(HOSTILE, STAGES, head=[HOSTILE], rows=[[HOSTILE]]),
}
PIECES = {
    "badge": "{% badge x x %}{% badge x icon='bell' %}",
    "chip": "{% chip x x x %}",
    "score_chip": "{% score_chip standing %}",
    "stage_chip": "{% stage_chip stage now %}",
    "avatar": "{% avatar x %}",
    "person": "{% person x %}",
    "clock": "{% clock now now x %}",
    "button": "{% button x kind=x key=x href=x data_x=x %}{% button x hx_post=x title=x %}",
    "page_header": "{% page_header x sentence=x back=x back_label=x %}{{ x }}{% endpage_header %}",
    "card": "{% card x sentence=x url=x label=x kind=x %}{{ x }}{% endcard %}{% card x %}{% endcard %}",
    "modal": "{% modal x %}{{ x }}{% endmodal %}",
    "bulk_bar": "{% bulk_bar x %}{{ x }}{% endbulk_bar %}",
    "filter_bar": "{% filter_bar target=x label=x %}{{ x }}{% endfilter_bar %}",
    "tip": "{% tip x %}{{ x }}{% endtip %}",
    "event": "{% event 'bell' x now x x %}{{ x }}{% endevent %}",
    "journey": "{% journey steps %}",
    "facts": "{% facts pairs %}",
    "diff": "{% diff changes %}",
    "tabs": "{% tabs links x %}",
    "secret": "{% secret x x %}",
    "funnel_bar": "{% funnel_bar 1 2 x x %}",
    "field": "{% field form.name x %}{% field wrong.name %}",
    "form_errors": "{% form_errors wrong %}",
    "form_fields": "{% form_fields form %}{% form_fields wrong %}",
    "empty": "{% empty x x 'inbox' x x %}",
    "tile": "{% tile x x x x x x %}",
    "sort_link": "<table><tr>{% sort_link x x x True %}</tr></table>",
    "pager": "{% pager x x %}",
    "progress": "{% progress 1 2 x %}",
    "chart": "{% chart bars %}{% chart columns %}{% chart lines %}{% chart stacked %}{% chart ribbon %}",
    "sparkline": "{% sparkline values x %}",
    "navigation": "{% navigation pages %}",
    "when": "{% when now %}{% when now x %}{% when now 'ago' %}",
    "options": "{% options choices x %}",
    "lucide": "{% lucide 'bell' size=16 aria_label=x %}",
}
FILTERS = ["number", "money:x", "percent", "duration", "initials", "hue"]


class Markup(HTMLParser):
    """What a browser would make of it: the elements, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag} | {f"@{name}" for name, _ in attrs}


@pytest.mark.parametrize("name", sorted(PIECES))
def test_hostile_text_stays_text(name):
    page = draw(PIECES[name], values=[1, 2, 3], **FACTS)
    found = Markup(page).found
    assert found and not found & {"script", "img", "@onerror", "@src", "@style"}
    assert not any(one.startswith("@on") for one in found)
    assert HOSTILE not in page and "alert(1)</script>" not in page


def test_every_component_is_among_them():
    assert set(register.tags) == set(PIECES)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_make_no_markup(name):
    assert "<script>" not in draw("{{ x|" + name + " }}") and "<script>" not in draw("{{ 5|" + name + " }}")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 12480|number }}", "12,480"),
        ("{{ 0|number }}", "0"),
        ("{{ nothing|number }}", "–"),
        ("{{ 18400|money }}", "$18,400"),
        ("{{ 1234.5|money:'EUR' }}", "€1,234.50"),
        ("{{ 7|money:'CHF' }}", "7 CHF"),
        ("{{ -3.1|money }}", "-$3.10"),
        ("{{ 0.6315|percent:1 }}", "63.1 %"),
        ("{{ nothing|percent }}", "–"),
        ("{{ 220|duration }}", "3 m 40 s"),
        ("{{ 0|duration }}", "0 s"),
        ("{{ 187200|duration }}", "2 d 4 h"),
        ("{{ 'Maya Okafor'|initials }}", "MO"),
        ("{{ ''|initials }}", "?"),
    ],
)
def test_values_read_as_people_say_them(source, said):
    assert draw(source) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "just now"),
        (90, "1 minute ago"),
        (-7260, "in 2 hours"),
        (172800, "2 days ago"),
        (40_000_000, "1 year ago"),
    ],
)
def test_moments_are_told_from_now(seconds, said):
    assert draw("{{ at|ago }}", at=timezone.now() - timedelta(seconds=seconds + 0.5)) == said


def test_times_are_in_the_readers_zone():
    moment = timezone.datetime(2026, 3, 1, 23, 30, tzinfo=timezone.get_default_timezone())
    with timezone.override("Asia/Tokyo"):
        assert draw("{{ at|local_time }} {{ at|local_time:'j M' }}", at=moment) == "2 Mar 2026 08:30 2 Mar"


def test_a_clock_counts_from_what_the_server_says():
    now = timezone.now()
    page = draw("{% clock due start %}", due=now + timedelta(seconds=150), start=now - timedelta(seconds=150))
    assert (
        'data-due="' in page
        and 'data-now="' in page
        and 'role="timer"' in page
        and 'stroke-dasharray="50 100"' in page
    )
    late = draw("{% clock due %}", due=now - timedelta(seconds=1))
    assert "late" in late and ">late<" in late
    assert "data-due" not in draw("{% clock None %}")


def test_a_field_is_tied_to_its_help_and_errors():
    page = draw("{% field wrong.name %}", **FACTS)
    assert 'aria-invalid="true"' in page and 'aria-describedby="id_name-error id_name-help"' in page
    assert 'id="id_name-error"' in page and 'id="id_name-help"' in page and '<label for="id_name"' in page
    assert "<fieldset" in draw("{% field form.choice %}", **FACTS) and "<legend>" in draw(
        "{% field form.many %}", **FACTS
    )


def test_a_long_select_is_the_select_of_django_in_one_go():
    class Form(forms.Form):
        zone = forms.ChoiceField(choices=[("", "Any"), (HOSTILE, HOSTILE), (3, "Three")], initial=3)

    class Long(Form):
        zone = forms.ChoiceField(
            choices=[("", "Any"), (HOSTILE, HOSTILE), (3, "Three")], widget=LongSelect, initial=3
        )

    for data in (None, {"zone": "3"}, {"zone": HOSTILE}, {"zone": "no such"}, {}):
        assert parse_html(str(Long(data)["zone"])) == parse_html(str(Form(data)["zone"]))


def test_an_address_is_what_reverse_says():
    for name in ("desk:lead", "deals:move", "handoff:accept", "leads:company"):
        assert address(name, 1234567) == reverse(name, args=[1234567])
    assert page_address("desk:queue") == reverse("desk:queue")
    with pytest.raises(NoReverseMatch):
        address("desk:none", 1)


def test_sorting_keeps_the_filters_and_turns_round():
    page = draw('{% sort_link "score" "Score" "-score" %}')
    assert 'aria-sort="descending"' in page and "sort=score" in page and "q=%3Cscript" in page
    assert 'aria-sort="none"' in draw('{% sort_link "name" "Name" "-score" %}')


def test_a_pager_without_more_pages_is_nothing():
    assert draw("{% pager '' %}").strip() == ""
    assert "cursor=abc" in draw("{% pager 'abc' %}")


def test_buttons_say_their_key():
    page = draw('{% button "Accept" kind="main" key="a" hx_post="/x/" disabled=False %}')
    assert 'data-key="a"' in page and "<kbd>A</kbd>" in page and 'hx-post="/x/"' in page and "disabled" not in page
    assert page.startswith('<button class="btn main"') and 'type="button"' in page
    assert draw('{% button "Go" href="/x/" %}').startswith('<a class="btn " href="/x/">')
