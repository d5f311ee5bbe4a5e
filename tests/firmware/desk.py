"""A hub's flash on a desk: scripts of the bench and starts, one interpreter each; power cuts."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from firmware import hub_vm
from varde_host.bench import hub_scripts
from varde_simulator import flash_image
from varde_simulator.usb import boot_rom

RUNNER = hub_vm.SCRIPTS / "on_hub_desk.py"
STAND_INS = hub_vm.ROOT / "simulator" / "micropython"
HEAP = "1m"
PAGE_BYTES = 64
POWER_CUT = -9
LAST_LINE = "varde-bench: "


@dataclass(frozen=True)
class Said:
    """What a run printed. `result` is the script's last line, None if the power went."""

    text: str
    result: dict[str, object] | None
    end: str
    operations: int

    @property
    def is_cut(self) -> bool:
        return self.end == "cut"


class Desk:
    """One flash."""

    def __init__(
        self, folder: Path, files: Mapping[str, bytes], journal_bytes: int = 64 * 1024
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.flash = folder / "flash"
        flash_image.build(self.flash, files, journal_bytes)

    def run(
        self,
        script: str | Path,
        *names: str,
        cut: tuple[int, float] | None = None,
        **environment: str,
    ) -> Said:
        """Run on_hub/<script>.py, or a file, with these assignments before it."""
        path = script if isinstance(script, Path) else self.script(script)
        said = self._vm(["run", str(path), *names], cut, environment)
        if not said.is_cut:
            assert said.end == "ok", said.text
            assert said.result is not None, said.text
        return said

    def script(self, name: str) -> Path:
        """Return a file with that script, as the bench has it run."""
        path = self.flash.with_name(f"{name}.py")
        path.write_text(hub_scripts.source(name), encoding="utf-8")
        return path

    def start(self, cut: tuple[int, float] | None = None, **environment: str) -> Said:
        """The bootloader, then boot.py and main.py; `end` is "prompt", "reset" or "cut".

        Or what the interpreter did that the bootloader has started: "crashes", "hangs"; or why
        it has started none. Its flash operations count like those that follow.
        """
        done = 0

        def count(_is_erase: bool, _data_bytes: int) -> float | None:
            nonlocal done
            done += 1
            return cut[1] if cut is not None and cut[0] == done else None

        boot = boot_rom.look(self.flash, 1, None)
        if not boot_rom.carry_out(self.flash, boot, count):
            return Said("", None, "cut", done)
        if boot.again is not None:
            return Said(f"interpreter in {boot.label}", None, boot.ends or boot.reason, done)
        left = (cut[0] - done, cut[1]) if cut is not None else None
        said = self._vm(["start"], left, {"VARDE_SLOT": boot.label, **environment})
        return replace(said, operations=said.operations + done)

    def _vm(
        self, arguments: list[str], cut: tuple[int, float] | None, environment: Mapping[str, str]
    ) -> Said:
        page = self.flash.with_name(self.flash.name + ".board")
        page.write_bytes(bytes(PAGE_BYTES))
        done = subprocess.run(
            [hub_vm.INTERPRETER, "-X", f"heapsize={HEAP}", RUNNER, *arguments],
            env={
                "MICROPYPATH": f"{STAND_INS}:.frozen",
                "PATH": os.environ["PATH"],
                "VARDE_FLASH": str(self.flash),
                **({"VARDE_CUT": f"{cut[0]}:{cut[1]}"} if cut else {}),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=hub_vm.TIMEOUT_S,
            check=False,
        )
        text = done.stdout + done.stderr
        lines = done.stdout.splitlines()
        results = [line for line in lines if line.startswith(LAST_LINE)]
        ends = [line.removeprefix("desk: ") for line in lines if line.startswith("desk: ")]
        (operations,) = struct.unpack_from("<I", page.read_bytes(), 0)
        if done.returncode == POWER_CUT:
            return Said(text, None, "cut", operations)
        assert done.returncode == 0, text
        result = json.loads(results[-1].removeprefix(LAST_LINE)) if results else None
        return Said(text, result, ends[-1] if arguments[0] == "start" else "ok", operations)

    def partition(self, label: str) -> bytes:
        """Return the bytes of a partition."""
        return flash_image.read(self.flash, label)


def at(flash: Path) -> Desk:
    """A flash that is there already."""
    found = Desk.__new__(Desk)
    found.flash = flash
    return found
