"""What test_crypto_steady.py counts: the machine code that sees secrets, on one set of numbers.

micropython crypto_steady_on_hub.py FOLDER_OF_VARDE_PROTOCOLS NUMBER_IN_HEX TABLE_INDEX
"""

import sys
from binascii import unhexlify

sys.path.insert(0, sys.argv[1])

from varde_protocols.crypto import edwards25519_micropython as edwards
from varde_protocols.crypto import field25519_micropython as field
from varde_protocols.crypto import x25519_micropython as x25519
from varde_protocols.crypto.ed25519_comb import COMB
from varde_protocols.crypto.ed25519_look_up_micropython import look_up

OPERAND_SLOT = 11


def main(number, index):
    words = bytearray(16 * field.SLOT_BYTES)
    for slot in range(2, 16):
        field.load(words, slot, number)
    operand = memoryview(words)[OPERAND_SLOT * field.SLOT_BYTES :]
    look_up(COMB, 0, index, words, operand)
    field.execute(words, edwards._ADD_ENTRY)
    field.execute(words, edwards.DOUBLE)
    x25519._swap(words, index & 1)
    field.execute(words, x25519._STEP)
    field.invert(words, 4)
    field.store(words, 3)


main(unhexlify(sys.argv[2]), int(sys.argv[3]))
