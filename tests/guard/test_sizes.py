"""Small files and small functions, so that a room can be read in one sitting. Complexity is ruff's (<= 8)."""

import ast

import pytest

from tests.guard import house

FILE_LINES = 300
FUNCTION_LINES = 50
OUTSIDE = ("migrations", "tests")


def too_long(name: str, text: str) -> list[str]:
    """The file, and the functions in it, that are longer than the house allows."""
    count = len(text.splitlines())
    found = [f"{name}: {count} lines"] if count > FILE_LINES else []
    if not name.endswith(".py"):
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"{name}: {node.name} has {length} lines")
    return found


def test_files_and_functions_are_short():
    texts = house.files(".py", ".html", ".js", outside=OUTSIDE)
    assert len(texts) > 30
    assert [line for name, text in texts.items() for line in too_long(name, text)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n" * 301, ["a.py: 301 lines"]),
        ("def long():\n" + "    x = 1\n" * 50, ["a.py: long has 51 lines"]),
        ("class A:\n    def long(self):\n" + "        x = 1\n" * 50, ["a.py: long has 51 lines"]),
        ("def fine():\n" + "    x = 1\n" * 49, []),
    ],
)
def test_twin_a_long_file_or_function_is_caught(text, said):
    assert too_long("a.py", text) == said
