"""The supervisor on the hub's interpreter: slots, trials, crashes."""

from __future__ import annotations

from pathlib import Path

from firmware import hub_vm


def test_slots_trials_and_crashes(tmp_path: Path) -> None:
    said = hub_vm.run_script(
        "supervisor.py", str(tmp_path), path=str(hub_vm.SCRIPTS / "fake_chip")
    )
    assert said.splitlines()[-1] == "ok"
    assert f"varde: stopped: OSError ({tmp_path}/a), restart 1 in 1 ms" in said
    assert "SyntaxError" in said
