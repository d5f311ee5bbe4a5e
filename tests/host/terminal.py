"""The `varde` command in this process, as a test types it."""

import json
from pathlib import Path

import pytest

from varde_host import cli


class Terminal:
    """Runs the command in this process and reads what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def json(self, *arguments: str | Path):
        status, out, _ = self.run(*arguments, "--json")
        assert out.count("\n") == 1
        return status, json.loads(out)
