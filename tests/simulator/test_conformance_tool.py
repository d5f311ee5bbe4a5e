"""The conformance tool: what it takes for a pass, and that it cannot pass by accident.

The tests it runs are MicroPython's (`make conformance`); here it runs small ones of ours, under a
runner that says what MicroPython's says.
"""

import argparse
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import conformance

TEST = Path("suite/ble_thing.py")
RUNNER = """
import subprocess, sys
programs = [word.removeprefix("exec:") for word in sys.argv[1:-1] if word.startswith("exec:")]
done = [subprocess.run([p, sys.argv[-1]], capture_output=True, text=True) for p in programs]
good = all(run.stdout == "True\\n" and not run.stderr for run in done)
print(sys.argv[-1], "on", "hub0|hub1" + ":", "pass" if good else "FAIL")
print("### DIFF ###", [run.stdout + run.stderr for run in done])
"""
GOOD = """
import bluetooth
ble = bluetooth.BLE()
ble.active(1)
print(hasattr(bluetooth.BLE, "l2cap_connect") and ble.active())
ble.active(0)
"""


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (f"{TEST} on hub0|hub1: pass\n1 tests performed\n", "pass"),
        (f"{TEST} on hub0|hub1: FAIL\n### TEST ###\n", "fail"),
        (f"{TEST} on hub0|hub1: skip\n", "skip"),
        (f"{TEST} on hub0|hub1: Traceback (most recent call last):\n", "fail"),
        ("other.py on hub0|hub1: pass\n", "fail"),
        ("", "fail"),
    ],
)
def test_only_a_clear_pass_of_that_test_is_one(said, outcome):
    assert conformance.outcome_of(said, TEST) == outcome


def test_tests_are_chosen_by_name_and_the_impossible_left_out(tmp_path):
    for name in ("ble_mtu", "perf_l2cap", "stress_deepsleep_reconnect"):
        (tmp_path / f"{name}.py").touch()
    chosen = conformance.wanted_tests(tmp_path, [])
    assert [path.stem for path in chosen] == ["ble_mtu", "perf_l2cap"]
    assert [path.stem for path in conformance.wanted_tests(tmp_path, ["l2cap"])] == ["perf_l2cap"]


def run_suite(tmp_path, *sources, runs=1, busy=0):
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER)
    tests = []
    for number, source in enumerate(sources):
        tests.append(tmp_path / f"test{number}.py")
        tests[-1].write_text(source)
    arguments = argparse.Namespace(runs=runs, busy=busy, library=None, intervals=False)
    return conformance.run_all(runner, tests, tmp_path, arguments)[0]


def test_two_hubs_join_one_world_and_a_failure_shows_its_diff(tmp_path, capsys):
    results = run_suite(tmp_path, GOOD, "print('something else')", runs=2)
    tests = conformance.summary(results)
    assert [tests[name]["pass"] for name in ("test0", "test1")] == [2, 0]
    assert tests["test1"]["fail"] == 2
    said = capsys.readouterr().out
    assert "FAILED: test1" in said
    assert "something else" in said


def test_a_world_that_complains_is_a_failure(tmp_path):
    (tmp_path / "air").mkdir()  # where its socket should be
    with pytest.raises(conformance.WorldError, match="did not start"), conformance.world(tmp_path):
        pass


def test_the_busy_processes_end_with_the_run():
    with conformance.busy_cores(True) as spinners:
        assert len(spinners) == os.cpu_count()
        assert [spinner.poll() for spinner in spinners] == [None] * len(spinners)
    assert None not in [spinner.poll() for spinner in spinners]
    with conformance.busy_cores(False) as spinners:
        assert spinners == []
