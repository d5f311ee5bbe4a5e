"""What errors tell their reader to do next is left out on a hub; code and place stay."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import hub_hints

ERRORS = """
class WireError(Exception):
    def __init__(self, code, where, hint): pass
class CoseError(WireError): pass
class Checks:
    def fault(self, code, hint, where): pass
def require(good, code, where, hint): pass
"""
USER = """
hint = "send at most %d" % 5
raise CoseError("malformed", "COSE", "send a payload")
raise WireError("short", "%d bytes" % 3, hint)
require(True, "range", "name", "send %d to %d" % (1, 2))
self.checks.fault("shape", "send a map", "field")
other("malformed", "COSE", "this stays")
"""


LEFT = """
hint = ""
raise CoseError("malformed", "COSE", "")
raise WireError("short", "%d bytes" % 3, hint)
require(True, "range", "name", "")
self.checks.fault("shape", "", "field")
other("malformed", "COSE", "this stays")
"""


def test_only_hints_go():
    made = hub_hints.without_hints({"errors.py": ERRORS, "user.py": USER})
    assert made["errors.py"] == ERRORS
    assert made["user.py"] == LEFT


def test_another_function_of_that_name_loses_nothing_in_silence():
    other = "def require(good, code, where, text): pass\n"
    with pytest.raises(ValueError, match="require"):
        hub_hints.without_hints({"errors.py": ERRORS, "other.py": other})
    shorter = "def require(good, code, where): pass\n"
    assert (
        hub_hints.without_hints({"errors.py": ERRORS, "other.py": shorter})["other.py"] == shorter
    )
