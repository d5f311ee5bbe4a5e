"""A site with fixed keys: the values behind the documents' golden vectors, and what tests put on
a hub themselves.

Two of three trust keys sign. Epoch 2 takes one of them away and has a new assignment key; epoch 3
has new trust, release and collector keys. Each is signed by holders of the old keys and the new.
"""

from __future__ import annotations

from typing import Any

from golden import values
from varde_protocols import assignment, documents, release, trust, wipe_record
from varde_protocols.crypto import ed25519
from varde_protocols.hub_config import HubConfig

SITE_ID = bytes.fromhex("5175e0f00ba40001")
SIGNED_MS = 1_771_200_000_000
NO_TERMS = (None, None, None, "")  # of an assignment: any time, the month's budget, the collector
DAY_MS = 86_400_000

# By name: role, number. A seed is the key's place in this list, 32 times.
NAMES = (
    "trust-1", "trust-2", "trust-3", "trust-4", "trust-5", "trust-6", "trust-7",
    "release-1", "release-2", "release-3", "release-4",
    "assignment-1", "assignment-2", "service-1", "service-2",
    "stranger-1", "stranger-2", "stranger-3", "stranger-4", "stranger-5", "stranger-6",
    "stranger-7",
)  # fmt: skip


def key(name: str) -> ed25519.SigningKey:
    """One of the keys."""
    return ed25519.SigningKey(bytes([101 + NAMES.index(name)]) * 32)


def role(threshold: int, *names: str) -> list[Any]:
    """As a trust has it."""
    return [threshold, sorted(key(name).public for name in names)]


def signed(kind: int, value: Any, *names: str) -> bytes:
    """A document signed by these."""
    return documents.sign(kind, value.encode(), [key(name) for name in names])


def trusts() -> list[trust.Trust]:
    """Three epochs."""
    roots = [values.root(300, 1), values.root(301, 2)]
    roles = {
        1: role(2, "trust-1", "trust-2", "trust-3"),
        2: role(2, "release-1", "release-2", "release-3"),
        3: role(1, "assignment-1"),
        4: role(1, "service-1", "service-2"),
    }
    second = {**roles, 1: role(2, "trust-2", "trust-3", "trust-4"), 3: role(1, "assignment-2")}
    third = {
        **second,
        1: role(2, "trust-5", "trust-6", "trust-7"),
        2: role(2, "release-2", "release-3", "release-4"),
    }
    peers = values.COLLECTOR.public, values.RECEIVER_PUBLIC
    others = ed25519.SigningKey(bytes(range(33, 65))).public, values.RECEIVER_PUBLIC
    return [
        trust.Trust(1, SITE_ID, roles, roots, *peers, trust.EDDSA, SIGNED_MS),
        trust.Trust(2, SITE_ID, second, roots, *peers, trust.EDDSA, SIGNED_MS + 90 * DAY_MS),
        trust.Trust(3, SITE_ID, third, [*roots[1:], values.root(302, 3)], *others, trust.EDDSA,
                    SIGNED_MS + 400 * DAY_MS),
    ]  # fmt: skip


TRUST_SIGNERS = (
    ("trust-2", "trust-3"),
    ("trust-1", "trust-2", "trust-4"),
    ("trust-2", "trust-3", "trust-5", "trust-6"),
)


def releases() -> list[release.Release]:
    """One with both components, one with as little as there can be."""
    both = [
        release.Component(release.APPLICATION, 189_495, bytes([1]) * 32, 4096, bytes([2]) * 32, 0),
        release.Component(release.INTERPRETER, 1_699_840, bytes([3]) * 32, 4096, bytes([4]) * 32,
                          5),
    ]  # fmt: skip
    least = release.Component(release.APPLICATION, 1, bytes(32), 1024, bytes(32), 0)
    return [
        release.Release(7, "0.7.0", "esp32s3", both, 5, SIGNED_MS),
        release.Release(1, "x", "x", [least], 0, 0),
    ]


def assignments() -> list[assignment.Assignment]:
    """For the golden hub with a release, and for any hub of the site."""
    config = values.config()
    chosen = [7, bytes(range(32))]
    return [
        assignment.Assignment(SITE_ID, 12, values.HUB_ID, config, chosen, SIGNED_MS + DAY_MS,
                              [60, 300], 2048, ["blobs.example.org", 443, "/varde"], "10 %"),
        assignment.Assignment(SITE_ID, 1, None, config, None, SIGNED_MS, *NO_TERMS),
    ]  # fmt: skip


def wipe_records() -> list[wipe_record.WipeRecord]:
    """One that gave readings up, and one with nothing left to give up."""
    steps = [["drained", SIGNED_MS, bytes([5]) * 32], ["seed", SIGNED_MS + 900, bytes([6]) * 32]]
    times = SIGNED_MS - 60_000, SIGNED_MS + 1_000
    chip = bytes.fromhex("7cdfa1000102")
    return [
        wipe_record.WipeRecord(SITE_ID, values.HUB_ID, chip, "VARDE00017K", *times, 12, 3,
                               ["oppfolgingstjeneste", "t17"], steps, "varde 0.6.0"),
        wipe_record.WipeRecord(SITE_ID, values.HUB_ID, chip, None, *times, 0, 0, None, steps[1:],
                               "varde 0.6.0"),
    ]  # fmt: skip


def rows() -> list[tuple[int, Any, tuple[str, ...]]]:
    """Every golden document: kind, value, signers."""
    return [
        *((documents.TRUST, each, signers)
          for each, signers in zip(trusts(), TRUST_SIGNERS, strict=True)),
        *((documents.RELEASE, each, ("release-1", "release-3")) for each in releases()),
        *((documents.ASSIGNMENT, each, ("assignment-1",)) for each in assignments()),
        *((documents.WIPE_RECORD, each, ("service-2",)) for each in wipe_records()),
    ]  # fmt: skip


def hub_files(
    config: HubConfig, roots: list[bytes], collector_public: bytes, receiver_public: bytes
) -> dict[str, bytes]:
    """What a bench puts on a hub beside its code: assignment 1 for any hub of this site."""
    roles = {1: role(1, "trust-1"), 3: role(1, "assignment-1"), 4: role(1, "service-1")}
    given = assignment.Assignment(SITE_ID, 1, None, config, None, SIGNED_MS, *NO_TERMS)
    believed = trust.Trust(
        1, SITE_ID, roles, roots, collector_public, receiver_public, trust.EDDSA, SIGNED_MS
    )
    return {
        "trust.cbor": signed(documents.TRUST, believed, "trust-1"),
        "assignment.cbor": signed(documents.ASSIGNMENT, given, "assignment-1"),
    }
