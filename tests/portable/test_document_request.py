"""A hub's request for a document: golden messages, two real ends, and what is refused."""

import json
import unittest

from varde_protocols import cose, document_request, documents
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/document_request.json") as _file:
    VECTORS = json.load(_file)

KEYS = {name: bytes.fromhex(text) for name, text in VECTORS["keys"].items()}
HUB = ed25519.SigningKey(KEYS["hub_seed"])
HUB_VERIFY = ed25519.VerifyKey(KEYS["hub_public"])
NONCE = bytes(range(16))


def code_of(body, key=HUB_VERIFY):
    """The code of the refusal, None if it is taken."""
    try:
        document_request.check(document_request.parse(body), key)
    except WireError as error:
        return error.code
    return None


class TestDocumentRequest(unittest.TestCase):
    def test_golden(self):
        for row in VECTORS["requests"]:
            body = bytes.fromhex(row["message"])
            message = document_request.parse(body)
            self.assertEqual(message.unverified_kid, KEYS["hub_id"])
            request = document_request.check(message, HUB_VERIFY)
            self.assertEqual((request.kind, request.after), (row["kind"], row["after"]))
            self.assertEqual(request.nonce, bytes.fromhex(row["nonce"]))
            self.assertEqual(document_request.sign(HUB, KEYS["hub_id"], request), body)

    def test_the_longest_fits(self):
        most = document_request.DocumentRequest(NONCE, documents.TRUST, document_request.MAX_AFTER)
        body = document_request.sign(HUB, KEYS["hub_id"], most)
        self.assertTrue(len(body) <= document_request.MAX_REQUEST_BYTES)
        self.assertEqual(code_of(body), None)

    def test_refused(self):
        for row in VECTORS["refused"]:
            self.assertTrue(code_of(bytes.fromhex(row["message"])), row["name"])

    def test_what_another_signed(self):
        stranger = ed25519.SigningKey(bytes(32))
        request = document_request.DocumentRequest(NONCE, documents.TRUST, 1)
        body = document_request.sign(stranger, KEYS["hub_id"], request)
        self.assertEqual(code_of(body), "bad-signature")

    def test_what_was_signed_for_something_else(self):
        payload = cose.Sign1.parse(bytes.fromhex(VECTORS["requests"][0]["message"]))
        for aad in (b"", b"varde exchange request 1", b"varde service request 1"):
            body = cose.sign1(HUB, KEYS["hub_id"], payload.unverified_payload, aad)
            self.assertEqual(code_of(body), "bad-signature")

    def test_a_long_body_is_not_looked_into(self):
        self.assertEqual(code_of(bytes(193)), "document-request-too-large")

    def test_what_cannot_be_asked_for(self):
        for kind in (0, documents.RELEASE, documents.WIPE_RECORD, True, "1"):
            with self.assertRaises(WireError):
                document_request.DocumentRequest(NONCE, kind, 0)
