"""What is compiled for a hub: less than what stands in the file, on the same lines."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
hub_source = runpy.run_path(str(TOOLS / "hub_source.py"))

CHECKS = """from _compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    class Port: ...

if not TYPE_CHECKING:
    here = 1


def work(value: "Any") -> "Any":
    return value
"""

FORMAT = """LIMIT = const(8)
OWN = const(2 * LIMIT)


class Message:
    @staticmethod
    def read(data):
        return data[:OWN]

    def write(self):
        return bytes(LIMIT)


def read(data):
    return Message.read(data)
"""


def test_what_only_type_checkers_read_is_left_out_and_lines_keep_their_numbers() -> None:
    stripped = hub_source["without_checks"](CHECKS)
    assert "typing" not in stripped
    assert "Port" not in stripped
    assert "here = 1" in stripped
    assert stripped.splitlines()[11:] == CHECKS.splitlines()[11:]


def test_a_module_without_such_a_block_stays_as_it_is() -> None:
    source = "x = 1\nif x:\n    y = 2\nelse:\n    y = 3\n"
    assert hub_source["without_checks"](source) == source


def test_definitions_of_the_other_end_are_left_out() -> None:
    stripped = hub_source["without_definitions"](FORMAT, ["read", "Message.read"])
    assert "read" not in stripped
    assert "staticmethod" not in stripped
    assert stripped.splitlines()[9:11] == FORMAT.splitlines()[9:11]


def test_a_definition_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(KeyError):
        hub_source["without_definitions"](FORMAT, ["write"])


@pytest.mark.parametrize(
    "user",
    ["import format\nformat.read(b'')\n", "from .format import read\n",
     "from p import format\nx = p.format.Message.read\n"],
)  # fmt: skip
def test_what_is_left_out_and_still_named_is_found(user: str) -> None:
    sources = {"p/format.py": "LIMIT = 8\n", "p/user.py": user}
    missed = hub_source["still_named"](sources, {"p/format.py": ["read", "Message.read"]})
    assert [each.split(":")[0] for each in missed] == ["p/user.py"]


def test_what_its_own_module_still_names_is_found() -> None:
    assert hub_source["still_named"]({"p/a.py": "x = read(1)\n"}, {"p/a.py": ["read"]})
    assert not hub_source["still_named"]({"p/a.py": "x = cbor.read(1)\n"}, {"p/a.py": ["read"]})


@pytest.mark.parametrize(
    "user", ["format.LIMIT", "from .format import LIMIT", "getattr(format, 'LIMIT')"]
)
def test_a_constant_that_nobody_else_names_is_the_module_s_own(user: str) -> None:
    own = hub_source["own_constants"]({"format.py": FORMAT, "user.py": user})
    assert own == {"format.py": {"OWN"}, "user.py": set()}
    text = hub_source["with_own_constants"](FORMAT, own["format.py"])
    assert text == FORMAT.replace("OWN", "_OWN")


def test_a_constant_whose_own_name_is_taken_stays() -> None:
    source = "OWN = const(1)\n_OWN = 2\n"
    assert hub_source["own_constants"]({"a.py": source}) == {"a.py": set()}


NUMBERS = """LEAST = const(2)
MOST = const(LEAST << 4)
OFF = const(-1)
NAME = "text"
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from . import numbers as n\nx = n.MOST + n.OFF\n", "x = 32 + (-1)"),
        ("from p import numbers\nprint(numbers.NAME, numbers.LEAST)\n", "print(numbers.NAME, 2)"),
        ("from p.q import numbers\nx = numbers.MOST\n", "x = numbers.MOST"),
        ("from p import numbers\nnumbers = x\ny = numbers.MOST\n", "y = numbers.MOST"),
        ("from p import numbers\nf = lambda numbers: numbers.MOST\n",
         "f = lambda numbers: numbers.MOST"),
        ("from p import numbers\nx = 'å', numbers.MOST, 'å', numbers.MOST\n",
         "x = 'å', 32, 'å', 32"),
    ],
)  # fmt: skip
def test_constants_of_other_modules_become_numbers(source: str, expected: str) -> None:
    texts = hub_source["with_numbers"]({"p/numbers.py": NUMBERS, "p/user.py": source})
    assert texts["p/user.py"].splitlines()[-1] == expected
    assert texts["p/numbers.py"] == NUMBERS
    own = hub_source["own_constants"]({"p/numbers.py": NUMBERS, "p/user.py": "x = 32\n"})
    assert own["p/numbers.py"] == {"LEAST", "MOST", "OFF"}
