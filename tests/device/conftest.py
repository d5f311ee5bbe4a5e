"""Tests on a real board: `pytest tests/device --hub PORT`. Without --hub they are skipped.

The board has been through `varde bench run --until application` and is not locked. Nothing that a
hub keeps is erased; it is left at its prompt.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from varde_host.bench import hub_scripts

TIMEOUT_S = 120
MARK = "varde-bench: "

Run = Callable[..., dict[str, Any]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hub", metavar="PORT", help="the port of a real board")


@pytest.fixture(scope="session")
def hub(request: pytest.FixtureRequest) -> str:
    port = request.config.getoption("--hub", default=None)
    if not port:
        pytest.skip("wants a real board: pytest tests/device --hub PORT")
    return str(port)


@pytest.fixture(scope="session")
def prompt(hub: str) -> str:
    """The port of a board that waits at its prompt."""
    stopped = subprocess.run(
        [sys.executable, "-c", KNOCK, hub], capture_output=True, text=True, check=False
    )
    assert stopped.returncode == 0, stopped.stderr
    return hub


KNOCK = """
import asyncio, sys
from varde_host.bench.cable import knocking
asyncio.run(knocking.until_prompt(sys.argv[1]))
"""


@pytest.fixture
def run(prompt: str, tmp_path: Path) -> Run:
    """Run code, or a script of the bench, on the board; what it answers."""

    def act(code: str = "", *, script: str = "") -> dict[str, Any]:
        text = hub_scripts.source(script) if script else code
        file = tmp_path / "on_hub.py"
        file.write_text(text)
        command = [sys.executable, "-m", "mpremote", "connect", prompt, "run", str(file)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        answers = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
        assert answers, done.stdout + done.stderr
        answer = json.loads(answers[-1].removeprefix(MARK))
        assert "error" not in answer, answer
        return answer

    return act
