"""The console of a locked hub: which lines it answers, and that only one request opens it."""

import binascii
import json
import unittest

from varde_firmware.core import service
from varde_protocols import cose, records, service_request
from varde_protocols.crypto import ed25519  # first: see test_shell_damage

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
with open(_HERE + "/../../protocols/vectors/service_request.json") as _file:
    VECTORS = json.load(_file)

REFUSED = records.EVENT_SERVICE_REFUSED
OPENED = records.EVENT_SERVICE_OPENED
HUB_ID = bytes.fromhex(VECTORS["hub_id"])
NONCE = bytes.fromhex(VECTORS["nonce"])


class Bench:
    """Holds a service key."""

    def __init__(self, seed):
        self._key = ed25519.SigningKey(seed)
        self.public = self._key.public
        self.kid = cose.key_id(self.public)

    def sign(self, message):
        return self._key.sign(message)


BENCH = Bench(bytes.fromhex(VECTORS["seed"]))
STRANGER = Bench(bytes(32))
REQUEST = bytes.fromhex(VECTORS["request"])


def line_of(request):
    return b"varde! " + binascii.b2a_base64(request).strip()


class Console:
    """A service whose nonces are counted, and what it was asked to judge."""

    def __init__(self):
        self.judged = []
        self.nonces = 0
        self.tests = []  # (nonce, command) of those that were to begin
        self.can_test = True
        self.service = service.Service(HUB_ID, self.random_bytes, self.check, self.start_test)

    def start_test(self, nonce, command):
        self.tests.append((nonce, command))
        return self.can_test

    def random_bytes(self, count):
        self.nonces += 1
        return bytes([self.nonces]) * count

    def check(self, data, nonce):
        self.judged.append((data, nonce))
        return service_request.check(data, [STRANGER.public, BENCH.public], nonce, HUB_ID)

    def say(self, data, now_ms=0):
        """Answers to all lines in the data that get one."""
        answers = [self.service.answer(line, now_ms) for line in self.service.receive(data)]
        return [answer for answer in answers if answer]

    def ask(self, now_ms=0):
        """Ask for a nonce; return it."""
        (answer,) = self.say(b"varde?\n", now_ms)
        word, hub_id, nonce = answer.split()
        assert (word, hub_id) == ("service", HUB_ID.hex()), answer
        return bytes.fromhex(nonce)


class TestRequest(unittest.TestCase):
    def check(self, data, keys=None, nonce=NONCE, hub_id=HUB_ID):
        return service_request.check(data, keys or [BENCH.public], nonce, hub_id)

    def test_golden(self):
        self.assertEqual(service_request.sign(BENCH, NONCE, HUB_ID), REQUEST)
        self.assertEqual(line_of(REQUEST).decode(), VECTORS["line"])
        self.assertEqual(self.check(REQUEST), (OPENED, VECTORS["mark"]))
        for name, command in (("test", 2), ("test_cut", 3)):
            request = bytes.fromhex(VECTORS[name])
            self.assertEqual(service_request.sign(BENCH, NONCE, HUB_ID, command), request)
            self.assertEqual(self.check(request), (records.EVENT_TEST, command))

    def test_each_refusal_has_its_reason(self):
        other = bytes(16), bytes(8)
        rows = (
            (REQUEST, [STRANGER.public], NONCE, HUB_ID, records.SERVICE_KEY),
            (REQUEST, None, other[0], HUB_ID, records.SERVICE_NONCE),
            (REQUEST, None, b"", HUB_ID, records.SERVICE_NONCE),
            (REQUEST, None, NONCE, other[1], records.SERVICE_HUB),
            (b"", None, NONCE, HUB_ID, records.SERVICE_MALFORMED),
            (REQUEST + b"\0", None, NONCE, HUB_ID, records.SERVICE_MALFORMED),
            (service_request.sign(BENCH, NONCE, HUB_ID, 4), None, NONCE, HUB_ID,
             records.SERVICE_COMMAND),
            (self.signed(service_request.payload(NONCE, HUB_ID) + b"\0"), None, NONCE, HUB_ID,
             records.SERVICE_MALFORMED),
            (self.signed(b""), None, b"", HUB_ID, records.SERVICE_NONCE),
        )  # fmt: skip
        for data, keys, nonce, hub_id, reason in rows:
            self.assertEqual(self.check(data, keys, nonce, hub_id), (REFUSED, reason))
        for place in range(len(REQUEST) - 64, len(REQUEST)):  # the signature
            bad = bytearray(REQUEST)
            bad[place] ^= 1
            self.assertEqual(self.check(bytes(bad)), (REFUSED, records.SERVICE_SIGNATURE))

    def signed(self, payload):
        return cose.sign1(BENCH, BENCH.kid, payload, b"varde service request 1")

    def test_a_signature_for_something_else_opens_nothing(self):
        payload = service_request.payload(NONCE, HUB_ID)
        for aad in (b"", b"varde exchange request 1", b"varde exchange answer 1"):
            request = cose.sign1(BENCH, BENCH.kid, payload, aad)
            self.assertEqual(self.check(request), (REFUSED, records.SERVICE_SIGNATURE))

    def test_no_byte_of_a_request_may_differ(self):
        for place in range(len(REQUEST)):
            bad = bytearray(REQUEST)
            bad[place] ^= 0x40
            code, reason = self.check(bytes(bad))
            self.assertEqual(code, REFUSED)
            self.assertTrue(1 <= reason <= 6)

    def test_what_a_caller_may_not_sign(self):
        for nonce, hub_id, command in ((b"", HUB_ID, 1), (NONCE, b"", 1), (NONCE, HUB_ID, 24)):
            with self.assertRaises(ValueError):
                service_request.sign(BENCH, nonce, hub_id, command)


