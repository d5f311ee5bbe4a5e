"""Code for hubs, signed by holders of release keys that lie offline.

    {1: number, 2: name, 3: target, 4: [component, ...], 5: floor, 6: signed_ms}

    component: [kind, size_bytes, SHA-256, block_bytes, SHA-256 of the blocks' SHA-256s, min_from]

`number` orders releases; `name` is what people call it and decides nothing. `target` is the class
of hubs that it is built for ("esp32s3", an architecture of native code). `floor`: once this
release is confirmed, a hub takes none with a number below it. `min_from`: a component is for hubs
that run at least this release (0: any). Blocks are all of `block_bytes` but the last; a hub
fetches the list of their SHA-256s first, holds it against its own SHA-256, then each block
against the list. A release names no site: the assignment names the release, so that it takes both
to install code.

Errors: DocumentError, codes `release-...`. Shape: protocols/cddl/release.cddl.
"""

import hashlib

from . import cbor, documents, records
from ._compat import TYPE_CHECKING, const
from .errors import DocumentError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

    from .trust import Trust

APPLICATION = const(1)  # the bundle of a slot
INTERPRETER = const(2)  # an image for an interpreter slot

MAX_NUMBER = (1 << 32) - 1
MAX_NAME_BYTES = const(32)
MAX_TARGET_BYTES = const(32)
MAX_SIZE_BYTES = const(4 << 20)  # an interpreter slot of a board with 16 MB has 4 MiB
MIN_BLOCK_BYTES = const(1024)
MAX_BLOCK_BYTES = const(65536)
MAX_BLOCKS = const(2048)  # a list of 64 KiB of SHA-256s, and a bitmap of 256 bytes
DIGEST_BYTES = const(32)
_TARGET_CHARACTERS = "-.0123456789_abcdefghijklmnopqrstuvwxyz"

_checks = FieldChecks(DocumentError, "release")


class Component(Value):
    """Something to fetch and install; one of each kind at most."""

    FIELDS = ("kind", "size_bytes", "sha256", "block_bytes", "blocks_sha256", "min_from")
    kind: int
    size_bytes: int
    sha256: bytes
    block_bytes: int
    blocks_sha256: bytes
    min_from: int

    def _check(self) -> None:
        _checks.uint(self.kind, APPLICATION, INTERPRETER, "component kind")
        _checks.uint(self.size_bytes, 1, MAX_SIZE_BYTES, "size")
        _checks.byte_string(self.sha256, DIGEST_BYTES, DIGEST_BYTES, "SHA-256")
        _checks.uint(self.block_bytes, MIN_BLOCK_BYTES, MAX_BLOCK_BYTES, "block size")
        _checks.byte_string(self.blocks_sha256, DIGEST_BYTES, DIGEST_BYTES, "SHA-256 of blocks")
        _checks.uint(self.min_from, 0, MAX_NUMBER, "min_from")
        if self.block_count() > MAX_BLOCKS:
            raise DocumentError("release-blocks", "component", "make larger blocks")

    def block_count(self) -> int:
        return (self.size_bytes + self.block_bytes - 1) // self.block_bytes


class Release(Value):
    """See above; `components` is a list of Component, ascending by kind."""

    FIELDS = ("number", "name", "target", "components", "floor", "signed_ms")
    number: int
    name: str
    target: str
    components: "list[Component]"
    floor: int
    signed_ms: int

    def _check(self) -> None:
        _checks.uint(self.number, 1, MAX_NUMBER, "number")
        _checks.text(self.name, 1, MAX_NAME_BYTES, "name")
        _checks.text(self.target, 1, MAX_TARGET_BYTES, "target")
        if not all(c in _TARGET_CHARACTERS for c in self.target):
            hint = "send small letters, digits and . - _"
            raise DocumentError("release-text", "target", hint)
        kinds = [component.kind for component in self.components]
        if kinds not in ([APPLICATION], [INTERPRETER], [APPLICATION, INTERPRETER]):
            hint = "send one of each kind at most, ascending"
            raise DocumentError("release-components", "components", hint)
        # a floor above itself would have a hub refuse what it runs
        _checks.uint(self.floor, 0, self.number, "floor")
        _checks.uint(self.signed_ms, 0, records.MAX_MS, "signed_ms")

    def encode(self) -> bytes:
        """Return the payload of the document."""
        fields: "dict[int, Any]" = dict(enumerate(self._items(), 1))
        fields[4] = [list(component._items()) for component in self.components]
        return cbor.encode(fields)


def decode(payload: bytes) -> Release:
    """Return the release of a payload; raises DocumentError, CborError."""
    fields = cbor.decode(payload, max_bytes=documents.MAX_DOCUMENT_BYTES)
    values = _checks.values(fields, len(Release.FIELDS), "release")
    values[3] = _components(values[3])
    return Release(*values)


def _components(rows: "Any") -> "list[Component]":
    width = len(Component.FIELDS)
    if type(rows) is not list or not all(type(row) is list and len(row) == width for row in rows):
        raise DocumentError("release-shape", "components", "send arrays of %d" % width)
    return [Component(*row) for row in rows]


def digest(payload: bytes) -> bytes:
    """Return the SHA-256 by which an assignment names the release: its signers may differ."""
    return hashlib.sha256(payload).digest()


def verify(data: bytes, trust: "Trust", floor: int = 0) -> Release:
    """Return the release in `data` if its signers may release and it is not below `floor`.

    Raises DocumentError, CoseError, CborError.
    """
    given = decode(trust.open(data, documents.RELEASE))
    if given.number < floor:
        where = "number %d below %d" % (given.number, floor)
        raise DocumentError("release-floor", where, "send a later one")
    return given
