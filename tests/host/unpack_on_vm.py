"""Unpacks a bundle on the hub's interpreter, as a hub would: one head, one small buffer.

    micropython unpack_on_vm.py BUNDLE

Prints the SHA-256 of each file by its path, as JSON.
"""

import binascii
import hashlib
import json
import sys

try:
    import deflate
except ImportError:
    print(json.dumps({"skip": "this interpreter was built without deflate"}))
    sys.exit(0)

BUFFER = bytearray(512)


def head(stream):
    """The argument of the next item; None at the end."""
    first = stream.read(1)
    if not first:
        return None
    size = first[0] & 31
    return size if size < 24 else int.from_bytes(stream.read(1 << (size - 24)), "big")


def digest(stream, size):
    made = hashlib.sha256()
    view = memoryview(BUFFER)
    while size:
        taken = stream.readinto(view[: min(size, len(BUFFER))])
        made.update(view[:taken])
        size -= taken
    return binascii.hexlify(made.digest()).decode()


found = {}
with open(sys.argv[1], "rb") as file:
    stream = deflate.DeflateIO(file, deflate.ZLIB)
    head(stream)  # [format, files, bytes]
    version, count, total = head(stream), head(stream), head(stream)
    for _ in range(count):
        path = stream.read(head(stream)).decode()
        found[path] = digest(stream, head(stream))
    assert version == 1
    assert head(stream) is None
print(json.dumps(found))
