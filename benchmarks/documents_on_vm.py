"""What bench_documents.py runs on the hub interpreter, with the hub's own bundle.

    micropython documents_on_vm.py BUNDLE FOLDER SUBJECT ROUNDS

FOLDER holds trust-1.cbor, trust-2.cbor and assignment.cbor. Prints the heap in bytes that one
round takes, garbage included; a round of "nothing" only reads the files.
"""

import gc
import sys

BUNDLE, FOLDER, SUBJECT, ROUNDS = sys.argv[1:5]
sys.path.insert(0, BUNDLE)

from varde_firmware import load_order  # noqa: E402  (the path to it is set above)

load_order.load([name for name in load_order.BOTTOM_UP if "varde_protocols" in name])
gc.threshold(-1)

from varde_protocols import assignment, trust, trust_chain  # noqa: E402

HUB_ID = bytes(8)


def content(name):
    with open(FOLDER + "/" + name, "rb") as file:
        return file.read()


OLD, NEW, GIVEN = content("trust-1.cbor"), content("trust-2.cbor"), content("assignment.cbor")
BELIEVED = trust.unverified(OLD)


def nothing():
    return None


def first_trust():
    return trust_chain.first(OLD)


def next_trust():
    return trust_chain.following(BELIEVED, NEW)


def new_assignment():
    return assignment.verify(GIVEN, BELIEVED, HUB_ID)


def start():
    """What each start of a hub does."""
    believed, given = trust.unverified(OLD), assignment.unverified(GIVEN)
    given.check_for(believed, HUB_ID)


operation = globals()[SUBJECT]
for _ in range(int(ROUNDS)):
    gc.collect()
    before = gc.mem_alloc()
    operation()
    taken = gc.mem_alloc() - before
print(taken)
