"""What must not verify, open or be taken, on both interpreters."""

import unittest
from binascii import unhexlify

from varde_protocols.crypto import aes_ccm, ed25519, hkdf, x25519

P = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493
SIGN_BIT = 1 << 255
IDENTITY = 1


def to_bytes(number):
    return number.to_bytes(32, "little")


def flip(data, place):
    changed = bytearray(data)
    changed[place >> 3] ^= 1 << (place & 7)
    return bytes(changed)


class TamperedSignatures(unittest.TestCase):
    def setUp(self):
        self.key = ed25519.SigningKey(bytes(range(32)))
        self.message = b"a reading of 72 kg"
        self.signature = self.key.sign(self.message)
        self.verifier = ed25519.VerifyKey(self.key.public)

    def test_one_bit_of_the_signature(self):
        for place in (0, 7, 100, 254, 255, 256, 300, 503, 508, 509, 511):
            with self.subTest(bit=place):
                changed = flip(self.signature, place)
                self.assertFalse(self.verifier.verify(self.message, changed))

    def test_one_bit_of_the_message(self):
        self.assertFalse(self.verifier.verify(flip(self.message, 9), self.signature))
        self.assertFalse(self.verifier.verify(self.message + b"\x00", self.signature))
        self.assertFalse(self.verifier.verify(b"", self.signature))

    def test_another_key(self):
        other = ed25519.SigningKey(bytes(32)).public
        self.assertFalse(ed25519.VerifyKey(other).verify(self.message, self.signature))
        self.assertFalse(ed25519.VerifyKey(bytes(32)).verify(self.message, self.signature))

    def test_s_of_the_group_order_or_more(self):
        s = int.from_bytes(self.signature[32:], "little")
        for added in (ORDER, 2 * ORDER, 8 * ORDER):
            changed = self.signature[:32] + to_bytes(s + added)
            self.assertFalse(self.verifier.verify(self.message, changed))

    def test_lengths(self):
        for changed in (b"", self.signature[:63], self.signature + b"\x00"):
            self.assertFalse(self.verifier.verify(self.message, changed))
        for length in (0, 31, 33):
            self.assertRaises(ValueError, ed25519.VerifyKey, bytes(length))
            self.assertRaises(ValueError, ed25519.SigningKey, bytes(length))

    def test_still_verifies_afterwards(self):
        self.verifier.verify(self.message, flip(self.signature, 3))
        self.assertTrue(self.verifier.verify(self.message, self.signature))


# y of a point of order 8; with its negative, y of 0 and of 1 and -1 that is all of small order.
ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
SMALL_ORDER_YS = (1, P - 1, 0, ORDER_8_Y, P - ORDER_8_Y)


class WeakKeys(unittest.TestCase):
    """With a public key of order 1 the equation S * B = R + k * A holds for any R = S * B."""

    def accepts(self, public, commitment, s=0):
        signature = to_bytes(commitment) + to_bytes(s)
        return ed25519.VerifyKey(to_bytes(public)).verify(b"any", signature)

    def test_a_key_of_small_order_verifies_nothing(self):
        base = int.from_bytes(unhexlify("58" + "66" * 31), "little")
        self.assertFalse(self.accepts(IDENTITY, IDENTITY))
        self.assertFalse(self.accepts(IDENTITY, base, s=1))
        self.assertFalse(self.accepts(IDENTITY, base | SIGN_BIT, s=ORDER - 1))
        for public in SMALL_ORDER_YS:
            for commitment in SMALL_ORDER_YS:
                self.assertFalse(self.accepts(public, commitment))
                self.assertFalse(self.accepts(public | SIGN_BIT, commitment))

    def test_a_key_in_a_second_spelling_verifies_nothing(self):
        for public in (P, P + 1, P + 3, IDENTITY | SIGN_BIT, (P - 1) | SIGN_BIT):
            for commitment in (IDENTITY, P + 1, IDENTITY | SIGN_BIT):
                self.assertFalse(self.accepts(public, commitment))

    def test_encodings_off_the_curve_verify_nothing(self):
        for y in (2, 7, P - 2):
            self.assertFalse(self.accepts(y, IDENTITY))
            self.assertFalse(self.accepts(y, y))

    def test_whoever_pins_a_key_can_ask(self):
        for seed in (bytes(32), bytes(range(32))):
            self.assertTrue(ed25519.is_usable(ed25519.SigningKey(seed).public))
        self.assertTrue(ed25519.is_usable(to_bytes(3)))
        for ys in (SMALL_ORDER_YS, (2, 7, P, P + 3, SIGN_BIT - 1)):
            for y in ys:
                self.assertFalse(ed25519.is_usable(to_bytes(y)))
                self.assertFalse(ed25519.is_usable(to_bytes(y | SIGN_BIT)))
        for length in (1, 31, 33):
            self.assertFalse(ed25519.is_usable(b"\x03" * length))


class SpellingsOfACommitment(unittest.TestCase):
    """R = -k * A + S * B is compared as bytes: no second spelling, no sign more or less."""

    def test_only_the_bytes_that_were_signed(self):
        key = ed25519.SigningKey(bytes(range(32)))
        verifier = ed25519.VerifyKey(key.public)
        signature = key.sign(b"any")
        self.assertTrue(verifier.verify(b"any", signature))
        self.assertFalse(verifier.verify(b"any", flip(signature, 255)))
        for number in (IDENTITY, IDENTITY | SIGN_BIT, P + 1, P, SIGN_BIT - 1):
            self.assertFalse(verifier.verify(b"any", to_bytes(number) + signature[32:]))


