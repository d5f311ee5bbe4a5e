"""Signed documents on the hub interpreter: what it takes to believe them, and to start by them.

The hub's own bundle and interpreter; documents as a small site has them (two roots, three sensors,
a WiFi network, 4G; one of two trust keys signs). Writes build/bench/documents.json.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

from cryptography.hazmat.primitives.serialization import Encoding

from varde_host.site import certificates
from varde_protocols import assignment, documents, hub_config, trust
from varde_protocols.crypto import ed25519, x25519

ROOT = pathlib.Path(__file__).resolve().parents[1]
VM = ROOT / ".cache" / "micropython" / "micropython"
CALLGRIND = ROOT / ".cache" / "micropython" / "callgrind"
BUNDLE = ROOT / "build" / "firmware"
FOLDER = ROOT / "build" / "bench" / "documents"
RESULT = ROOT / "build" / "bench" / "documents.json"
ON_VM = pathlib.Path(__file__).with_name("documents_on_vm.py")
HEAP = ["-X", "heapsize=512k"]

SITE_ID = bytes(8)
# A signature of a new key costs 26 M (bench_crypto), the check that a key is a point 10 M.
SUBJECTS = {
    "first_trust": "trust put in place",
    "next_trust": "next trust, signed by old and new",
    "new_assignment": "assignment put in place",
    "start": "both read at a start",
}


def key(number: int) -> ed25519.SigningKey:
    return ed25519.SigningKey(bytes([number]) * 32)


def trust_of(epoch: int, trust_keys: list[int]) -> trust.Trust:
    roots = [certificates.issue_root(f"Varde bench root {number}", certificates.Validity())
             for number in (1, 2)]  # fmt: skip
    roles = {
        role: [threshold, sorted(key(number).public for number in numbers)]
        for role, threshold, numbers in (
            (1, 1, trust_keys), (2, 2, [21, 22, 23]), (3, 1, [31]), (4, 1, [41]),
        )
    }  # fmt: skip
    return trust.Trust(
        epoch, SITE_ID, roles, [root.certificate.public_bytes(Encoding.DER) for root in roots],
        key(51).public, x25519.public_key(bytes(32)), trust.EDDSA, epoch,
    )  # fmt: skip


def config() -> hub_config.HubConfig:
    sensors = [
        hub_config.Sensor(slot, bytes([0, slot, 2, 3, 4, 5, 6]), None, service, wanted, "", 1,
                          None, None, b"")
        for slot, service, wanted in (
            (1, 0x1822, [0x2A5E, 0x2A5F]), (2, 0x181D, [0x2A9D]), (3, 0x1810, [0x2A35]),
        )
    ]  # fmt: skip
    return hub_config.HubConfig(
        [hub_config.Network("the home's network", "its long password")],
        "collector.example.no", 8443, 900, sensors, "pool.ntp.org", 123, "generic",
        hub_config.Modem("telenor.iot", "", "", "0000"), 512_000,
        list(hub_config.NORWAY), [], None,
    )  # fmt: skip


def write_documents() -> dict[str, int]:
    """Put them where the interpreter finds them; their sizes in bytes."""
    given = assignment.Assignment(SITE_ID, 12, bytes(8), config(), None, 3, None, None, None, "")
    made = {
        "trust-1": documents.sign(1, trust_of(1, [11, 12]).encode(), [key(11)]),
        "trust-2": documents.sign(1, trust_of(2, [12, 13]).encode(), [key(11), key(13)]),
        "assignment": documents.sign(3, given.encode(), [key(31)]),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (FOLDER / f"{name}.cbor").write_bytes(data)
    return {name: len(data) for name, data in made.items()}


def on_vm(start: list[str], subject: str, rounds: int) -> str:
    found = json.loads((ROOT / ".cache/micropython/interpreter.json").read_text())
    bundle = BUNDLE / ("x64" if found["word_bits"] == 64 else "x86") / "a"
    command = [*start, *HEAP, str(ON_VM), str(bundle), str(FOLDER), subject, str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return done.stdout + done.stderr


def instructions(subject: str) -> float | None:
    """Of one round, from the difference of two lengths of run."""
    if not CALLGRIND.exists():
        return None

    def count(name: str, rounds: int) -> int:
        return int(re.findall(r"Collected : (\d+)", on_vm([str(CALLGRIND)], name, rounds))[0])

    both = [count(name, 3) - count(name, 1) for name in (subject, "nothing")]
    return (both[0] - both[1]) / 2


def figure(value: float | None, unit: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "goal": None, "peer": None, "peer_name": ""}


def main() -> int:
    if not VM.exists():
        print("bench_documents: no hub interpreter; `make setup` finds or fetches it")
        return 1
    figures = {f"{name}, size": figure(size, "bytes") for name, size in write_documents().items()}
    for subject, name in SUBJECTS.items():
        figures[name] = figure(instructions(subject), "Ir")
        taken = int(on_vm([str(VM)], subject, 2).split()[-1])
        figures[f"{name}, heap with garbage"] = figure(taken, "bytes")
    RESULT.write_text(json.dumps({"subject": "documents", "figures": figures}, indent=1) + "\n")
    for name, row in figures.items():
        print(f"{name}: {row['value']} {row['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
