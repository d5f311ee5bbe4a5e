"""The radio port's handler on the hub's interpreter, with a stack that a script plays."""

from __future__ import annotations

import pytest

from firmware import hub_vm

CASES = {
    "ble_radio.py": [
        "what_is_kept_is_confirmed",
        "what_is_not_kept_is_hung_up_on",
        "whatever_the_reason",
        "a_sensor_is_sighted_once_until_that_is_heard",
        "a_bond_that_finds_no_room_is_told",
        "what_is_demanded_of_the_next_pairing",
        "requests_as_the_stack_wants_them",
    ],
    "radio_without_heap.py": [
        "strangers",
        "sensors",
        "advertised_values",
        "values",
        "small_events",
        "secrets",
        "too_much",
    ],
}


@pytest.mark.parametrize("script", CASES)
def test_every_case_of(script: str) -> None:
    said = hub_vm.run_script(script, path=str(hub_vm.SCRIPTS / "fake_chip"))
    assert said.splitlines() == ["ok " + case for case in CASES[script]]
