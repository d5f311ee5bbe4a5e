"""What test_crypto_hub.py runs on the hub interpreter: read cases as JSON, answer as JSON.

    micropython crypto_on_hub.py FOLDER_OF_VARDE_PROTOCOLS < cases > answers

One case a line: [name of a function below, its arguments]; bytes go as hex both ways.
"""

import json
import sys
from binascii import hexlify, unhexlify

sys.path.insert(0, sys.argv[1])

from varde_protocols.crypto import (
    aes_ccm,
    ed25519,
    edwards25519_micropython,
    edwards25519_public_micropython,
    hkdf,
    sha512,
    x25519,
    x25519_micropython,
)
from varde_protocols.crypto import field25519_micropython as field


def to_hex(data):
    return hexlify(data).decode()


def public(seed):
    return to_hex(ed25519.SigningKey(unhexlify(seed)).public)


def sign(seed, message):
    return to_hex(ed25519.SigningKey(unhexlify(seed)).sign(unhexlify(message)))


def verify(key, message, signature):
    return ed25519.VerifyKey(unhexlify(key)).verify(unhexlify(message), unhexlify(signature))


def is_usable(key):
    return ed25519.is_usable(unhexlify(key))


def agree_public(private):
    return to_hex(x25519.public_key(unhexlify(private)))


def agree(private, peer):
    try:
        return to_hex(x25519.shared(unhexlify(private), unhexlify(peer)))
    except ValueError:
        return None


def digest(data):
    return to_hex(sha512.digest(unhexlify(data)))


def derive(secret, salt, info, length):
    return to_hex(hkdf.sha256(unhexlify(secret), unhexlify(salt), unhexlify(info), length))


def seal(key, nonce, plaintext, aad):
    return to_hex(aes_ccm.seal(*[unhexlify(part) for part in (key, nonce, plaintext, aad)]))


def open_sealed(key, nonce, data, aad):
    try:
        return to_hex(aes_ccm.open_sealed(*[unhexlify(part) for part in (key, nonce, data, aad)]))
    except aes_ccm.TagMismatch:
        return None


def field_results(left, right):
    """left + right, left - right, left * right, 1 / left."""
    words = bytearray(8 * field.SLOT_BYTES)
    field.load(words, 2, unhexlify(left))
    field.load(words, 3, unhexlify(right))
    field.execute(words, bytes((1, 4, 2, 3, 2, 5, 2, 3, 0, 6, 2, 3, 3, 7, 5, 5)))
    results = [to_hex(field.store(words, slot)) for slot in (4, 5, 6, 7)]
    field.invert(words, 2)
    results.append(to_hex(field.store(words, 2)))
    return results


def programs():
    """The field machine's programs, by module and name."""
    found = {}
    for module in (edwards25519_micropython, edwards25519_public_micropython, x25519_micropython):
        for name in dir(module):
            if isinstance(getattr(module, name), bytes) and name.strip("_").isupper():
                found[module.__name__.rsplit(".", 1)[1] + "." + name] = to_hex(
                    getattr(module, name)
                )
    return found


def main():
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(globals()[case[0]](*case[1:])))


main()
