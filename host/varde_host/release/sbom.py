"""What is in a release, file by file: CycloneDX 1.6 in JSON (ECMA-424), by cyclonedx-python-lib.

The same release has the same bill of materials: its serial number is made of the release's digest,
its time is the one that the release carries. Nothing of others is in the application: all of it is
this project's own code. The interpreter is MicroPython; what that is made of says its own project.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from varde_host import errors
from varde_host.flash import interpreter_image
from varde_protocols import release

MAX_BYTES: Final = 1024 * 1024
"""With the 161 files of today it has 45 kB."""
OWN_LICENSE: Final = "Apache-2.0"
_NUMBER, _TARGET, _DIGEST = "varde:release:number", "varde:release:target", "varde:release:sha256"
_INTERPRETER = "micropython"
_MIT = "MIT"


@dataclass(frozen=True)
class Facts:
    """What a bill says that can be held against a release. Hashes are in hexadecimal digits."""

    name: str
    number: str
    target: str
    digest: str
    files: Mapping[str, str]
    interpreter: str | None


def make(
    given: release.Release,
    files: Mapping[str, bytes],
    image: interpreter_image.InterpreterImage | None,
) -> bytes:
    """Return the bill of a release, valid by CycloneDX's own schema."""
    digest = release.digest(given.encode())
    whole = Component(
        name="varde", version=given.name, type=ComponentType.FIRMWARE, bom_ref="varde",
        licenses=[DisjunctiveLicense(id=OWN_LICENSE)],
        properties=[
            Property(name=_NUMBER, value=str(given.number)),
            Property(name=_TARGET, value=given.target),
            Property(name=_DIGEST, value=digest.hex()),
        ],
    )  # fmt: skip
    time = dt.datetime.fromtimestamp(given.signed_ms // 1000, dt.UTC)
    bom = Bom(
        serial_number=uuid.UUID(bytes=digest[:16], version=5),
        metadata=BomMetaData(timestamp=time, component=whole),
    )
    parts = [*_packages(given.name, files), _interpreter(image)]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(whole, parts)
    made: str = JsonV1Dot6(bom).output_as_string(indent=1)
    data = (made + "\n").encode()
    check_valid(data)
    return data


def _packages(version: str, files: Mapping[str, bytes]) -> list[Component]:
    names = sorted({path.partition("/")[0] for path in files})
    return [
        Component(
            name=name, version=version, type=ComponentType.LIBRARY, bom_ref=name,
            licenses=[DisjunctiveLicense(id=OWN_LICENSE)],
            components=[_file(path, content) for path, content in sorted(files.items())
                        if path.partition("/")[0] == name],
        )
        for name in names
    ]  # fmt: skip


def _file(path: str, content: bytes) -> Component:
    return Component(
        name=path, type=ComponentType.FILE, bom_ref=f"file:{path}", hashes=[_hash(content)]
    )


def _hash(content: bytes) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())


def _interpreter(image: interpreter_image.InterpreterImage | None) -> Component:
    """Return the interpreter: of this release, or that which the hub has, of no known version."""
    version = image.version.removeprefix("v") or None if image else None
    purl = PackageURL("github", "micropython", "micropython", f"v{version}") if version else None
    return Component(
        name=_INTERPRETER, version=version, type=ComponentType.PLATFORM, bom_ref=_INTERPRETER,
        description=None if image else "not in this release: the one that the hub has",
        licenses=[DisjunctiveLicense(id=_MIT)], purl=purl,
        cpe=f"cpe:2.3:a:micropython:micropython:{version}:*:*:*:*:*:*:*" if version else None,
        hashes=[_hash(image.application)] if image else None,
    )  # fmt: skip


def check_valid(data: bytes) -> None:
    """Hold a bill against CycloneDX's schema. Raises InputRefused `sbom-malformed`."""
    try:
        text = data.decode() if len(data) <= MAX_BYTES else ""
        found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(type(error).__name__) from error
    if found is not None:
        raise _malformed("not CycloneDX 1.6")


def facts(data: bytes) -> Facts:
    """Return what a bill says of us. Raises InputRefused `sbom-malformed`."""
    check_valid(data)
    try:
        return _facts(json.loads(data, object_pairs_hook=_once))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(type(error).__name__) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _facts(bom: Any) -> Facts:
    whole = bom["metadata"]["component"]
    said = {row["name"]: row["value"] for row in whole["properties"]}
    rows = [row for part in bom["components"] for row in part.get("components", [])]
    files = {row["name"]: row["hashes"][0]["content"] for row in rows}
    if len(files) != len(rows):
        raise ValueError("a file stands twice")
    platforms = [part for part in bom["components"] if part["name"] == _INTERPRETER]
    if len(platforms) != 1:
        raise ValueError("one interpreter runs it")
    hashes = platforms[0].get("hashes", [])
    return Facts(
        whole["version"], said[_NUMBER], said[_TARGET], said[_DIGEST], files,
        hashes[0]["content"] if hashes else None,
    )  # fmt: skip


def expected(given: release.Release, files: Mapping[str, bytes]) -> Facts:
    """Return what the bill of this release must say."""
    images = [part for part in given.components if part.kind == release.INTERPRETER]
    return Facts(
        given.name, str(given.number), given.target, release.digest(given.encode()).hex(),
        {path: hashlib.sha256(content).hexdigest() for path, content in files.items()},
        images[0].sha256.hex() if images else None,
    )  # fmt: skip


def _malformed(reason: str) -> errors.InputRefused:
    return errors.InputRefused("sbom-malformed", "sbom", reason=reason)
