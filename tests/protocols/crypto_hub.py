"""Ask the hub interpreter: cases go to crypto_on_hub.py, its answers come back."""

from __future__ import annotations

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "protocols"
HUB = ROOT / ".cache" / "micropython" / "micropython"
SCRIPT = pathlib.Path(__file__).with_name("crypto_on_hub.py")
HUB_HEAP = "512k"  # the hub's budget
ARCHITECTURES = {1: "x86", 2: "x64"}  # as numbered in .mpy files


def architecture() -> str:
    """What mpy-cross calls the machine that the hub interpreter runs on."""
    program = "import sys; print(sys.implementation._mpy >> 10 & 15)"
    done = subprocess.run([HUB, "-c", program], capture_output=True, check=True)
    return ARCHITECTURES[int(done.stdout)]


def ask(folder: pathlib.Path, cases: list[list[object]]) -> list[object]:
    """One answer for each case; `folder` holds varde_protocols, as source or compiled."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(
        [HUB, "-X", f"heapsize={HUB_HEAP}", SCRIPT, folder],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
