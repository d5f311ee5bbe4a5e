"""What people see in the end: every count, in words, at 80 columns."""

import io
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from varde_simulator import truth, view
from varde_simulator.play import Outcome


def shown(added, **facts):
    file = io.StringIO()
    console = Console(file=file, width=80)
    console.print(view.sum_table(Outcome(added, 1.0, 0, 1, 0, 0, 9, (), **facts)))
    return file.getvalue().splitlines()


def test_every_count_has_its_words():
    assert set(view.WORDS) == {field.name for field in fields(truth.Sum)} - {"details"}


def test_one_line_a_count_at_80_columns():
    lines = shown(truth.Sum(105_000, 105_000, 105_000, 0, 1, 0, 0, 0, not_offered=42))
    assert len(lines) == len(view.WORDS)
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split()[:2] == ["105000", "measured"]
    assert any(line.split()[:3] == ["42", "not", "offered"] for line in lines)


def test_a_path_below_is_said_from_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert view.near(tmp_path / "build" / "demo.json") == "build/demo.json"
    assert view.near(Path("/elsewhere/demo.json")) == "/elsewhere/demo.json"
