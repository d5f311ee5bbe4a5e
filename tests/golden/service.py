"""The golden request for the service mode."""

from __future__ import annotations

import binascii
from typing import Any

from golden.values import HUB_ID, NONCE
from varde_protocols import cose, service_request, test_readings
from varde_protocols.crypto import ed25519

SEED = bytes(range(128, 160))


class Bench:
    """Holds the service key."""

    def __init__(self, seed: bytes = SEED) -> None:
        self._key = ed25519.SigningKey(seed)
        self.public = self._key.public
        self.kid = cose.key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def service_vectors() -> dict[str, Any]:
    bench = Bench()
    request = service_request.sign(bench, NONCE, HUB_ID)
    line = b"varde! " + binascii.b2a_base64(request, newline=False)
    return {
        "seed": SEED,
        "public": bench.public,
        "nonce": NONCE,
        "hub_id": HUB_ID,
        "payload": service_request.payload(NONCE, HUB_ID),
        "request": request,
        "line": line.decode(),
        "test": service_request.sign(bench, NONCE, HUB_ID, service_request.COMMAND_TEST),
        "test_cut": service_request.sign(bench, NONCE, HUB_ID, service_request.COMMAND_TEST_CUT),
        "test_values": [
            {"number": number, "count": count, "value": test_readings.value(NONCE, number, count)}
            for number, count in ((1, 20), (20, 20), (255, 255))
        ],
        "mark": service_request.mark(bench.kid),
    }
