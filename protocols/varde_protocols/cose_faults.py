"""What is wrong with a message that is none of ours: it is decoded in full to name the fault.

Apart from `cose` because a hub seldom needs it, and loads it then.
"""

from . import cbor
from ._compat import TYPE_CHECKING, const
from .errors import CoseError

if TYPE_CHECKING:
    from typing import Any

_KID_BYTES = const(8)
_ALGORITHM = const(1)  # header labels, RFC 9052 section 3.1
_KID = const(4)
_IV = const(5)
_EDDSA = const(-8)  # RFC 9053 section 2.2
_AES_CCM_16_128_128 = const(30)  # RFC 9053 section 4.2


def of_sign1(data: bytes) -> CoseError:
    """Return what is wrong with a COSE_Sign1; raises CborError where the coding is."""
    where = "COSE_Sign1"
    parts = _array(data, 4, where)
    headers = _headers(parts, where)
    if headers[_ALGORITHM] != _EDDSA:
        return CoseError("unknown-algorithm", where, "sign with EdDSA (-8)")
    # Compared by membership: a peer's labels are integers, text and bytes, which have no order.
    if len(headers) != 2 or _KID not in headers or parts[1] != {}:
        return CoseError("unknown-header", where, "send algorithm and kid, both protected")
    if type(headers[_KID]) is not bytes or len(headers[_KID]) != _KID_BYTES:
        return CoseError("bad-kid", where, "send a key id of 8 bytes")
    return CoseError("malformed", where, "send a payload and a signature of 64 bytes")


def of_encrypt0(data: bytes) -> CoseError:
    """Return what is wrong with a COSE_Encrypt0; raises CborError where the coding is."""
    where = "COSE_Encrypt0"
    parts = _array(data, 3, where)
    headers = _headers(parts, where)
    if headers[_ALGORITHM] != _AES_CCM_16_128_128:
        return CoseError("unknown-algorithm", where, "encrypt with AES-CCM-16-128-128 (30)")
    if len(headers) != 1 or type(parts[1]) is not dict or list(parts[1]) != [_IV]:
        return CoseError("unknown-header", where, "send the algorithm protected, the IV not")
    return CoseError("malformed", where, "send an IV of 13 bytes and a ciphertext with its tag")


def _array(data: bytes, count: int, where: str) -> "list[Any]":
    parts = cbor.decode(data)
    if type(parts) is not list or len(parts) != count:
        raise CoseError("malformed", where, "send an untagged array of %d" % count)
    return parts


def _headers(parts: "list[Any]", where: str) -> "dict[Any, Any]":
    headers = cbor.decode(parts[0]) if type(parts[0]) is bytes else None
    if type(headers) is not dict or type(headers.get(_ALGORITHM)) is not int:
        raise CoseError("malformed", where, "send the algorithm in a protected header map")
    return headers
