"""A site's trust: whose signatures count for what, and whom its hubs talk to.

    {1: epoch, 2: site id, 3: {role: [threshold, [Ed25519 public, ...]], ...},
     4: [root certificate DER, ...], 5: collector Ed25519 public, 6: receiver X25519 public,
     7: algorithm, 8: signed_ms}

Roots and the keys of collector and receiver stand here, and not in the config, because a config
changes often and its key lies on a machine in daily use: with it alone, nobody may redirect
readings, open them, or stand in for the collector.

The first trust of a site is signed by its own trust keys and put in place by cable. The next one
is signed by a threshold of the old trust keys *and* of its own, and its epoch is one higher (as
root.json of TUF, specification 1.0.33 section 5.3): `trust_chain`. `signed_ms` is a floor for
clocks and no expiry: a hub asleep for years must still find home. One key has one role, so that
whoever has it has no second power. Without release keys code comes by cable only.

Errors: DocumentError, codes `trust-...`. Shape: protocols/cddl/trust.cddl.
"""

from . import cbor, documents, records
from ._compat import TYPE_CHECKING, const
from .crypto import ed25519, x25519
from .errors import DocumentError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

# Who signs what; the number is that of the kind of document (`documents`).
ROLE_TRUST = const(1)  # the next trust
ROLE_RELEASE = const(2)  # code
ROLE_ASSIGNMENT = const(3)  # which hub runs what: the site's IT
ROLE_SERVICE = const(4)  # a hub's service mode, and proof of a wipe: the bench

MAX_EPOCH = (1 << 32) - 1
MAX_ROLE_KEYS = const(8)
MIN_RELEASE_THRESHOLD = const(2)  # a release key that leaks installs nothing
MIN_ROOTS = const(2)  # so that one can be replaced while the other holds
MAX_ROOTS = const(4)
MAX_ROOT_BYTES = const(2048)  # a root with an RSA key of 4096 bits takes some 1400
KEY_BYTES = const(32)
EDDSA = const(-8)  # RFC 9053 section 2.2: of all documents under this trust

_checks = FieldChecks(DocumentError, "trust")


def _require(condition: bool, code: str, where: str) -> None:
    if not condition:
        raise DocumentError("trust-" + code, where, "see protocols/cddl/trust.cddl")


class Trust(Value):
    """One epoch of it. `roles` maps ROLE_... to [threshold, [public key, ...]], the keys
    ascending. Whether keys are points takes a hub long, so that is no part of being built."""

    FIELDS = (
        "epoch", "site_id", "roles", "roots", "collector_public", "receiver_public", "algorithm",
        "signed_ms",
    )  # fmt: skip
    epoch: int
    site_id: bytes
    roles: "dict[int, Any]"
    roots: "list[bytes]"
    collector_public: bytes
    receiver_public: bytes
    algorithm: int
    signed_ms: int

    def _check(self) -> None:
        _checks.uint(self.epoch, 1, MAX_EPOCH, "epoch")
        size = documents.SITE_ID_BYTES
        _checks.byte_string(self.site_id, size, size, "site id")
        _checks.byte_string(self.collector_public, KEY_BYTES, KEY_BYTES, "collector key")
        _check_roles(self)
        _check_roots(self.roots)
        _checks.byte_string(self.receiver_public, KEY_BYTES, KEY_BYTES, "receiver key")
        _require(self.algorithm == EDDSA, "algorithm", "algorithm")
        _checks.uint(self.signed_ms, 0, records.MAX_MS, "signed_ms")

    def keys(self, role: int) -> "list[bytes]":
        """Return the public keys of a role; none if nobody has it."""
        keys: "list[bytes]" = self.roles[role][1] if role in self.roles else []
        return keys

    def open(self, data: bytes, kind: int) -> bytes:
        """Return the payload of a document that enough keys of its role have signed.

        Raises DocumentError, CoseError `bad-signature`, CborError.
        """
        keys = self.keys(kind)
        _require(bool(keys), "role", "role %d" % kind)
        return documents.verify(data, kind, keys, self.roles[kind][0])

    def encode(self) -> bytes:
        """Return the payload of the document. Raises DocumentError `trust-key` if a key of a role
        can verify nothing, and as `check_peers`."""
        for role in sorted(self.roles):
            for public in self.keys(role):
                _check_usable(ed25519.is_usable(public), "key of role %d" % role)
        self.check_peers()
        return cbor.encode({i + 1: value for i, value in enumerate(self._items())})

    def check_peers(self) -> None:
        """Raise DocumentError `trust-key` if a key of collector or receiver is none of its kind.

        A bad key of a role verifies nothing; a bad one of these would give readings away.
        """
        _check_usable(ed25519.is_usable(self.collector_public), "collector key")
        _check_usable(x25519.is_usable(self.receiver_public), "receiver key")


def _check_usable(usable: bool, name: str) -> None:
    _require(usable, "key", name)


def _check_roles(trust: Trust) -> None:
    """One key has one role, which the collector's is, too."""
    roles = trust.roles
    needed = (ROLE_TRUST, ROLE_ASSIGNMENT, ROLE_SERVICE)
    good = type(roles) is dict and all(role in roles for role in needed)
    _require(good, "role", "roles")
    seen = [trust.collector_public]
    for role in roles:
        _checks.uint(role, ROLE_TRUST, ROLE_SERVICE, "role")
        name = "role %d" % role
        row = roles[role]
        good = type(row) is list and len(row) == 2 and type(row[1]) is list
        _require(good and 0 < len(row[1]) <= MAX_ROLE_KEYS, "role", name)
        for public in row[1]:
            _checks.byte_string(public, KEY_BYTES, KEY_BYTES, name)
        least = MIN_RELEASE_THRESHOLD if role == ROLE_RELEASE else 1
        # a service request has one signature
        _checks.uint(row[0], least, 1 if role == ROLE_SERVICE else len(row[1]), name)
        _require(row[1] == sorted(row[1]), "order", name)
        seen += row[1]
    _require(len(set(seen)) == len(seen), "duplicate", "roles")


def _check_roots(roots: "Any") -> None:
    good = type(roots) is list and MIN_ROOTS <= len(roots) <= MAX_ROOTS
    _require(good, "roots", "roots")
    for root in roots:
        _checks.byte_string(root, 4, MAX_ROOT_BYTES, "root")
        # X.690: SEQUENCE with a two-byte length; a certificate is never shorter.
        good = root[:2] == b"\x30\x82" and (root[2] << 8 | root[3]) == len(root) - 4
        _require(good, "root", "root")
    _require(len(set(roots)) == len(roots), "roots", "roots")


def decode(payload: bytes) -> Trust:
    """Return the trust of a payload; raises DocumentError, CborError."""
    fields = cbor.decode(payload, max_bytes=documents.MAX_DOCUMENT_BYTES)
    return Trust(*_checks.values(fields, len(Trust.FIELDS), "trust"))


def unverified(data: bytes) -> Trust:
    """Return what a document says without asking who signed it: for one that is in place."""
    return decode(documents.unverified(data, documents.TRUST))
