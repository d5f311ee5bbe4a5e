"""The radio port's handler on the hub's interpreter, with a stack that a script plays."""

from __future__ import annotations

from firmware import hub_vm


def test_every_case_of_the_handler() -> None:
    said = hub_vm.run_script("ble_radio.py", path=str(hub_vm.SCRIPTS / "fake_chip"))
    assert said.splitlines() == [
        "ok what_is_kept_is_confirmed",
        "ok what_is_not_kept_is_hung_up_on",
        "ok whatever_the_reason",
        "ok a_fault_is_told_without_heap",
        "ok a_sensor_is_sighted_once_until_that_is_heard",
    ]
