"""What people wrote, on its way into a chat: never markup, never a call to everybody, still readable."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from team.rules.plain import plain

HOSTILE = [
    "<!channel> hello",
    "<!here|here>",
    "<@U024BE7LH>",
    "<https://evil.example|click me>",
    "@everyone look",
    "x@everyone",
    "hi @here and @channel",
    "@\u200beveryone",
    "＠everyone",
    "everyone@everyone_",
    "anna@everyone_else@here2",
    "anna@all_",
    "[click](https://evil.example)",
    "![img](http://evil.example/x.png)",
    "*bold* _italic_ ~gone~ `code` ||secret||",
    "> quote",
    "# heading",
    "- list",
    "1. list",
    "<script>alert(1)</script>",
    "<b>bold</b> &lt;i&gt;",
    "line\nbreak\r\nHeader: x",
    "right\u202eto left",
    "javascript://%0aalert(1)",
    "\x00\x07\x1b[31mred",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert(text: str) -> None:
    inert(plain(text))


def inert(said: str) -> None:
    assert not re.search(r"[<>`*~|\[\]\\]", said)
    assert "://" not in said and "\n" not in said and "\r" not in said
    assert not re.search(r"@(everyone|here|(channel|all|team|room|online)(?![^\W_]))", said, re.I)
    assert not re.search(r"(?<![^\W_])[@＠]\w", said)
    assert not re.match(r"([#>\-+=]+|\d+\.)(\s|$)", said)
    assert not any(ord(char) < 32 or char == "\u202e" for char in said)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=120))
def test_any_text_is_inert_and_one_line(text: str) -> None:
    inert(plain(text))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*"<>@*_~`|[]()#!-:/ \n", "everyone", "here", "http", "a", "1."]), max_size=20))
def test_any_mixture_of_signs_is_inert(parts: list[str]) -> None:
    inert(plain("".join(parts)))


@pytest.mark.parametrize(
    "text",
    [
        "Anna Müller",
        "anna@firm.example",
        "Ines O'Hara-Smith",
        "李雷",
        "Score 80 passed the bar of 60 · A1 80",
        "50 % off (3 of 4)",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_it_is_cut() -> None:
    assert len(plain("x" * 1000, 50)) == 50
