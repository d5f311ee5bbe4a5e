"""A handler that signs or verifies in the middle of a task's doing so spoils neither."""

import unittest

from varde_protocols._compat import ON_MICROPYTHON
from varde_protocols.crypto import ed25519

if ON_MICROPYTHON:
    from micropython import schedule

INTERRUPTIONS = 60  # at every loop of the interrupted code, so they reach into its middle


@unittest.skipIf(not ON_MICROPYTHON, "CPython has no scheduled callbacks")
class Interrupted(unittest.TestCase):
    def setUp(self):
        self.key = ed25519.SigningKey(bytes(range(32)))
        self.verifier = ed25519.VerifyKey(self.key.public)
        self.signature = self.key.sign(b"task")
        self.results = []

    def interrupt(self, remaining):
        signature = self.key.sign(b"handler %d" % remaining)
        self.results.append(self.verifier.verify(b"handler %d" % remaining, signature))
        if remaining > 1:
            schedule(self.interrupt, remaining - 1)

    def test_signing(self):
        schedule(self.interrupt, INTERRUPTIONS)
        self.assertEqual(self.key.sign(b"task"), self.signature)
        self.assertEqual(self.results, [True] * INTERRUPTIONS)

    def test_verifying(self):
        self.verifier.verify(b"task", self.signature)
        schedule(self.interrupt, INTERRUPTIONS)
        self.assertTrue(self.verifier.verify(b"task", self.signature))
        self.assertEqual(self.results, [True] * INTERRUPTIONS)


if __name__ == "__main__":
    unittest.main()
