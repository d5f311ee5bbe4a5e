"""Modules in one file on a hub: what stands where, what is told apart, what stops the build."""

from __future__ import annotations

import ast
import pathlib
import runpy
from typing import Any

import pytest

from firmware.test_hub_names import tool

ROOT = pathlib.Path(__file__).resolve().parents[2]
ON_HUB = "host/varde_host/bench/on_hub"
groups = tool("hub_groups")

WORDS = '''"""Words."""
from q import deep

class Wait:
    pass

def _read(x):
    return deep.read(x)
'''
USER = """from . import words
from .words import Wait as Rest
_LIMIT = const(5)

def _read(x):
    return words.Wait, Rest, _LIMIT, words.read

def read(x):
    return _read(x)
"""
OTHER = """from q import deep
from p import user

def run():
    from p import words as w
    return user.read(w.Wait)
"""
TOGETHER = {"p/both.py": ["p/words.py", "p/user.py"]}


def together(asked: frozenset[str] = frozenset(), **changed: str) -> tuple[dict[str, str], Any]:
    sources = {"words": WORDS, "user": USER, "other": OTHER, **changed}
    inside = {f"p/{name}.py": text for name, text in sources.items()}
    texts, names = groups.with_groups(inside, {"p/user.py": {"_q": "_quit"}}, TOGETHER, asked)
    return texts, names


def code(text: str) -> str:
    """The module as the compiler sees it, without the line that only names names."""
    tree = ast.parse(text)
    first = tree.body[0]
    if isinstance(first, ast.Expr):
        del tree.body[0]
    return ast.unparse(tree)


def test_members_are_one_text_and_ask_each_other_by_bare_names() -> None:
    texts, _ = together(user=USER.replace(", words.read", ""))
    assert set(texts) == {"p/both.py", "p/other.py"}
    text = code(texts["p/both.py"])
    assert text.count("import") == 1
    assert "return (Wait, Wait, _LIMIT_" in text


def test_what_is_private_in_two_members_is_told_apart_and_read_back() -> None:
    texts, names = together()
    text = code(texts["p/both.py"])
    assert "def _read(" in text
    assert "def _a(x):" in text
    assert "return _a(x)" in text
    assert names["p/user.py"] == {"_q": "_quit", "_a": "_read"}
    read = tool("read_console").readable
    lines = {line: {"p/words.py": "words", "p/user.py": "user"}[inside]
             for line, inside in names["p/both.py"].items()}  # fmt: skip
    at = len(WORDS.splitlines()) + 6
    report = [f'  File "both", line {at}, in _a\n', "NameError: _q\n"]
    assert list(read(report, {"both": lines, "user": names["p/user.py"]})) == [
        '  File "user", line 6, in _read\n', "NameError: _quit\n",
    ]  # fmt: skip


def test_a_report_without_line_numbers_names_all_that_it_may_mean() -> None:
    names = {
        "both": {"1": "words", "9": "user"},
        "words": {"_a": "_read", "_b": "_say"},
        "user": {"_a": "_write"},
    }
    report = [
        '  File "both", line 1, in _a\n', '  File "both", line 1, in run\n',
        '  File "both", line 1, in _b\n', "NameError: _a\n",
    ]  # fmt: skip
    assert list(tool("read_console").readable(report, names)) == [
        '  File "both", in words._read or user._write\n', '  File "both", in run\n',
        '  File "both", in words._say\n', "NameError: _read\n",
    ]  # fmt: skip


def test_others_ask_the_group_and_where_they_did_import() -> None:
    text = code(together()[0]["p/other.py"])
    assert text.splitlines()[1] == "from p import both"
    assert "    from p import both\n    return both.read(both.Wait)" in text


def test_a_local_name_is_not_taken_for_another_member_s() -> None:
    local = USER.replace("def _read(x)", "def _read(Wait)").replace("Rest, ", "")
    text = code(together(user=local)[0]["p/both.py"])
    assert "return (both.Wait, " in text
    assert "from p import both" in text


def test_a_member_that_others_ask_for_keeps_a_file_that_names_what_it_defines() -> None:
    texts, _ = together(frozenset({"p/user.py", "p/other.py"}))
    assert texts["p/user.py"] == "from p.both import read\n"
    assert "p/words.py" not in texts


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("Wait = 1\n", "Wait is of"),
        ("from r import deep\n", "deep is of"),
        ("from . import words\nx = words\n", "takes words for a value"),
        ("def f(both): pass\n", "may not be called both"),
        ("def min(x): pass\n", "the interpreter has min"),
        ("def _read(x): pass\ndef f(_read): pass\n", "something else"),
        ("from .words import Wait as W\ndef f(Wait): return W\n", "something else"),
    ],
)
def test_what_may_not_be_together_stops_the_build(user: str, why: str) -> None:
    with pytest.raises(groups.NotTogetherError, match=why):
        together(user=user, other="")


def test_the_order_of_loading_names_groups_and_keeps_its_lines() -> None:
    source = 'X = (\n    ("p.", """\n    deep words\n    user\n    """),\n)\ny = 1\n'
    assert groups.with_order(source, TOGETHER) == (
        "X = (\n    (\"p.\", 'deep both'),\n\n\n\n)\ny = 1\n"
    )


def test_the_most_frequent_names_come_first() -> None:
    source = "def f(a):\n    return a.rare, a.often, a.often, a.often, g, a.often, g, g\n"
    text = tool("hub_frequent").with_frequent_names_first(source)
    assert text == "__name__ or __name__.often.g; " + source


def test_supervisor_and_bench_find_the_modules_that_they_ask_for() -> None:
    manifest = runpy.run_path(str(ROOT / "firmware/manifest.py"))
    source = tool("hub_source")
    scripts = [*(ROOT / "firmware").glob("*.py"), *(ROOT / ON_HUB).glob("*.py")]
    asked = {full for path in scripts
             for full in source.imported(ast.parse(path.read_text("utf-8")), "main.py").values()}
    asked |= {full.rpartition(".")[0] for full in asked}  # from module import name
    members = {inside for each in manifest["TOGETHER"].values() for inside in each}
    assert {inside for inside in members if source.dotted(inside) in asked} == set(
        manifest["ASKED_FOR"]
    )
