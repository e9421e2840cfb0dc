"""An icon that the wheel does not have fails a whole page: every name that is written down must exist."""

import re
import zipfile
from pathlib import Path

import lucide
import pytest

from core.context import NAV

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = re.compile(r"""{%\s*(?:lucide\s+"([a-z0-9-]+)"|empty\s+"[^"]*"\s+"[^"]*"\s+"([a-z0-9-]+)")""")


def icons() -> set[str]:
    (archive,) = Path(lucide.__file__).parent.glob("*.zip")
    with zipfile.ZipFile(archive) as names:
        return {name.removesuffix(".svg") for name in names.namelist()}


def unknown(text: str) -> set[str]:
    return {name for pair in WRITTEN.findall(text) for name in pair if name} - icons()


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_name_only_icons_that_exist(path: Path) -> None:
    assert unknown(path.read_text()) == set()


def test_navigation_names_only_icons_that_exist() -> None:
    assert {page.icon for page in NAV} <= icons()


def test_the_guard_catches_a_wrong_name() -> None:
    assert unknown('{% lucide "no-such-icon" size=3 %}{% empty "a" "b" "neither-this" %}') == {
        "no-such-icon",
        "neither-this",
    }
