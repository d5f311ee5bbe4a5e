"""A small release and its three holders, for tests: real keys, code that no hub runs."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host.release import bundle, firmware, folder, holders, judging, making, signing
from varde_host.site import keys, release_keys, sealed_key
from varde_protocols import release

NUMBER = 7
SIGNED_MS = 1_800_000_000_000
PUBLIC_FORMAT = release_keys.FORMAT


def mpy(content: bytes, architecture: int = 0) -> bytes:
    """A file with the head of compiled code."""
    return bytes((ord("M"), bundle.MPY_VERSION, architecture << 2, 31)) + content


FILES = {
    "boards/generic.mpy": mpy(b"pins"),
    "varde_firmware/core/link.mpy": mpy(bytes(range(256)) * 30),
    "varde_firmware/shell/app.mpy": mpy(b"app " * 900),
    "varde_protocols/crypto/field.mpy": mpy(b"\x36\x41\x00native" * 40, 10),
}
STICKY = [ed25519.Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 6)]
HOLDERS = [keys.FileSigner(key) for key in STICKY[:3]]
STRANGERS = [keys.FileSigner(key) for key in STICKY[3:]]
WHO = holders.Holders(tuple(signer.public for signer in HOLDERS), 2)


def write_firmware(place: Path, files: dict[str, bytes] = FILES) -> Path:
    """A folder as the build leaves it."""
    for path, content in files.items():
        file = place / firmware.SLOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return place


def write_keys(place: Path) -> list[Path]:
    """The three holders' sticks: each a key in the open, and the public halves of all."""
    fields = {"format": PUBLIC_FORMAT, "threshold": 2,
              "keys": [public.hex() for public in WHO.publics]}  # fmt: skip
    made = []
    for number, key in enumerate(STICKY[:3], 1):
        stick = place / f"stick-{number}"
        stick.mkdir(parents=True)
        (stick / release_keys.PUBLIC_FILE).write_text(json.dumps(fields))
        file = stick / f"release-{number}.key"
        file.write_bytes(sealed_key.write(key, None))
        file.chmod(0o600)
        made.append(file)
    return made


@dataclass
class Release:
    """A release on disk that a test may spoil."""

    place: folder.Folder

    @property
    def given(self) -> release.Release:
        return release.decode(self.place.payload())

    @property
    def served(self) -> Path:
        return self.place.path / folder.SERVE

    @property
    def component(self) -> Path:
        return self.served / self.given.components[0].sha256.hex()

    @property
    def block_list(self) -> Path:
        return self.served / self.given.components[0].blocks_sha256.hex()

    @property
    def document(self) -> Path:
        return self.served / release.digest(self.place.payload()).hex()

    def sign(self, *signers: keys.Signer) -> Release:
        signing.sign(self.place, WHO, signers)
        return self

    def copy(self, path: Path) -> Release:
        shutil.copytree(self.place.path, path)
        return Release(folder.Folder(path))

    def judge(self) -> judging.Judged:
        return judging.judge(self.place, WHO, FILES)

    def bad(self) -> set[str]:
        """The parts that are bad."""
        return {found.part for found in self.judge().findings if found.state == judging.BAD}

    def hub(self, **state: object) -> str:
        return judging.hub_says(self.place, WHO, judging.HubState(**state))  # type: ignore[arg-type]


def make(place: Path, **changes: object) -> Release:
    """Make one, of FILES unless `files` says otherwise."""
    files = changes.pop("files", FILES)
    built = write_firmware(place.with_name(place.name + "-built"), files)  # type: ignore[arg-type]
    fields = {"number": NUMBER, "name": "0.7.0", "firmware": built, "signed_ms": SIGNED_MS}
    plan = making.Plan(**{**fields, **changes})  # type: ignore[arg-type]
    return Release(making.make(plan).write(place))
