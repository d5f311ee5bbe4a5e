"""Who signs for a site in tests: assignments of hubs, and the next trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from varde_host.site import files, keys, replacement, trust_documents
from varde_protocols import assignment, documents, hub_config

SIGNED_MS = 1_800_000_000_000
PASSWORD = "the cat sleeps at noon"


def config(**changes: Any) -> hub_config.HubConfig:
    """What a home needs, with a secret in it."""
    fields: dict[str, Any] = {
        "networks": [hub_config.Network("home", PASSWORD)],
        "collector_host": "collector.test",
        "collector_port": 8443,
        "heartbeat_s": 900,
        "sensors": [],
        "ntp_host": "ntp.test",
        "ntp_port": 123,
        "board": "generic",
        "modem": None,
        "data_budget_kib": 0,
        "local_time": [60, 1],
        "reminders": [],
        "quiet": None,
    }
    return hub_config.HubConfig(**{**fields, **changes})


def assigned(
    site: files.Site, hub_id: bytes | None, number: int, signers: Any = None, **changes: Any
) -> bytes:
    """An assignment's document, by the site's own keys unless told otherwise."""
    fields: dict[str, Any] = {
        "site_id": site.site_id,
        "number": number,
        "hub_id": hub_id,
        "config": config(),
        "release": None,
        "signed_ms": SIGNED_MS + number,
        "window": None,
        "allowance_kib": None,
        "source": None,
        "ring": "",
    }
    given = assignment.Assignment(**{**fields, **changes})
    signers = site.signers(keys.ASSIGNMENT) if signers is None else signers
    return documents.sign(documents.ASSIGNMENT, given.encode(), signers)


def next_trust(directory: Path, key: str = "assignment.key") -> files.Site:
    """Replace a key and sign the trust that says so; the first, if there is none."""
    site = files.load(directory)
    if trust_documents.newest(site) is not None:
        replacement.replace(site, key, None)
    site = files.load(directory)
    trust_documents.issue(site, SIGNED_MS)
    return site


def altered(document: bytes, at: int) -> bytes:
    """The document with one bit turned."""
    return document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :]
