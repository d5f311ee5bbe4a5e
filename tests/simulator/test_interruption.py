"""A play that a person or a service manager stops: one line, the right status, nothing left."""

import os
import signal
import subprocess
import sys
import time

import pytest

from varde_simulator import interpreter, stage

PATIENCE_S = 300  # against hanging for ever, no more: machines are busy

try:
    stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)


def play(folder, *words):
    """In a process group of its own, as a shell starts it."""
    words = words or ("play", "home", "--out", str(folder))
    command = [sys.executable, "-m", "varde_simulator.cli", *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )


def children(folder):
    """Processes that name the run's folder in their arguments or environment."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                with open(f"/proc/{entry.name}/environ", "rb") as environ:
                    if str(folder).encode() in environ.read():
                        found.append(int(entry.name))
            except OSError:
                continue
    return found


def wait_for_line(process, word):
    for line in process.stdout:
        if word in line:
            return
    pytest.fail(f"no line with {word!r}: {process.stderr.read()}")


@pytest.mark.parametrize(
    ("number", "to_all", "status"),
    [
        (signal.SIGINT, True, 130),  # as a terminal sends it: to the interpreter, too
        (signal.SIGTERM, False, 143),
        (signal.SIGHUP, True, 129),
    ],
)
def test_a_signal_ends_the_play_and_all_it_started(tmp_path, number, to_all, status):
    folder = tmp_path / "run"
    with play(folder) as process:
        wait_for_line(process, "measures")
        assert len(children(folder)) >= 2  # the hub's interpreter and the collector
        send = os.killpg if to_all else os.kill
        send(process.pid, number)
        rest, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status
    assert said == f"varde-sim: interrupted by {number.name}; all that ran is stopped\n"
    assert "Traceback" not in rest
    assert children(folder) == []


def test_a_signal_while_the_stage_is_set_leaves_nothing(tmp_path):
    folder = tmp_path / "run"
    with play(folder) as process:
        until = time.monotonic() + PATIENCE_S
        while not children(folder) and time.monotonic() < until:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert said.count("\n") == 1
    assert children(folder) == []


@pytest.mark.parametrize(("after", "to_all"), [("without-cut", False), ("batch-0", True)])
def test_a_signal_ends_stories_and_their_workers(tmp_path, after, to_all):
    """While it counts the operations, and while its workers play."""
    out, folder = tmp_path / "run.json", tmp_path / "run"
    with play(folder, "stories", "--runs", "40", "--out", str(out)) as process:
        until = time.monotonic() + PATIENCE_S
        while not list(folder.glob(f"{after}/*.log")) and time.monotonic() < until:
            time.sleep(0.05)
        send = os.killpg if to_all else os.kill
        send(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert said == "varde-sim: interrupted by SIGINT; all that ran is stopped\n"
    assert children(folder) == []
