"""The machine code that sees secrets runs as many instructions for one number as for another.

Counted by callgrind, so without noise. The same count is not the same time on every chip, and
says nothing of the big integers beside it: docs/crypto.md.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from protocols.crypto_hub import HUB, SOURCE

CALLGRIND = HUB.with_name("callgrind")
SCRIPT = SOURCE.parent / "tests" / "protocols" / "crypto_steady_on_hub.py"
CASES = [
    ("00" * 32, "00"),
    ("01" + "00" * 31, "32"),
    ("ff" * 31 + "7f", "63"),
    ("5a" * 31 + "25", "17"),
]
ARGUMENTS = 300  # instructions: the arguments themselves are read on the way; a limb costs 30


@pytest.mark.skipif(not CALLGRIND.exists(), reason="no callgrind: make setup with --valgrind")
def test_as_many_instructions_whatever_the_number() -> None:
    counts = []
    for number, index in CASES:
        command = [CALLGRIND, SCRIPT, SOURCE, number, index]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr + done.stdout)
        assert found is not None
        counts.append(int(found[1]))
    assert max(counts) - min(counts) < ARGUMENTS
