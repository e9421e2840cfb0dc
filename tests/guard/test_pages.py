"""What a browser gets from us: nothing inline that the content security policy would need a hole for, nothing from
another host, no third-party code, and no way round the escaping of people's text."""

import re

import pytest

from tests.guard import house

# Names of XML vocabularies, and the hosts set aside for examples: nobody fetches these.
HARMLESS = re.compile(r"//(www\.w3\.org/|([\w-]+\.)*example(\.(com|org|net))?\b)")
INLINE = {
    "style attribute": r"""<[^>]*\sstyle\s*=""",
    "style element": r"<style\b",
    "script without src": r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*\btype\s*=\s*[\"']application/(?:ld\+)?json)",
    "handler attribute": r"<[^>]*\s(on[a-z]+|hx-on[:\w-]*)\s*=",
    "script address": r"javascript:|\bjs:",
    "escaping off": r"\|\s*safe\b|\bsafeseq\b|autoescape\s+off",
}
ADDRESS = r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s"'<>)]*"""
MARK_SAFE = re.compile(r"\bmark_safe\s*\(|\bSafeString\s*\(")


def inline(text: str) -> list[str]:
    """Kinds of inline code and of unescaped output in a template. Comments of the template are not looked at."""
    text = re.sub(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", "", text, flags=re.DOTALL)
    return [kind for kind, pattern in INLINE.items() if re.search(pattern, text, re.IGNORECASE)]


def foreign(text: str) -> list[str]:
    """Addresses on other hosts."""
    return [found for found in re.findall(ADDRESS, text) if not HARMLESS.search(found)]


def vendored(name: str, text: str) -> list[str]:
    """Signs of somebody else's code in our static files."""
    return [
        *(["a minified name"] if re.search(r"\.min\.|bundle|vendor", name) else []),
        *(["a line as minifiers write them"] if any(len(line) > 1000 for line in text.splitlines()) else []),
        *(
            ["a licence banner or a source map"]
            if re.search(r"@license|@preserve|sourceMappingURL|/\*!", text)
            else []
        ),
    ]


def templates() -> dict[str, str]:
    """Pages; the HTML of e-mails (``mail/``) has no content security policy and needs its styles inline."""
    return house.files(".html", ".svg", under=("templates",), outside=("mail",))


def test_templates_have_nothing_inline_and_escape_everything():
    assert {name: found for name, text in templates().items() if (found := inline(text))} == {}


def test_pages_fetch_nothing_from_other_hosts():
    texts = templates() | house.files(".css", ".js", ".svg", ".html", under=("static",))
    assert {name: found for name, text in texts.items() if (found := foreign(text))} == {}


def test_static_files_are_our_own():
    texts = house.files(".css", ".js", under=("static",))
    assert {name: found for name, text in texts.items() if (found := vendored(name, text))} == {}


def test_python_marks_nothing_as_safe():
    texts = house.files(".py", outside=("tests", "migrations"))
    assert [name for name, text in texts.items() if MARK_SAFE.search(text)] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('<p style="color:red">', "style attribute"),
        ("<p\n  class=x\n  style='a'>", "style attribute"),
        ("<style>p{}</style>", "style element"),
        ("<script>alert(1)</script>", "script without src"),
        ('<button onclick="go()">', "handler attribute"),
        ('<button hx-on:click="go()">', "handler attribute"),
        ('<a href="javascript:go()">', "script address"),
        ("<b hx-vals='js:{a: 1}'>", "script address"),
        ("{{ lead.name|safe }}", "escaping off"),
        ("{% autoescape off %}", "escaping off"),
    ],
)
def test_twin_inline_code_is_caught(text, kind):
    assert inline(text) == [kind]


@pytest.mark.parametrize(
    "text",
    ["{# style= <script> #}", '<script src="/a.js" defer></script>', '<script type="application/json">{}</script>'],
)
def test_twin_what_is_allowed_passes(text):
    assert inline(text) == []


@pytest.mark.parametrize(
    "text",
    ['<script src="https://cdn.test/x.js">', "@import url(//fonts.test/a.css)", "fetch('http://metrics.test/')"],
)
def test_twin_another_host_is_caught(text):
    assert foreign(text)


def test_twin_example_hosts_and_vocabularies_pass():
    assert foreign('xmlns="http://www.w3.org/2000/svg" placeholder="https://www.example.com/pricing"') == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.min.js", ""), ("a.js", "x" * 1001), ("a.js", "/*! Chart 4.0 */"), ("a.css", "/* @license MIT */")],
)
def test_twin_somebody_elses_code_is_caught(name, text):
    assert len(vendored(name, text)) == 1


def test_twin_mark_safe_is_caught():
    assert MARK_SAFE.search("return mark_safe(lead.name)")
