"""boot.py and the supervisor on the hub's interpreter: lock, slots, trials, crashes."""

from __future__ import annotations

from pathlib import Path

from firmware import hub_vm


def test_trials_slots_interpreters_and_crashes(tmp_path: Path) -> None:
    said = hub_vm.run_script(
        "supervisor.py", str(tmp_path), path=str(hub_vm.SCRIPTS / "fake_chip")
    )
    assert said.splitlines()[-1] == "ok"
    assert f"varde: stopped: OSError ({tmp_path}/a), restart 1 in 1 ms" in said
    assert "SyntaxError" in said


def test_boot_says_who_may_have_a_prompt() -> None:
    said = hub_vm.run_script("boot_lock.py", str(hub_vm.ROOT / "firmware" / "boot.py"))
    assert said.splitlines()[-1] == "ok"
