"""What is installed: locked by hash, from wherever the operator's own package client is set up to look."""

import re

import pytest

from tests.guard import house

LOCKS = ["requirements.txt", "requirements-test.txt"]
PIN = re.compile(r"^[a-z0-9][a-z0-9-]*==[\w.+!]+( ; [^\\]+?)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
# Written in two halves, so that the guard does not find itself.
HOSTS = re.compile("|".join(["python" + r"hosted\.org", "py" + r"pi\.(org|python)", "npm" + r"js\.(org|com)"]))
HOSTS_OF_CODE = re.compile("|".join(["jsdeliv" + r"r\.", "unp" + r"kg\.com", "cdn" + r"js\.", "googl" + r"eapis\."]))
HOMES = re.compile(r"(?<![\w.])/(home|Users)/[a-z]\w*/|(?<![\w.])/roo[t]/")
LOCK_NAMES = {
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pdm.lock",
}


def lock_faults(text: str) -> list[str]:
    """Lines of a lock that are neither a pinned package nor a hash; packages without a hash."""
    lines = text.splitlines()
    odd = [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.match(line) and not HASH.match(following)
    ]
    return odd + bare


def pins(text: str) -> set[str]:
    return {line.split(" ")[0] for line in text.splitlines() if "==" in line}


def mentions(text: str) -> list[str]:
    """Package registries, hosts that serve other people's code, and somebody's home folder."""
    return [found.group(0) for pattern in (HOSTS, HOSTS_OF_CODE, HOMES) if (found := pattern.search(text))]


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_is_pins_and_hashes_only(name):
    assert lock_faults((house.ROOT / name).read_text()) == []


def test_what_the_tests_install_contains_what_runs():
    run, test = ((house.ROOT / name).read_text() for name in LOCKS)
    assert pins(run) <= pins(test)


def test_no_other_lock_file():
    assert [path.name for path in house.tracked() if path.name in LOCK_NAMES] == []


def test_no_file_names_a_registry_or_somebodys_folder():
    suffixes = (".py", ".md", ".txt", ".toml", ".yml", ".yaml", ".sh", ".html", ".css", ".js", ".json", ".cfg", "")
    found = {name: said for name, text in house.files(*suffixes).items() if (said := mentions(text))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://example.com/simple",
        "django>=5.2 \\\n    --hash=sha256:" + "0" * 64,
        "django==5.2 \\\n    --hash=md5:00",
        "django==5.2 \\\nredis==8 \\\n    --hash=sha256:" + "0" * 64,
        "lib @ https://example.com/lib.whl",
    ],
)
def test_twin_a_loose_lock_is_caught(text):
    assert lock_faults(text)


def test_twin_a_missing_pin_is_seen():
    assert pins("a==1 \\\nb==2 \\") - pins("a==1 \\") == {"b==2"}


@pytest.mark.parametrize(
    "text", ["https://files.python" + "hosted.org/x", "cdn.jsdeliv" + "r.net/npm/x", "see /ho" + "me/ann/notes"]
)
def test_twin_a_registry_or_a_home_is_caught(text):
    assert mentions(text)
