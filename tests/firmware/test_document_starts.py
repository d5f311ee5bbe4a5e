"""A start with documents that are not this hub's, or not whole: it says why, and runs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware import cable, provisioned
from firmware.cable import Cable
from firmware.test_service import spoil
from golden import site
from simulator import board_place
from varde_protocols import assignment, documents

pytestmark = board_place.needs_vm

TRUST, ASSIGNMENT = "trust.cbor", "assignment.cbor"
GOOD = provisioned.documents()


def assigned(site_id: bytes, hub_id: bytes | None) -> bytes:
    given = assignment.Assignment(
        site_id, 1, hub_id, provisioned.config(), None, site.SIGNED_MS, *site.NO_TERMS
    )
    return site.signed(documents.ASSIGNMENT, given, "assignment-1")


ALTERED = bytearray(GOOD[TRUST])
ALTERED[30] ^= 0xFF
CASES = {
    "another hub's assignment": ({ASSIGNMENT: assigned(site.SITE_ID, b"otherhub")}, True),
    "another site's assignment": ({ASSIGNMENT: assigned(b"othersit", None)}, True),
    "a trust for an assignment": ({ASSIGNMENT: GOOD[TRUST]}, True),
    "half an assignment": ({ASSIGNMENT: GOOD[ASSIGNMENT][:100]}, True),
    "an empty assignment": ({ASSIGNMENT: b""}, True),
    "an endless assignment": ({ASSIGNMENT: GOOD[ASSIGNMENT] + bytes(200_000)}, True),
    "half a trust": ({TRUST: GOOD[TRUST][:-40]}, False),
    "a damaged trust": ({TRUST: bytes(ALTERED)}, False),
    "an empty trust": ({TRUST: b""}, False),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_hub_without_documents_of_its_own_waits(tmp_path: Path, case: str) -> None:
    files, has_trust = CASES[case]

    async def act(hub: Cable) -> None:
        spoil(hub, files)
        await hub.power_on()
        await asyncio.sleep(90)  # longer than the watchdog would
        assert hub.said.count(b"varde: waits for the bench: ") == 1
        assert b"varde: stopped" not in hub.said
        assert hub.board.boots == 1
        if has_trust:
            await hub.open()
        assert await hub.has_prompt() == has_trust

    cable.play(tmp_path, act)