ORDER_8_U = 325606250916557431795983626356110631294008115727848805560023387167927233504
OTHER_ORDER_8_U = 39382357235489614581723060781553021112529911719440698176882885853963445705823


class SmallOrderKeyAgreement(unittest.TestCase):
    PRIVATE = bytes(range(32))

    def test_points_of_small_order_give_zeros_and_are_refused(self):
        for u in (0, 1, P - 1, P, P + 1):
            with self.subTest(u=u):
                self.assertRaises(ValueError, x25519.shared, self.PRIVATE, to_bytes(u))

    def test_whoever_pins_a_key_can_ask(self):
        for u in (0, 1, ORDER_8_U, OTHER_ORDER_8_U, P - 1, P, P + 1):
            for number in (u, u | SIGN_BIT):
                self.assertFalse(x25519.is_usable(to_bytes(number)))
                self.assertRaises(ValueError, x25519.shared, self.PRIVATE, to_bytes(number))
        for u in (2, 9, ORDER_8_U + 1, P - 2, P + 2, SIGN_BIT - 1):
            self.assertTrue(x25519.is_usable(to_bytes(u)))
            x25519.shared(self.PRIVATE, to_bytes(u))
        for length in (1, 31, 33):
            self.assertFalse(x25519.is_usable(b"\x09" * length))

    def test_the_top_bit_and_values_of_p_or_more_are_taken(self):
        nine = x25519.shared(self.PRIVATE, to_bytes(9))
        self.assertEqual(x25519.public_key(self.PRIVATE), nine)
        self.assertEqual(x25519.shared(self.PRIVATE, to_bytes(9 + P)), nine)
        self.assertEqual(x25519.shared(self.PRIVATE, to_bytes(9 | SIGN_BIT)), nine)

    def test_clamped_bits_do_not_count(self):
        private = bytearray(self.PRIVATE)
        private[0] ^= 7
        private[31] ^= 192
        self.assertEqual(x25519.public_key(bytes(private)), x25519.public_key(self.PRIVATE))

    def test_lengths(self):
        self.assertRaises(ValueError, x25519.public_key, bytes(31))
        self.assertRaises(ValueError, x25519.shared, bytes(32), bytes(33))


class SealedMessages(unittest.TestCase):
    KEY = bytes(range(16))
    NONCE = bytes(range(13))

    def test_lengths_around_the_block(self):
        for length in (0, 1, 15, 16, 17, 31, 32, 33, 512):
            plaintext = bytes([i & 255 for i in range(length)])
            sealed = aes_ccm.seal(self.KEY, self.NONCE, plaintext, b"aad")
            self.assertEqual(len(sealed), length + aes_ccm.TAG_BYTES)
            self.assertEqual(aes_ccm.open_sealed(self.KEY, self.NONCE, sealed, b"aad"), plaintext)

    def test_any_change_is_a_tag_mismatch(self):
        sealed = aes_ccm.seal(self.KEY, self.NONCE, b"72 kg", b"aad")
        for place in (0, 39, 40, 100, len(sealed) * 8 - 1):
            with self.subTest(bit=place):
                self.refuses(self.KEY, self.NONCE, flip(sealed, place), b"aad")
        self.refuses(flip(self.KEY, 5), self.NONCE, sealed, b"aad")
        self.refuses(self.KEY, flip(self.NONCE, 5), sealed, b"aad")
        self.refuses(self.KEY, self.NONCE, sealed, b"aae")
        self.refuses(self.KEY, self.NONCE, sealed, b"")
        self.refuses(self.KEY, self.NONCE, sealed[:-1], b"aad")

    def test_shorter_than_a_tag(self):
        for length in (0, 1, 15):
            self.refuses(self.KEY, self.NONCE, bytes(length), b"aad")

    def test_our_own_mistakes(self):
        for key, nonce, tag_bytes in (
            (bytes(15), self.NONCE, 16),
            (bytes(32), self.NONCE, 16),
            (self.KEY, bytes(6), 16),
            (self.KEY, bytes(14), 16),
            (self.KEY, self.NONCE, 5),
            (self.KEY, self.NONCE, 18),
        ):
            with self.assertRaises(ValueError):
                aes_ccm.seal(key, nonce, b"", b"", tag_bytes=tag_bytes)

    def refuses(self, key, nonce, sealed, aad):
        self.assertRaises(aes_ccm.TagMismatch, aes_ccm.open_sealed, key, nonce, sealed, aad)


class DerivedKeyLengths(unittest.TestCase):
    def test_from_one_byte_to_255_hashes(self):
        longest = hkdf.sha256(b"secret", b"", b"", hkdf.MAX_LENGTH_BYTES)
        self.assertEqual(len(longest), 8160)
        self.assertEqual(hkdf.sha256(b"secret", b"", b"", 1), longest[:1])
        for length in (0, -1, hkdf.MAX_LENGTH_BYTES + 1):
            self.assertRaises(ValueError, hkdf.sha256, b"secret", b"", b"", length)


if __name__ == "__main__":
    unittest.main()
