"""What a locked hub does for who has a service key: opens its console for one start, or tests.

It travels as lines of text on the serial console (docs/firmware.md):

    host  varde?             hub  varde: service HUB-ID NONCE      both in hex
    host  varde! BASE64      hub  varde: opened, varde: testing or varde: refused REASON
                             hub  varde: wait SECONDS              for a while after a refusal

BASE64 is a COSE_Sign1 by a key of the trust's service role, with external data of its own, over

    {1: nonce, 2: hub id, 3: command}                 protocols/cddl/service_request.cddl

A nonce is random, good for one request, and dies with the hub's start: an answer that was heard
opens nothing, neither this hub later nor another one. There is one spelling, so the hub compares
bytes with what it would have written itself, and only then spends a verification.
"""

from . import cose, records
from ._compat import TYPE_CHECKING, const
from .crypto import ed25519
from .errors import CoseError

if TYPE_CHECKING:
    from typing import Protocol, Sequence

    class Signer(Protocol):
        """Who holds a key of the service role."""

        @property
        def kid(self) -> bytes: ...

        def sign(self, message: bytes) -> bytes: ...


NONCE_BYTES = const(16)
HUB_ID_BYTES = const(8)
COMMAND_OPEN = const(1)  # leave the board at its prompt, for the next start only
COMMAND_TEST = const(2)  # make test readings (test_readings), whose run is the nonce; stay locked
COMMAND_TEST_CUT = const(3)  # and take the link in use down while the second half is made

_AAD = b"varde service request 1"
_NONCE_AT = const(3)
_HUB_AT = const(21)
_COMMAND_AT = const(30)
_COMMANDS = (COMMAND_OPEN, COMMAND_TEST, COMMAND_TEST_CUT)
_MARK_BYTES = const(3)


def payload(nonce: bytes, hub_id: bytes, command: int = COMMAND_OPEN) -> bytes:
    """Return what is signed: 31 bytes of deterministic CBOR."""
    return b"\xa3\x01\x50" + nonce + b"\x02\x48" + hub_id + b"\x03" + bytes((command,))


def sign(signer: "Signer", nonce: bytes, hub_id: bytes, command: int = COMMAND_OPEN) -> bytes:
    """Return the request; ValueError (ours) for a nonce, a hub id or a command that is none."""
    if len(nonce) != NONCE_BYTES or len(hub_id) != HUB_ID_BYTES or not 0 < command < 24:
        raise ValueError("a nonce has 16 bytes, a hub id 8, a command is one of 1 to 23")
    return cose.sign1(signer, signer.kid, payload(nonce, hub_id, command), _AAD)


def check(data: bytes, keys: "Sequence[bytes]", nonce: bytes, hub_id: bytes) -> "tuple[int, int]":
    """Return what to journal of a request: code and detail of an event.

    (EVENT_SERVICE_OPENED, mark of the key) or (EVENT_TEST, COMMAND_...) if one of these public
    keys signed it for this hub and this nonce, of which an empty one is none; else
    (EVENT_SERVICE_REFUSED, SERVICE_...).
    """
    if cose.sign1_end(data, 0) != len(data):
        return records.EVENT_SERVICE_REFUSED, records.SERVICE_MALFORMED
    request = cose.Sign1.parse(data)
    kid = request.unverified_kid
    said = request.unverified_payload
    reason = _reason(said, nonce, hub_id)
    if not reason:
        reason = records.SERVICE_KEY
        for public in keys:
            if cose.key_id(public) == kid:
                reason = records.SERVICE_SIGNATURE
                try:
                    request.verify(ed25519.VerifyKey(public), _AAD)
                except CoseError:
                    break
                if said[_COMMAND_AT] != COMMAND_OPEN:
                    return records.EVENT_TEST, said[_COMMAND_AT]
                return records.EVENT_SERVICE_OPENED, mark(kid)
    return records.EVENT_SERVICE_REFUSED, reason


def _reason(said: bytes, nonce: bytes, hub_id: bytes) -> int:
    """Return why this is not what we wanted to be signed, 0 if it is."""
    if not nonce or said[_NONCE_AT : _HUB_AT - 2] != nonce:
        return records.SERVICE_NONCE
    if said[_HUB_AT : _COMMAND_AT - 1] != hub_id:
        return records.SERVICE_HUB
    if said[:-1] != payload(nonce, hub_id)[:-1]:
        return records.SERVICE_MALFORMED
    return 0 if said[_COMMAND_AT] in _COMMANDS else records.SERVICE_COMMAND


def mark(kid: bytes) -> int:
    """Return the number by which the event service-opened names a key: its id's first 3 bytes."""
    return int.from_bytes(kid[:_MARK_BYTES], "big")
