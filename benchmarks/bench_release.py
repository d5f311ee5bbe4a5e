"""The bundle on the air: its size for each window, and what unpacking costs a hub.

The hub's own bundle (build/firmware/xtensawin), inflated by the `deflate` of the hub interpreter.
Writes build/bench/release.json. docs/release.md says what was chosen for these figures.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import zlib

from varde_host.release import blocks, bundle, firmware

ROOT = pathlib.Path(__file__).resolve().parents[1]
VM = ROOT / ".cache" / "micropython" / "micropython"
CALLGRIND = ROOT / ".cache" / "micropython" / "callgrind"
BUILT = ROOT / "build" / "firmware" / firmware.HUB
FOLDER = ROOT / "build" / "bench" / "release"
RESULT = ROOT / "build" / "bench" / "release.json"
ON_VM = pathlib.Path(__file__).with_name("release_on_vm.py")
HEAP = ["-X", "heapsize=4M"]  # the benchmark's own needs: two copies and a disk
WINDOWS = range(bundle.LEAST_WINDOW_BITS, 16)
ROUNDS = 20


def on_vm(start: list[str], subject: str, file: pathlib.Path, rounds: int = 1) -> str:
    command = [*start, *HEAP, str(ON_VM), subject, str(file), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return done.stdout + done.stderr


def has_deflate() -> bool:
    done = subprocess.run([str(VM), "-c", "import deflate"], capture_output=True, check=False)
    return done.returncode == 0


def instructions(subject: str, file: pathlib.Path) -> int:
    """Of one round, from the difference of two lengths of run."""

    def count(rounds: int) -> int:
        return int(re.findall(r"Collected : (\d+)",
                              on_vm([str(CALLGRIND)], subject, file, rounds))[0])  # fmt: skip

    return (count(3) - count(1)) // 2


def figure(value: float | None, unit: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "goal": None, "peer": None, "peer_name": ""}


def sizes(files: dict[str, bytes]) -> dict[str, dict[str, object]]:
    """Write a bundle for each window; their sizes beside what could be done instead."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    alone = sum(len(zlib.compress(content, 9)) for content in files.values())
    rows = {
        "application, files alone": figure(sum(map(len, files.values())), "bytes"),
        "application, sequence": figure(len(bundle.sequence(files)), "bytes"),
        "each file deflated alone": figure(alone, "bytes"),
    }
    for bits in WINDOWS:
        data = bundle.encode(files, bits)
        (FOLDER / f"{bits}.bundle").write_bytes(data)
        count = len(blocks.listing(data)) // 32
        rows[f"bundle, window 2^{bits}"] = figure(len(data), "bytes")
        rows[f"bundle, window 2^{bits}, blocks"] = figure(count, "")
    return rows


def costs() -> dict[str, dict[str, object]]:
    """What the hub's interpreter needs for each; instructions per block of the air."""
    rows = {}
    for bits in WINDOWS:
        file = FOLDER / f"{bits}.bundle"
        count = -(-file.stat().st_size // blocks.BLOCK_BYTES)
        rows[f"heap, window 2^{bits}"] = figure(int(on_vm([str(VM)], "heap", file)), "bytes")
        taken_us = int(on_vm([str(VM)], "memory", file, ROUNDS)) - int(
            on_vm([str(VM)], "nothing", file, ROUNDS)
        )
        rows[f"inflate a block here, window 2^{bits}"] = figure(taken_us / ROUNDS / count, "us")
        if CALLGRIND.exists() and bits in (bundle.LEAST_WINDOW_BITS, bundle.WINDOW_BITS, 15):
            for subject, name in (
                ("memory", "inflate"),
                ("files", "inflate littlefs to littlefs"),
            ):
                taken = instructions(subject, file) / count
                rows[f"{name} a block, window 2^{bits}"] = figure(round(taken), "Ir")
    return rows


def main() -> int:
    if not BUILT.exists():
        print("bench_release: nothing built; run `make build`")
        return 1
    figures = sizes(firmware.load(BUILT))
    if VM.exists() and has_deflate():
        figures.update(costs())
    else:
        print("bench_release: no hub interpreter with `deflate`; sizes only")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "release", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"{name}: {row['value']} {row['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
