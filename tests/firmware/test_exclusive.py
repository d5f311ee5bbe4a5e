"""The port that keeps handlers and main code apart, on the interpreter whose rules it is about."""

from __future__ import annotations

from firmware import hub_vm


def test_handlers_and_main_code_never_meet() -> None:
    assert hub_vm.run_script("exclusive.py") == "ok\n"
