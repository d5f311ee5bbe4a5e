"""Short names on a hub: what is renamed, what stays, and that nothing but names changes."""

from __future__ import annotations

import importlib
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import types

import pytest

from firmware import hub_vm

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTABLE = ROOT / "tests/portable"
HEAP = "2m"  # modules are compiled there


def tool(name: str) -> types.ModuleType:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "tools"))


hub_names = tool("hub_names")


FLAGS = """from ._compat import ON_MICROPYTHON, TYPE_CHECKING, const
from . import sizes, wire as plain
from .wire import (
    NAME,
    read,
)

LIMIT = const(5)
if ON_MICROPYTHON and not TYPE_CHECKING:
    import struct
"""


def test_flags_are_written_out_and_what_is_imported_for_nothing_is_not() -> None:
    flags = {"ON_MICROPYTHON": True, "TYPE_CHECKING": False}
    flagged = tool("hub_source").with_flags(FLAGS, flags)
    user = "from p import a\nx = a.read, a.sizes.TEXT\n"
    texts = tool("hub_imports").without_unused_imports({"p/a.py": flagged, "p/user.py": user})
    assert texts["p/user.py"] == user
    assert texts["p/a.py"].splitlines() == [
        "pass", "from . import sizes", "from .wire import read", "", "", "", "",
        "LIMIT = const(5)", "if True and not False:", "    pass",
    ]  # fmt: skip


@pytest.mark.parametrize("use", ["X = [const(5)]", "def f():\n    return const(5)"])
def test_const_stays_where_the_compiler_does_not_fold_it(use: str) -> None:
    source = f"from ._compat import const\n{use}\n"
    assert tool("hub_imports").without_unused_imports({"a.py": source})["a.py"] == source


def words(source: str, others: str = "") -> str:
    texts = hub_names.with_interpreter_words({"p/a.py": source, "p/b.py": others})
    assert texts["p/b.py"] == others
    return str(texts["p/a.py"])


def test_an_argument_becomes_a_word_of_the_interpreter() -> None:
    source = "def read_all(sensor: int, limit=LIMIT):\n    return sensor + limit\n"
    assert words(source) == "def read_all(value: int, key=LIMIT):\n    return value + key\n"


@pytest.mark.parametrize("caller", ["f(1, limit=2)", "g(limit=2)"])
def test_an_argument_that_a_call_names_stays(caller: str) -> None:
    source = "def f(sensor, limit):\n    return limit\n"
    assert words(source, caller + "\n") == "def f(value, limit):\n    return limit\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # a word that the function means something by already is not taken
        ("def f(a):\n    return value + a\n", "def f(key):\n    return value + key\n"),
        ("def f(key, a):\n    return a\n", "def f(key, value):\n    return value\n"),
        # an inner function sees the outer's argument, and its own in the outer's place
        ("def f(a):\n    def g(b):\n        return a, b\n    return g\n",
         "def f(value):\n    def g(key):\n        return value, key\n    return g\n"),
        ("def f(a):\n    return [a for a in a]\n", "def f(a):\n    return [a for a in a]\n"),
        ("def f(a):\n    def g():\n        a = 1\n    return a\n",
         "def f(a):\n    def g():\n        a = 1\n    return a\n"),
        ("f = lambda å: å.a(å)\n", "f = lambda value: value.a(value)\n"),
        # defaults and annotations are the surroundings' business, attributes the object's
        ("def f(a: a = a):\n    return a.a\n", "def f(value: a = a):\n    return value.a\n"),
        ("class C:\n    def f(self, a):\n        self.a = a\n",
         "class C:\n    def f(self, value):\n        self.a = value\n"),
    ],
)  # fmt: skip
def test_only_what_means_the_argument_is_renamed(source: str, expected: str) -> None:
    assert words(source) == expected


@pytest.mark.parametrize("call", ["x.f(**named)", "C(**named)"])
def test_a_call_with_two_stars_may_name_any_argument(call: str) -> None:
    name = "f" if "f" in call else "__init__"
    source = f"class C:\n    def {name}(self, a): pass\n    def g(self, a): pass\n"
    assert words(source, call + "\n") == source.replace("g(self, a)", "g(self, value)")


def short(**sources: str) -> dict[str, str]:
    texts, _ = hub_names.with_short_names({f"{name}.py": text for name, text in sources.items()})
    return {name: texts[f"{name}.py"] for name in sources}


def test_private_names_are_short_and_modules_use_the_same_ones() -> None:
    found = short(
        a="_limit = 1\n\ndef read(x):\n    return _limit\n", b="def _write():\n    pass\n"
    )
    assert found["a"] == "_a = 1\n\ndef read(x):\n    return _a\n"
    assert found["b"] == "def _a():\n    pass\n"


def test_an_object_has_the_names_of_its_class_and_of_all_above() -> None:
    found = short(
        top="class Top:\n    def _one(self): pass\n",
        middle="from . import top\nclass Middle(top.Top):\n    pass\n",
        heir="from .middle import Middle\nclass Heir(Middle):\n    def _two(self): pass\n",
        other="class Other:\n    def _three(self): pass\n",
    )
    assert "_a" in found["top"]
    assert "_b" in found["heir"]
    assert "_a" in found["other"]


