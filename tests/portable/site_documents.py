"""The site of the golden documents, for tests on both interpreters: its keys sign anything."""

import json

from varde_protocols import documents, trust
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/documents.json") as _file:
    VECTORS = json.load(_file)

HUB_ID = bytes.fromhex(VECTORS["hub_id"])
STRANGERS = ["stranger-%d" % number for number in range(1, 8)]
_keys = {}


def messages(kind):
    """The golden messages of one type."""
    return [bytes.fromhex(row["message"]) for row in VECTORS["documents"] if row["type"] == kind]


TRUSTS = messages("Trust")
TRUST_1, TRUST_2, TRUST_3 = [trust.unverified(data) for data in TRUSTS]


def key(name):
    """One of the site's keys, or a stranger's, made once."""
    if name not in _keys:
        _keys[name] = ed25519.SigningKey(bytes.fromhex(VECTORS["keys"][name]["seed"]))
    return _keys[name]


def signed(kind, value, *names):
    """A document of a value or of bytes, signed by these."""
    payload = value if isinstance(value, bytes) else value.encode()
    return documents.sign(kind, payload, [key(name) for name in names])


def changed(value, **fields):
    """The value with some of its fields others."""
    return type(value)(*[fields.get(name, getattr(value, name)) for name in value.FIELDS])


def refusal(function, *args):
    """The code of the error, or None if there was none."""
    try:
        function(*args)
    except WireError as error:
        return error.code
    return None