class TestService(unittest.TestCase):
    def test_open_once(self):
        console = Console()
        request = service_request.sign(BENCH, console.ask(), HUB_ID)
        line = line_of(request)
        self.assertTrue(len(line) + 1 < service.MAX_LINE_BYTES)
        self.assertEqual(console.say(line + b"\n"), ["opened"])
        self.assertTrue(console.service.is_open)
        self.assertEqual(console.service.event, (OPENED, service_request.mark(BENCH.kid)))

    def test_a_request_holds_once(self):
        console = Console()
        line = line_of(service_request.sign(BENCH, console.ask(), HUB_ID)) + b"\n"
        self.assertEqual(console.say(line), ["opened"])
        self.assertEqual(console.say(line), ["refused 2"])
        self.assertEqual(console.service.event, (REFUSED, records.SERVICE_NONCE))

    def test_a_test_begins_with_the_nonce_and_opens_nothing(self):
        for command in (service_request.COMMAND_TEST, service_request.COMMAND_TEST_CUT):
            console = Console()
            nonce = console.ask()
            line = line_of(service_request.sign(BENCH, nonce, HUB_ID, command)) + b"\n"
            self.assertEqual(console.say(line), ["testing"])
            self.assertEqual(console.tests, [(nonce, command)])
            self.assertFalse(console.service.is_open)
            self.assertIsNone(console.service.event)  # who makes them journals it
            self.assertEqual(console.say(line), ["refused 2"])  # again: the nonce is spent
            self.assertEqual(len(console.tests), 1)

    def test_a_test_that_cannot_begin_is_refused_and_costs_time(self):
        console = Console()
        console.can_test = False
        nobody = service.Service(HUB_ID, console.random_bytes, console.check)
        for asked in (console.service, nobody):
            console.service = asked
            request = service_request.sign(BENCH, console.ask(), HUB_ID, 2)
            self.assertEqual(console.say(line_of(request) + b"\n"), ["refused 9"])
            self.assertEqual(asked.event, (REFUSED, records.SERVICE_NOT_NOW))
            self.assertEqual(console.say(b"varde?\n"), ["wait 1"])
            self.assertFalse(asked.is_open)

    def test_a_nonce_ends_with_the_next_one_with_any_request_and_with_the_start(self):
        console = Console()
        line = line_of(service_request.sign(BENCH, console.ask(), HUB_ID)) + b"\n"
        self.assertNotEqual(console.ask(), console.ask())
        self.assertEqual(console.say(line), ["refused 2"])
        line = line_of(service_request.sign(BENCH, console.ask(10_000), HUB_ID)) + b"\n"
        self.assertEqual(console.say(b"varde! AAAA\n", 10_000), ["refused 1"])
        self.assertEqual(console.say(line, 20_000), ["refused 2"])
        again = Console()  # another start: without being asked it has no nonce at all
        self.assertEqual(again.say(line), ["refused 2"])
        self.assertFalse(console.service.is_open or again.service.is_open)

    def test_any_other_line_says_nothing(self):
        console = Console()
        for line in (b"", b"varde", b"varde??", b"varde!", b"varde!AAAA", b" varde?", b"VARDE?",
                     b"import os", b"\xff\xfe", b"varde: service"):  # fmt: skip
            self.assertEqual(console.say(line + b"\n"), [])
            self.assertIsNone(console.service.event)
        self.assertEqual(console.nonces, 0)

    def test_control_bytes_end_a_line(self):
        console = Console()
        noise = b"\r\x03\x03\r\x01\x05A\x01\x04"
        self.assertEqual(len(console.say(noise + b"varde?\r\n")), 1)
        self.assertEqual(console.say(b"var\x03de?\n"), [])

    def test_a_line_byte_by_byte_and_two_at_once(self):
        console = Console()
        found = []
        for byte in b"varde?\n":
            found += console.say(bytes([byte]))
        self.assertEqual(len(found), 1)
        self.assertEqual(len(console.say(b"varde?\nvarde?\nvar")), 2)
        self.assertEqual(len(console.say(b"de?\n")), 1)

    def test_long_lines_are_dropped_whole(self):
        console = Console()
        most = service.MAX_LINE_BYTES
        for _ in range(100):
            self.assertEqual(console.say(b"varde?" * 40), [])
        self.assertEqual(console.say(b"\n"), [])
        self.assertEqual(len(console.say(b"varde?\n")), 1)
        full = b"varde! " + b"A" * (most - 7)
        self.assertEqual(console.say(full + b"\n"), ["refused 1"])
        self.assertEqual(console.say(full + b"A\n", 5_000), [])
        self.assertEqual(console.service.receive(full + b"A\n"), [])

    def test_a_refusal_costs_time_more_each_time(self):
        console = Console()
        now_ms = 0
        for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
            self.assertEqual(console.say(b"varde! AAAA\n", now_ms), ["refused 1"])
            self.assertEqual(console.say(b"varde?\n", now_ms), ["wait %d" % wait_s])
            before = len(console.judged)
            self.assertEqual(console.say(b"varde! AAAA\n", now_ms + 1), ["wait %d" % wait_s])
            self.assertEqual(len(console.judged), before)
            self.assertIsNone(console.service.event)
            now_ms += wait_s * 1000
            console.ask(now_ms)

    def test_text_that_is_no_base64(self):
        for text in (b"", b"=", b"A", b"\xff\xff\xff\xff", b"AAAA=A", b"A" * 200):
            self.assertEqual(Console().say(b"varde! " + text + b"\n")[0][:7], "refused")


if __name__ == "__main__":
    unittest.main()
