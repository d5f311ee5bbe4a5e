"""The numbers by which the bench picks a build are those that the build's own files carry."""

from __future__ import annotations

import pathlib

import pytest

from varde_host.bench.making import interpreter

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build" / "firmware"
NATIVE_FILE = "a/varde_protocols/crypto/sha512_micropython.mpy"


@pytest.mark.parametrize("number", interpreter.ARCHITECTURES)
def test_native_code_of_a_build_is_for_its_number(number: int):
    name = interpreter.ARCHITECTURES[number]
    built = BUILD / name / NATIVE_FILE
    if not built.exists():
        pytest.skip(f"not built: tools/build_firmware.py --arch {name}")
    # MicroPython, "mpy files", "Versioning and compatibility": header byte 2, from its bit 2 on.
    assert built.read_bytes()[2] >> 2 & 15 == number
