"""Runs on the hub: what is on it. Changes nothing.

Last line:  varde-bench: {"hub", "public", "numbers", "keys", "bonds", "pending", "kinds",
                          "readings", "sectors", "damaged", "files"}
            numbers: counters of NVS; keys: which entries there are, never their content
            pending: records that no collector has acknowledged, by kind in kinds; readings by slot
            files: path to [size, SHA-256]
"""

import hashlib
import json
import os

import esp32

NUMBERS = ("crashes", "boot", "locked", "open", "utc_min", "damaged", "pin",
           "opened")  # fmt: skip
BLOBS = ("seed", "data", "board", "update")
BOND_PLACES = 73  # core/bonds.py, MAX_ENTRIES
BLOB_BYTES = 512


def numbers():
    nvs = esp32.NVS("varde")
    found = {}
    for key in NUMBERS:
        try:
            found[key] = nvs.get_i32(key)
        except OSError:  # noqa: PERF203  (not there)
            pass
    return found


def blobs(namespace, keys):
    """Return which of these entries there are."""
    nvs = esp32.NVS(namespace)
    buffer = bytearray(BLOB_BYTES)
    found = []
    for key in keys:
        try:
            nvs.get_blob(key, buffer)
            found.append(key)
        except OSError:  # noqa: PERF203  (not there)
            pass
    return found


def files(folder):
    """Return [size, SHA-256] of each file below a folder, by path."""
    found = {}
    for entry in os.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            found.update(files(path))
            continue
        digest, size = hashlib.sha256(), 0
        with open(path, "rb") as file:
            piece = file.read(1024)
            while piece:
                digest.update(piece)
                size += len(piece)
                piece = file.read(1024)
        found[path] = [size, digest.digest().hex()]
    return found


class Untouched:
    """The journal's flash with nothing ever written to it."""

    def __init__(self, flash):
        self.sector_count = flash.sector_count
        self.read_into = flash.read_into

    def program(self, offset, data):
        """Forget it."""

    def erase(self, _sector):
        raise OSError("nothing is erased here")


def journal_state():
    """Count what waits for the collector: released in memory only, to see what comes behind."""
    from varde_firmware.core import journal
    from varde_firmware.ports import flash_store
    from varde_protocols import cbor, cose

    log = journal.Journal(Untouched(flash_store.find()))
    report = log.mount()
    state = {"pending": report.records, "sectors": report.sectors, "damaged": report.damaged,
             "torn": report.torn, "kinds": {}, "readings": {}}  # fmt: skip
    while log.pending_count:
        batch = log.batch(8192, 64)
        for _seq, record in batch:
            payload = cbor.decode(cose.Sign1.parse(record).unverified_payload)
            kind = payload[1]
            state["kinds"][kind] = state["kinds"].get(kind, 0) + 1
            if kind == 1:
                slot = payload[5][1]
                state["readings"][slot] = state["readings"].get(slot, 0) + 1
        if not batch or not log.acknowledge([(seq, seq) for seq, _record in batch]):
            break  # what cannot be read any more
    return state


def run():
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.ports import identity_store
    from varde_firmware.shell import identity

    state = {"numbers": numbers(), "keys": blobs("varde", BLOBS), "files": files("")}
    state["bonds"] = len(blobs("varde-bonds", ["b%d" % place for place in range(BOND_PLACES)]))
    seed = identity_store.IdentityStore().seed()
    if seed is not None:
        who = identity.Identity(seed, 0)
        state["hub"], state["public"] = who.hub_id.hex(), who.signing_key.public.hex()
    state.update(journal_state())
    return state


try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
