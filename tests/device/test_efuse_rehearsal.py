"""The hardened build's fuses, burnt in a file by the real espefuse. Needs no board.

The list is Espressif's for secure boot v2 and flash encryption in release mode (ESP-IDF
Programming Guide, "Security Features Enablement Workflows", ESP32-S3), without the keys.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUSES = {
    "DIS_DOWNLOAD_ICACHE": 1,
    "DIS_DOWNLOAD_DCACHE": 1,
    "DIS_DOWNLOAD_MANUAL_ENCRYPT": 1,
    "DIS_PAD_JTAG": 1,
    "DIS_USB_JTAG": 1,
    "DIS_DIRECT_BOOT": 1,
    "ENABLE_SECURITY_DOWNLOAD": 1,
    "SPI_BOOT_CRYPT_CNT": 7,
    "SECURE_BOOT_EN": 1,
}


def espefuse(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "espefuse", "--chip", "esp32s3", "--virt"]
    command += ["--path-efuse-file", str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def values(file: Path) -> dict[str, int]:
    said = espefuse(file, "summary", "--format", "json").stdout
    fuses = json.loads(said[said.index("{") :])
    return {name: int(fuses[name]["raw_value"], 0) for name in FUSES}


def burn(file: Path, fuses: dict[str, int]) -> subprocess.CompletedProcess[str]:
    words = [word for name, value in fuses.items() for word in (name, str(value))]
    return espefuse(file, "--do-not-confirm", "burn-efuse", *words)


def test_a_virgin_chip_becomes_a_hardened_one_and_stays_it(tmp_path: Path):
    file = tmp_path / "fuses.bin"
    assert values(file) == dict.fromkeys(FUSES, 0)
    done = burn(file, FUSES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert values(file) == FUSES
    again = burn(file, FUSES)
    assert again.returncode == 0
    assert "Nothing to burn" in again.stdout
    assert values(file) == FUSES


@pytest.mark.parametrize("name", ["SECURE_BOOT_EN", "DIS_USB_JTAG"])
def test_a_fuse_cannot_be_taken_back(tmp_path: Path, name: str):
    file = tmp_path / "fuses.bin"
    assert burn(file, {name: 1}).returncode == 0
    burn(file, {name: 0})
    assert values(file)[name] == 1
