"""Runs on the hub: records that stand in its journal, as they are: signed, and readings sealed.

Before it may be set:  since = 0        the first sequence number wanted
                       kinds = None     or kinds of records, as [3, 4]
                       most = 40        how many at a time; ask again from the last one's number
Last line:  varde-bench: {"records": [[number, base64], ...], "more", "next"}
            next: the number after the newest record; delivered ones stand for a while, too
"""

import binascii
import json

# The build turns the hub's constants into numbers, so they stand here again; a test compares.
SECTOR_BYTES = 4096  # journal_sector
MAX_RECORDS = 61
SESSION_COPY = 62


def kind_of(record):
    from varde_protocols import cbor, cose

    return cbor.decode(cose.Sign1.parse(record).unverified_payload)[1]


def sectors(flash, image, since):
    """Read each sector into `image` that may hold a number from `since` on."""
    from varde_firmware.core import journal_sector

    for sector in range(flash.sector_count):
        journal_sector.read(flash, sector, image)
        header = journal_sector.parse_header(image)
        if header is not None and header.first_seq + MAX_RECORDS > since:
            yield sector


def run(since, kinds, most):
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.core import journal_sector
    from varde_firmware.ports import flash_store

    image = memoryview(bytearray(SECTOR_BYTES))
    found = {}  # a moved record stands twice, and is the same
    newest = 0
    has_more = False
    for _ in sectors(flash_store.find(), image, since):
        for bit, seq, start, end in journal_sector.records(image):
            if bit == SESSION_COPY:
                continue
            newest = max(newest, seq)
            record = bytes(image[start:end])
            if seq < since or (kinds is not None and kind_of(record) not in kinds):
                continue
            found[seq] = record
            if len(found) > most:
                del found[max(found)]
                has_more = True
    rows = [[seq, binascii.b2a_base64(found[seq]).decode().strip()] for seq in sorted(found)]
    return {"records": rows, "more": has_more, "next": newest + 1}


try:
    names = globals()
    result = run(names.get("since", 0), names.get("kinds"), names.get("most", 40))
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
