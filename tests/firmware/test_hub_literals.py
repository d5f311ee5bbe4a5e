"""Constants that the build writes as literals, and bytes that it makes."""

from __future__ import annotations

import ast
import importlib
import pathlib
import runpy
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
hub_literals = importlib.import_module("hub_literals")
sys.path.remove(str(ROOT / "tools"))

MANIFEST = runpy.run_path(str(ROOT / "firmware/manifest.py"))

WORDS = """IDLE = "idle"
LONG = "no-characteristic"
FAULT = 0x105
"""


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("from p import words as w\nx = w.IDLE, w.LONG, w.FAULT\n", "x = 'idle', w.LONG, 261"),
        ("from .words import IDLE\nx = IDLE\n", "x = IDLE"),
        ("from . import words\nx.IDLE = words.IDLE\n", "x.IDLE = words.IDLE"),
        ("from . import words\nx = getattr(words, 'IDLE')\n", "x = getattr(words, 'IDLE')"),
    ],
)
def test_short_texts_and_numbers_stand_where_they_are_used(user: str, expected: str) -> None:
    texts = hub_literals.with_literals({"p/words.py": WORDS, "p/user.py": user})
    assert texts["p/user.py"].splitlines()[-1] == expected
    assert ("IDLE" in texts["p/words.py"]) == ("IDLE" in expected)


def test_a_module_uses_its_own_and_lines_keep_their_numbers() -> None:
    source = f"{WORDS}x = {{IDLE: LONG}}\n"
    texts = hub_literals.with_literals({"a.py": source})
    assert texts["a.py"] == "\nLONG = \"no-characteristic\"\n\nx = {'idle': LONG}\n"


@pytest.mark.parametrize(
    "source",
    [
        "IDLE = 'idle'\nIDLE = 'other'\n",
        "IDLE = 'idle'\ndef f(IDLE): pass\n",
        "IDLE = 'idle'\nclass C:\n    IDLE = 2\n",
        "IDLE = True\n",
        "IDLE = 1.5\n",
        "idle = 'idle'\n",
    ],
)
def test_what_may_be_something_else_stays_a_name(source: str) -> None:
    assert hub_literals.with_literals({"a.py": source})["a.py"] == source


def test_what_the_supervisor_names_stays() -> None:
    texts = hub_literals.with_literals({"a.py": WORDS}, ["print(app.IDLE)\n"])
    assert texts["a.py"].startswith("IDLE")


def test_bytes_are_made_on_the_same_lines() -> None:
    source = "import struct\n_A = const(1)\n_P = bytes((\n    _A, 2,\n))\nx = struct\n"
    made = hub_literals.with_made(source, ["_P"])
    assert made.splitlines() == [
        "import struct", "_A = const(1)", "_P = b'\\x01\\x02'", "", "", "x = struct",
    ]  # fmt: skip


def test_only_bytes_of_a_known_name_are_made() -> None:
    with pytest.raises(KeyError):
        hub_literals.with_made("_P = 1\n", ["_Q"])
    with pytest.raises(TypeError):
        hub_literals.with_made("_P = 1\n", ["_P"])


@pytest.mark.parametrize("inside", MANIFEST["MADE"])
def test_what_the_build_makes_depends_on_no_machine(inside: str) -> None:
    """Every format of `struct` in the module says its byte order."""
    tree = ast.parse((ROOT / "protocols" / inside).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
             and ast.unparse(node.func) in ("struct.pack", "struct.unpack")]  # fmt: skip
    for call in calls:
        assert ast.unparse(call.args[0])[1] in "<>"