def test_two_mixins_meet_in_the_class_that_has_both() -> None:
    found = short(
        one="class One:\n    def _first(self): pass\n",
        two="class Two:\n    def _second(self): pass\n",
        both="from .one import One\nfrom .two import Two\nclass Both(One, Two): pass\n",
    )
    assert ("_a" in found["one"]) != ("_a" in found["two"])


def test_what_is_asked_of_anything_is_like_nothing_else() -> None:
    found = short(
        a="class Value:\n    def _items(self): pass\n    def _own(self): pass\n",
        b="class Event:\n    def _note(self, x):\n        return x._items()\n",
    )
    assert "_a()" in found["b"]
    assert "_a(" in found["a"]
    assert "_b(" in found["a"]
    assert "_b(" in found["b"]


def test_names_as_strings_are_renamed_and_what_others_know_is_not() -> None:
    sources = {
        "a.py": 'class _Job:\n    MOVES = {1: "_on", 2: "on"}\n    def _on(self):\n'
        "        x._io_queue(self._kept)\n        self._kept = 1\n",
        "_ours.py": "from . import _ours\n",
    }
    texts, table = hub_names.with_short_names(sources, ["app._kept\n"])
    assert texts["a.py"] == (
        'class _Job:\n    MOVES = {1: "_a", 2: "on"}\n    def _a(self):\n'
        "        x._io_queue(self._kept)\n        self._kept = 1\n"
    )
    assert texts["_ours.py"] == sources["_ours.py"]
    assert table == {"a.py": {"_a": "_on"}}


def test_a_string_that_is_no_name_of_a_method_stays_and_so_does_the_name() -> None:
    source = 'def f(self):\n    self._public = 1\n    return KEYS[self.name + "_public"]\n'
    assert short(a=source)["a"] == source


def test_a_name_that_is_put_together_at_run_time_stops_the_build() -> None:
    with pytest.raises(ValueError, match="cannot know"):
        short(a='getattr(self, "_on_" + name)\n')


def test_error_reports_are_called_by_as_little_as_no_other_module_has() -> None:
    insides = ["p/a/__init__.py", "p/a/clock.py", "p/b/clock.py", "p/b/link.py"]
    assert tool("build_firmware").file_names(insides) == dict(
        zip(insides, ["a", "a.clock", "b.clock", "link"], strict=True)
    )


def test_an_error_report_is_read_back() -> None:
    log = [
        "varde: hub 01\n",
        "Traceback (most recent call last):\n",
        '  File "app", line 3, in run\n',
        '  File "link", line 33, in _a\n',
        "AttributeError: 'Link' object has no attribute '_b'\n",
        "an own line of _a\n",
    ]
    names = {"link": {"_a": "_join", "_b": "_network"}, "app": {"_a": "_other"}}
    assert list(tool("read_console").readable(log, names)) == [
        *log[:3],
        '  File "link", line 33, in _join\n',
        "AttributeError: 'Link' object has no attribute '_network'\n",
        "an own line of _a\n",
    ]


def test_the_portable_tests_pass_on_what_the_build_makes_of_the_sources(
    tmp_path: pathlib.Path,
) -> None:
    """Tests and modules go through the build together, whole, and run on the hub's interpreter."""
    if not hub_vm.INTERPRETER.exists():
        pytest.skip("no hub interpreter: run `make setup`")
    build = tool("build_firmware")
    folders = (ROOT / "protocols", ROOT / "firmware", PORTABLE)
    files = {path.relative_to(folder).as_posix(): path
             for folder in folders for path in folder.rglob("*.py")
             if not path.stem.endswith("_cpython") and "gatt" not in str(path)
             and path.parent.name != "unittest_micropython"}  # fmt: skip
    files["nor_flash.py"] = ROOT / "tests/firmware/nor_flash.py"
    sources = {inside: build.hub_source.without_checks(path.read_text("utf-8"))
               for inside, path in files.items()}  # fmt: skip
    for inside, names in runpy.run_path(str(ROOT / "firmware/manifest.py"))["MADE"].items():
        sources[inside] = build.hub_literals.with_made(sources[inside], names)
    # The one that puts names together.
    kept = {inside: sources.pop(inside) for inside in ["sensor_script.py"]}
    texts, table = build.transformed(sources, [PORTABLE / "run.py", PORTABLE / "sensor_script.py"])
    texts.update(kept)
    assert len(table) > 100
    here = tmp_path / "tests/portable"
    for inside, text in texts.items():
        (here / inside).parent.mkdir(parents=True, exist_ok=True)
        (here / inside).write_text(text, encoding="utf-8")
    shutil.copy(PORTABLE / "run.py", here)
    shutil.copytree(PORTABLE / "unittest_micropython", here / "unittest_micropython")
    (tmp_path / "protocols").symlink_to(ROOT / "protocols")  # for vectors
    done = subprocess.run(
        [hub_vm.INTERPRETER, "-X", f"heapsize={HEAP}", here / "run.py"],
        env={**os.environ, "VARDE_PROTOCOLS": str(here)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
