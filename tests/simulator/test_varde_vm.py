"""`varde-vm` takes what `micropython` takes and says nothing of its own."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from simulator.air_place import BOUND_S

ROOT = Path(__file__).parents[2]
VARDE_VM = ROOT / "simulator" / "varde-vm"


def run(*args, stdin="", cwd=None, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("VARDE_AIR", "MICROPYPATH"))}
    return subprocess.run(
        [VARDE_VM, *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        cwd=cwd,
        env={**clean, **env},
        check=False,
    )


def outcome(result):
    return result.returncode, result.stdout, result.stderr


def test_script_with_arguments(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    assert outcome(run(script, "a", "-b")) == (7, "['a', '-b']\n", "")


def test_command():
    assert outcome(run("-c", "print(6 * 7)")) == (0, "42\n", "")


def test_module(tmp_path):
    (tmp_path / "mod.py").write_text("print(__name__)\n")
    assert outcome(run("-m", "mod", cwd=tmp_path)) == (0, "__main__\n", "")


def test_standard_input():
    assert outcome(run(stdin="print('from stdin')\n")) == (0, "from stdin\n", "")


def test_heap_size():
    small = run("-X", "heapsize=64k", "-c", "x = bytearray(200000)")
    assert small.returncode == 1
    assert "MemoryError" in small.stderr
    assert outcome(run("-X", "heapsize=512k", "-c", "x = bytearray(200000)")) == (0, "", "")


def test_an_exception_ends_with_1_and_its_traceback():
    result = run("-c", "1 / 0")
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr


def test_stand_ins_come_before_the_callers_path_and_the_callers_path_stays(tmp_path):
    (tmp_path / "bluetooth.py").write_text("FLAG_READ = 'shadowed'\n")
    (tmp_path / "mine.py").write_text("here = True\n")
    script = "import bluetooth, mine; print(bluetooth.FLAG_READ, mine.here)"
    result = run("-c", script, MICROPYPATH=f".frozen:{tmp_path}")
    assert outcome(result) == (0, "2 True\n", "")


def test_without_a_world_it_runs_and_the_radio_is_not_there():
    script = """
import bluetooth, errno
try:
    bluetooth.BLE().active(True)
except OSError as error:
    print(error.errno == errno.ENODEV)
"""
    assert outcome(run("-c", script)) == (0, "True\n", "")


def test_a_world_that_is_not_there_is_no_device_too(tmp_path):
    script = "import bluetooth\nbluetooth.BLE().active(True)\n"
    result = run("-c", script, VARDE_AIR=str(tmp_path / "nobody"))
    assert result.returncode == 1
    assert "ENODEV" in result.stderr


def test_works_through_a_link_and_from_elsewhere(tmp_path):
    link = tmp_path / "vm"
    link.symlink_to(VARDE_VM)
    result = subprocess.run(
        [link, "-c", "import bluetooth; print(bluetooth.FLAG_NOTIFY)"],
        capture_output=True, text=True, timeout=BOUND_S, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (0, "16\n", "")


def test_another_interpreter_by_variable(tmp_path):
    other = tmp_path / "other"
    other.write_text('#!/bin/sh\necho other: "$@"\n')
    other.chmod(0o755)
    assert outcome(run("-c", "x", VARDE_MICROPYTHON=str(other))) == (0, "other: -c x\n", "")


def test_missing_interpreter_says_what_to_do():
    result = run("-c", "x", VARDE_MICROPYTHON="/nowhere/micropython")
    assert result.returncode == 127
    assert "make setup" in result.stderr


@pytest.mark.parametrize("number", [0, 3])
def test_exit_code_passes_with_the_reader_thread_running(tmp_path, number):
    # A world that accepts and never answers: hello hangs until it hangs up; exit must not crash.
    path = str(tmp_path / "air")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    process = subprocess.Popen(
        [
            VARDE_VM,
            "-c",
            f"import _air, sys\ntry:\n _air.connect()\nexcept OSError:\n sys.exit({number})",
        ],
        env={**os.environ, "VARDE_AIR": path},
        stderr=subprocess.PIPE,
    )
    server.accept()[0].close()
    _, error = process.communicate(timeout=BOUND_S)
    server.close()
    assert (process.returncode, error) == (number, b"")
