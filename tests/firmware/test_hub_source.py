"""What is compiled for a hub: the module without what only type checkers read."""

from __future__ import annotations

import runpy
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "build_firmware.py"
hub_source = runpy.run_path(str(TOOL))["hub_source"]

SOURCE = """from _compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    class Port: ...

if not TYPE_CHECKING:
    here = 1


def work(value: "Any") -> "Any":
    return value
"""


def test_what_only_type_checkers_read_is_left_out_and_lines_keep_their_numbers():
    stripped = hub_source(SOURCE)
    assert "typing" not in stripped
    assert "Port" not in stripped
    assert "here = 1" in stripped
    assert stripped.splitlines()[11:] == SOURCE.splitlines()[11:]


def test_a_module_without_such_a_block_stays_as_it_is():
    source = "x = 1\nif x:\n    y = 2\nelse:\n    y = 3\n"
    assert hub_source(source) == source
