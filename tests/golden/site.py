"""A site with fixed keys, for tests and figures that put documents on a hub themselves."""

from __future__ import annotations

from varde_protocols import assignment, documents, trust
from varde_protocols.crypto import ed25519
from varde_protocols.hub_config import HubConfig

SITE_ID = bytes.fromhex("5175e0f00ba40001")
SIGNED_MS = 1_771_200_000_000


def key(number: int) -> ed25519.SigningKey:
    """One of the site's keys; its number is two digits, role and place in it."""
    return ed25519.SigningKey(bytes([number]) * 32)


TRUST_KEYS = [key(11), key(12)]
RELEASE_KEYS = [key(21), key(22), key(23)]
ASSIGNMENT_KEYS = [key(31)]
SERVICE_KEYS = [key(41)]


def role(threshold: int, keys: list[ed25519.SigningKey]) -> list[object]:
    """As a trust has it."""
    return [threshold, sorted(each.public for each in keys)]


def hub_files(
    config: HubConfig, roots: list[bytes], collector_public: bytes, receiver_public: bytes
) -> dict[str, bytes]:
    """What a bench puts on a hub beside its code: assignment 1 for any hub of this site."""
    roles = {1: role(1, TRUST_KEYS), 3: role(1, ASSIGNMENT_KEYS), 4: role(1, SERVICE_KEYS)}
    given = assignment.Assignment(SITE_ID, 1, None, config, None, SIGNED_MS)
    believed = trust.Trust(
        1, SITE_ID, roles, roots, collector_public, receiver_public, trust.EDDSA, SIGNED_MS
    )
    return {
        "trust.cbor": documents.sign(documents.TRUST, believed.encode(), TRUST_KEYS[:1]),
        "assignment.cbor": documents.sign(
            documents.ASSIGNMENT, given.encode(), ASSIGNMENT_KEYS
        ),
    }
