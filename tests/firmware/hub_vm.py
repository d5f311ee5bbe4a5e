"""Runs scripts on the hub's interpreter, with the firmware's folders on its path."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INTERPRETER = pathlib.Path(
    os.environ.get("VARDE_MICROPYTHON", ROOT / ".cache" / "micropython" / "micropython")
)
SCRIPTS = pathlib.Path(__file__).resolve().parent / "scripts"
TIMEOUT_S = 300  # against hanging for ever, no more: machines are busy


def run_script(name: str, *arguments: str, path: str = "", heap: str = "512k") -> str:
    """Run scripts/<name> and return what it printed; a failure of it is one of the test's."""
    if not INTERPRETER.exists():
        pytest.skip("no hub interpreter: run `make setup`")
    folders = [path, str(SCRIPTS), str(ROOT / "protocols"), str(ROOT / "firmware"), ".frozen"]
    done = subprocess.run(
        [INTERPRETER, "-X", f"heapsize={heap}", SCRIPTS / name, *arguments],
        env={"MICROPYPATH": ":".join(filter(None, folders)), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
