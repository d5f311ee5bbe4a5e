# ruff: noqa: PLC0415, SIM105
# (a subject imports only its own codec; MicroPython has no contextlib)
"""Runs on the hub interpreter, for bench_cbor: cbor_on_vm.py FOLDER SUBJECT ROUNDS.

Prints the microseconds an operation took; the caller counts its instructions from outside. The
heap is collected before every ten operations, and SUBJECT "nothing" is what that alone costs:
between collections MicroPython searches an ever longer heap, and a long run would measure that.
"""

import gc
import sys
import time

FOLDER, SUBJECT, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
OPERATIONS = 10  # a round
sys.path.insert(0, FOLDER)

# 82 bytes: a map of ten, with an array, a map, byte strings, text and one double in it.
RECORD = {
    1: 1, 2: 123456, 3: 7, 4: 86400123, 5: b"varde-01", 6: [94, 72, -3, 1000], 7: {1: 2, 2: True},
    8: 36.6, 9: "oximeter", 10: b"0123456789abcdefg",
}  # fmt: skip
# The same for JSON, which has text keys and no bytes.
JSON_RECORD = {
    str(key): value.hex() if isinstance(value, bytes) else value for key, value in RECORD.items()
}
HOSTILE = b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"  # an array of 2**64-1 members


def nothing():
    return id, None


def encode():
    from varde_protocols import cbor

    return cbor.encode, RECORD


def decode():
    from varde_protocols import cbor

    data = cbor.encode(RECORD)
    assert len(data) == 82
    assert cbor.decode(data) == RECORD
    return cbor.decode, data


def peer_encode():
    import cbor

    return cbor.dumps, RECORD


def peer_decode():
    import cbor

    data = cbor.dumps(RECORD)
    assert len(data) == 82
    assert cbor.loads(data) == RECORD
    return cbor.loads, data


def json_encode():
    import json

    return json.dumps, JSON_RECORD


def json_decode():
    import json

    return json.loads, json.dumps(JSON_RECORD)


def payload():
    from varde_protocols import records

    record = records.Reading(123456, 7, 86400123, 1, 0x2A5F, 41, bytes(80), bytes(8))
    return records.Reading.payload, record


def hostile():
    """Prints heap bytes instead: what refusing a claim of 2**64 items takes."""
    from varde_protocols import cbor
    from varde_protocols.errors import CborError

    def refuse(data):
        try:
            cbor.decode(data)
        except CborError:
            pass

    refuse(HOSTILE)
    gc.collect()
    before = gc.mem_alloc()
    refuse(HOSTILE)
    print(gc.mem_alloc() - before)
    sys.exit()


def run(operation, value):
    for _ in range(ROUNDS):
        gc.collect()
        for _ in range(OPERATIONS):
            operation(value)


operation, value = globals()[SUBJECT]()
start_us = time.ticks_us()
run(operation, value)
print(time.ticks_diff(time.ticks_us(), start_us) / (ROUNDS * OPERATIONS))
