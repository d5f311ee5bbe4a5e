"""Every published vector, on both interpreters: signatures, key agreement, hash, KDF, AEAD."""

import json
import unittest
from binascii import hexlify, unhexlify

from varde_protocols.crypto import aes_ccm, ed25519, hkdf, sha512, x25519

VECTORS = __file__.rsplit("/", 3)[0] + "/protocols/vectors/"


def load(name):
    with open(VECTORS + name) as file:
        return json.load(file)


def to_hex(data):
    return hexlify(data).decode()


class Rfc8032(unittest.TestCase):
    def test_signatures_are_those_of_the_standard_and_verify(self):
        for vector in load("rfc8032.json")["vectors"]:
            with self.subTest(name=vector["name"]):
                key = ed25519.SigningKey(unhexlify(vector["seed"]))
                message = unhexlify(vector["message"])
                self.assertEqual(to_hex(key.public), vector["public"])
                signature = key.sign(message)
                self.assertEqual(to_hex(signature), vector["signature"])
                self.assertTrue(ed25519.VerifyKey(key.public).verify(message, signature))


class Rfc7748(unittest.TestCase):
    def test_multiples(self):
        for vector in load("rfc7748.json")["multiply"]:
            result = x25519.shared(unhexlify(vector["scalar"]), unhexlify(vector["u"]))
            self.assertEqual(to_hex(result), vector["result"])

    def test_one_iteration(self):
        iterated = load("rfc7748.json")["iterated"]
        start = unhexlify(iterated["start"])
        self.assertEqual(to_hex(x25519.shared(start, start)), iterated["after_1"])

    def test_the_key_exchange(self):
        names = load("rfc7748.json")["exchange"]
        for own, peer in (("alice", "bob"), ("bob", "alice")):
            private = unhexlify(names[own + "_private"])
            self.assertEqual(to_hex(x25519.public_key(private)), names[own + "_public"])
            shared = x25519.shared(private, unhexlify(names[peer + "_public"]))
            self.assertEqual(to_hex(shared), names["shared"])


class Sha512(unittest.TestCase):
    def test_digests(self):
        for vector in load("sha512.json")["vectors"]:
            digest = sha512.digest(unhexlify(vector["message"]))
            self.assertEqual(to_hex(digest), vector["digest"])


class Rfc5869(unittest.TestCase):
    def test_keys(self):
        for vector in load("rfc5869.json")["vectors"]:
            with self.subTest(name=vector["name"]):
                secret, salt, info = [unhexlify(vector[k]) for k in ("secret", "salt", "info")]
                key = hkdf.sha256(secret, salt, info, vector["length"])
                self.assertEqual(to_hex(key), vector["key"])


class Rfc3610(unittest.TestCase):
    def test_packets(self):
        for vector in load("rfc3610.json")["vectors"]:
            with self.subTest(name=vector["name"]):
                key, nonce, aad = [unhexlify(vector[k]) for k in ("key", "nonce", "aad")]
                plaintext = unhexlify(vector["plaintext"])
                tag_bytes = vector["tag_bytes"]
                sealed = aes_ccm.seal(key, nonce, plaintext, aad, tag_bytes=tag_bytes)
                self.assertEqual(to_hex(sealed), vector["sealed"])
                opened = aes_ccm.open_sealed(key, nonce, sealed, aad, tag_bytes=tag_bytes)
                self.assertEqual(opened, plaintext)


if __name__ == "__main__":
    unittest.main()
