"""Power cuts in updates: a sample of what tools/update_campaign.py walks through whole."""

from __future__ import annotations

import pytest

from stories import releases, update_walks
from stories.update_play import CutAt
from stories.update_walks import APPLICATION, CONFIG, INTERPRETER, Walk
from varde_simulator import interpreter
from varde_simulator.stage import StageError

try:
    releases.built()
except (interpreter.NoInterpreterError, StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

WALKS = [
    *(Walk(CONFIG, (CutAt(at, fraction), CutAt(at + 9, 0.5)), f"config-{at}")
      for at, fraction in ((3, 0.0), (8, 0.5), (14, 1.0))),
    update_walks.drawn(APPLICATION, 30, 24, 1, "application-fetch"),
    update_walks.stepping(APPLICATION, 200, 400, 1500, "application-unpack"),
    update_walks.drawn(INTERPRETER, 20, 16, 2, "interpreter"),
]  # fmt: skip


def test_power_cuts_at_flash_operations_of_updates(tmp_path):
    rows = update_walks.play_walks(tmp_path / "stage", WALKS)
    assert all(row.is_good for row in rows), [row for row in rows if not row.is_good]
    assert sum(row.cuts for row in rows) >= 50, rows
    assert all(row.bytes_over <= 4096 * row.cuts for row in rows), rows
