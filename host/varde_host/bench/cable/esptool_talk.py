"""What esptool says: facts about the chip, how far it is, what went wrong.

Read from its output by line (esptool 5; its texts are in `esptool/cmds.py`, `loader.py`). Nothing
here waits or opens anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from varde_host.bench import faults

MIB = 1024 * 1024

_CHIP = re.compile(r"^Chip type: +(?P<kind>[\w-]+)(?P<rest>.*)$")
_REVISION = re.compile(r"\(revision v(\d{1,3})\.(\d{1,3})\)")
_FEATURES = re.compile(r"^Features: +(.*)$")
_PSRAM = re.compile(r"PSRAM (\d{1,4})MB")
_MAC = re.compile(r"^(?:BASE )?MAC: +((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$")
_FLASH_SIZE = re.compile(r"^Detected flash size: (\d{1,4})MB$")
_FLASH_ID = re.compile(r"^(Manufacturer|Device): ([0-9a-f]{2,4})$")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d)?)%")
_VERIFYING = re.compile(r"^Verifying 0x[0-9a-f]+ \((\d{1,9})\) bytes at (0x[0-9a-f]{1,9}) ")
_VERIFIED = re.compile(r"^Verification (successful|failed)")

# The first that fits, most telling first.
_FAILURES: tuple[tuple[str, str], ...] = (
    ("exclusively lock", "port-busy"),
    ("the port is busy or doesn't exist", "port-gone"),
    ("Secure Download Mode", "chip-secured"),
    ("Download mode successfully detected, but getting no sync reply", "board-silent"),
    ("Wrong boot mode detected", "board-silent"),
    ("Failed to connect", "board-silent"),
    ("Invalid head of packet", "talk-garbled"),
    ("Wrong chip argument", "wrong-kind"),
    ("does not match the connected chip", "wrong-kind"),
    ("Failed to start stub flasher", "talk-garbled"),
    ("Verification failed", "read-back-differs"),
    ("MD5 of file does not match", "read-back-differs"),
    ("No more data to read from the serial port", "board-silent"),
    ("Packet content transfer stopped", "board-silent"),
    ("No serial data received", "board-silent"),
    ("Serial data stream stopped", "board-silent"),
    ("Timed out waiting for packet", "board-silent"),
    ("device reports readiness to read but returned no data", "port-gone"),
    ("could not open port", "port-gone"),
    ("Could not open port", "port-gone"),
    ("Input/output error", "port-gone"),
    ("No such device", "port-gone"),
    ("SerialException", "port-gone"),
    ("Connection reset", "port-gone"),
    ("Broken pipe", "port-gone"),
    ("connection failed", "port-gone"),
    ("port is closed", "port-gone"),
    ("serial exception", "port-gone"),
    ("Response doesn't match request", "talk-garbled"),
    ("Corrupt data", "talk-garbled"),
    ("Digest mismatch", "talk-garbled"),
    ("Expected digest", "talk-garbled"),
    ("No module named", "tool-missing"),
)


@dataclass(frozen=True)
class ChipFacts:
    """What the chip says of itself; None where it has not been said."""

    chip_id: str = ""
    """The base MAC, 12 hexadecimal digits."""
    kind: str = ""
    revision: tuple[int, int] | None = None
    features: str = ""
    psram_bytes: int = 0
    flash_bytes: int | None = None
    """What the flash claims to have."""
    flash_id: str = ""
    """JEDEC manufacturer and device."""


@dataclass
class Talk:
    """Hears one run of esptool, line by line. `verified`: by address, if the bytes were there."""

    on_percent: Callable[[float], None] = lambda _percent: None
    on_chip: Callable[[str], None] = lambda _chip_id: None
    said: dict[str, str] = field(default_factory=dict)
    verified: dict[int, bool] = field(default_factory=dict)
    _verifying: int | None = None

    def hear(self, line: str) -> None:
        """Take one line; lines of no meaning here are passed over.

        Raises Fault `port-gone` where esptool would wait for the port to come back: another board
        may be on it then, and it would write on without asking which.
        """
        if line.startswith("Lost connection"):
            raise faults.Fault("port-gone")
        if match := _VERIFYING.match(line):
            self._verifying = int(match[2], 16)
        elif (match := _VERIFIED.match(line)) and self._verifying is not None:
            self.verified[self._verifying] = match[1] == "successful"
            self._verifying = None
        elif match := _MAC.match(line):
            self.said["mac"] = match[1].replace(":", "")
            self.on_chip(self.said["mac"])
        elif match := _CHIP.match(line):
            self.said["kind"], self.said["rest"] = match["kind"], match["rest"]
        elif match := _FEATURES.match(line):
            self.said["features"] = match[1]
        elif match := _FLASH_SIZE.match(line):
            self.said["flash"] = match[1]
        elif match := _FLASH_ID.match(line):
            self.said[match[1]] = match[2]
        elif match := _PERCENT.search(line):
            self.on_percent(min(float(match[1]), 100.0))

    def facts(self) -> ChipFacts:
        """Return what was said of the chip."""
        said = self.said
        revision = _REVISION.search(said.get("rest", ""))
        psram = _PSRAM.search(said.get("features", ""))
        return ChipFacts(
            chip_id=said.get("mac", ""),
            kind=said.get("kind", ""),
            revision=(int(revision[1]), int(revision[2])) if revision else None,
            features=str(faults.cleaned(said.get("features", ""))),
            psram_bytes=int(psram[1]) * MIB if psram else 0,
            flash_bytes=int(said["flash"]) * MIB if "flash" in said else None,
            flash_id=said.get("Manufacturer", "") + said.get("Device", ""),
        )


def failure(text: str) -> faults.Fault:
    """Return the fault that the output of a run speaks of that has failed."""
    for pattern, code in _FAILURES:
        if pattern in text:
            return fault_of(code, text)
    return faults.Fault("tool-failed", tool="esptool", said=last_words(text))


def fault_of(code: str, text: str) -> faults.Fault:
    """Return the fault with what was said, if its texts tell it."""
    return faults.Fault(code, said=last_words(text))


def last_words(text: str) -> str:
    """Return the line that tells most: the error, else the last."""
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line]
    return (telling or lines or [""])[-1]
