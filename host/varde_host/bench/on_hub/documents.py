"""Runs on the hub: verifies trust and assignment with the hub's own code, and puts them in place.

New ones are read from /trust.cbor.trial and /assignment.cbor.trial, and each takes its place in
one step, when both hold. What is there already and not replaced is verified just the same, so a
run after a power cut goes on, and one without new files reads back. New ones that do not hold are
taken away, so a copy that was cut short is in nobody's way later.

Last line:  varde-bench: {"hub", "site", "epoch", "assignment", "release", "for_hub",
                          "service_keys", "placed", "sha256"}
"""

import binascii
import hashlib
import json
import os

import tls

TRUST = "/trust.cbor"
ASSIGNMENT = "/assignment.cbor"
TRIAL = ".trial"
# The build turns the hub's constants into numbers, so they stand here again; a test compares.
MAX_DOCUMENT_BYTES = 12288  # documents
ROLE_SERVICE = 4  # trust


def content(path):
    """Return what a file holds, None if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError:
        return None


def wanted_trust():
    """Return the bytes that shall be the trust, and the verified trust in them."""
    from varde_protocols import trust, trust_chain

    old, new = content(TRUST), content(TRUST + TRIAL)
    if new is None or new == old:
        if old is None:
            raise OSError("no trust: put it at " + TRUST + TRIAL)
        return old, trust_chain.first(old)
    if old is None:
        return new, trust_chain.first(new)
    return new, trust_chain.following(trust.unverified(old), new)


def wanted_assignment(trust, hub_id):
    """Return the bytes that shall be the assignment, and the verified assignment in them."""
    from varde_protocols import assignment

    old, new = content(ASSIGNMENT), content(ASSIGNMENT + TRIAL)
    data = old if new is None else new
    if data is None:
        raise OSError("no assignment: put it at " + ASSIGNMENT + TRIAL)
    after = 0 if old is None or data == old else assignment.unverified(old).number
    return data, assignment.verify(data, trust, hub_id, after)


def check_roots(trust):
    """Let TLS read the roots, as the application will: it takes none that it cannot read."""
    for root in trust.roots:
        tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(root)


def digest(data):
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def place(path, data):
    """Give a trial file its name, if there is one; what stands there then must be `data`."""
    is_new = content(path + TRIAL) is not None
    if is_new:
        os.rename(path + TRIAL, path)
    if content(path) != data:
        raise OSError(path + " does not read back")
    return is_new


def take_away():
    """Remove the trial files."""
    for path in (TRUST, ASSIGNMENT):
        if content(path + TRIAL) is not None:
            os.remove(path + TRIAL)


def run():
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.ports import identity_store
    from varde_firmware.shell import identity
    from varde_protocols import cose

    seed = identity_store.IdentityStore().seed()
    if seed is None:
        raise OSError("the hub has no identity yet")
    hub_id = identity.Identity(seed, 0).hub_id
    try:
        trust_data, mine = wanted_trust()
        check_roots(mine)
        data, given = wanted_assignment(mine, hub_id)
    except Exception:
        take_away()
        raise
    placed = [path for path, new in ((TRUST, trust_data), (ASSIGNMENT, data)) if place(path, new)]
    return {
        "hub": hub_id.hex(),
        "site": mine.site_id.hex(),
        "epoch": mine.epoch,
        "assignment": given.number,
        "release": given.release and given.release[0],
        "for_hub": given.hub_id is not None,
        "service_keys": [cose.key_id(key).hex() for key in mine.keys(ROLE_SERVICE)],
        "placed": placed,
        "sha256": {
            TRUST: digest(trust_data),
            ASSIGNMENT: digest(data),
        },
    }


try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
