"""The exchange: two real ends, golden messages, and an answer of which nothing may be believed."""

import json
import unittest

from varde_protocols import cbor, cose, exchange
from varde_protocols.crypto import ed25519
from varde_protocols.errors import ExchangeError, WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/exchange.json") as _file:
    VECTORS = json.load(_file)

KEYS = {name: bytes.fromhex(text) for name, text in VECTORS["keys"].items()}
HUB = ed25519.SigningKey(KEYS["hub_seed"])
HUB_VERIFY = ed25519.VerifyKey(KEYS["hub_public"])
COLLECTOR = ed25519.SigningKey(KEYS["collector_seed"])
COLLECTOR_VERIFY = ed25519.VerifyKey(KEYS["collector_public"])


def request_of(row):
    fields = dict(row["fields"])
    fields["nonce"] = bytes.fromhex(fields["nonce"])
    return exchange.Request(*[fields[name] for name in exchange.Request.FIELDS])


def answer_of(row):
    fields = dict(row["fields"])
    fields["nonce"] = bytes.fromhex(fields["nonce"])
    fields["hub_id"] = bytes.fromhex(fields["hub_id"])
    return exchange.Answer(*[fields[name] for name in exchange.Answer.FIELDS])


REQUEST = request_of(VECTORS["request"])
RECORDS = [bytes.fromhex(text) for text in VECTORS["request"]["records"]]
BODY = bytes.fromhex(VECTORS["request"]["body"])
SENT = VECTORS["request"]["sent_seqs"]


def check(message, request=REQUEST, sent=SENT):
    return exchange.check_answer(
        message, COLLECTOR_VERIFY, KEYS["collector_kid"], request, sent, hub_id=KEYS["hub_id"]
    )


def fault(action, *args):
    """The error, or None."""
    try:
        action(*args)
    except WireError as error:
        return error
    return None


def code(action, *args):
    error = fault(action, *args)
    return error and error.code


class Requests(unittest.TestCase):
    def test_golden_bodies_both_ways(self):
        for name in ("request", "empty_request"):
            row = VECTORS[name]
            body = bytes.fromhex(row["body"])
            sent = [bytes.fromhex(text) for text in row["records"]]
            request = request_of(row)
            made = exchange.encode_request(HUB, KEYS["hub_id"], request, sent)
            self.assertEqual(made, body)
            message, raw_records = exchange.split_body(body)
            self.assertEqual(message.unverified_kid, KEYS["hub_id"])
            self.assertEqual(raw_records, sent)
            self.assertEqual(exchange.verify_request(message, HUB_VERIFY, raw_records), request)

    def test_another_hubs_signature(self):
        message, raw_records = exchange.split_body(BODY)
        self.assertEqual(
            code(exchange.verify_request, message, COLLECTOR_VERIFY, raw_records), "bad-signature"
        )

    def test_a_record_is_no_request(self):
        message = cose.Sign1.parse(RECORDS[0])
        self.assertEqual(code(exchange.verify_request, message, HUB_VERIFY, []), "bad-signature")

    def test_lost_or_added_records(self):
        message, raw_records = exchange.split_body(BODY)
        for others in (raw_records[:-1], raw_records + raw_records[:1]):
            self.assertEqual(
                code(exchange.verify_request, message, HUB_VERIFY, others), "exchange-count"
            )

    def test_one_bad_record_stands_alone(self):
        # Not a COSE_Sign1, not even deterministic: the others are still found.
        for bad in (b"\x00", b"\x82\x01\x02", RECORDS[1][:-1] + b"\x00"):
            body = exchange.encode_request(
                HUB, KEYS["hub_id"], REQUEST, [RECORDS[0], bad, RECORDS[2]]
            )
            self.assertEqual(exchange.split_body(body)[1], [RECORDS[0], bad, RECORDS[2]])

    def test_what_is_no_cbor_ends_at_the_next_record(self):
        for bad in (b"\xff\xff", b"\x18\x00\x00", b"\xff" + RECORDS[1][20:], b"\x9f" * 50):
            body = exchange.encode_request(
                HUB, KEYS["hub_id"], REQUEST, [RECORDS[0], bad, RECORDS[2]]
            )
            self.assertEqual(exchange.split_body(body)[1], [RECORDS[0], bad, RECORDS[2]])

    def test_a_rest_that_is_no_cbor_is_the_last_record(self):
        for rest in (RECORDS[1][:-1], b"\xff\xff", b"\x18\x00"):
            sent = list(RECORDS[:2])
            sent.append(rest)
            body = exchange.encode_request(HUB, KEYS["hub_id"], REQUEST, sent)
            self.assertEqual(exchange.split_body(body)[1], sent)

    def test_bodies_that_hold_no_request(self):
        for body, expected in ((b"", "cbor-truncated"), (b"\xff", "cbor-indefinite"),
                               (b"\xa0", "malformed"), (BODY[:50], "cbor-truncated"),
                               (bytes(65537), "exchange-too-large")):  # fmt: skip
            self.assertEqual(code(exchange.split_body, body), expected)

    def test_too_many_records(self):
        head = bytes.fromhex(VECTORS["empty_request"]["body"])
        most = exchange.MAX_RECORDS
        self.assertEqual(len(exchange.split_body(head + b"\x00" * most)[1]), most)
        body = head + b"\x00" * (most + 1)
        self.assertEqual(code(exchange.split_body, body), "exchange-too-many")

    def test_a_batch_of_the_smallest_records_keeps_the_limit(self):
        smallest = cose.sign1(HUB, KEYS["hub_id"], cbor.encode({1: 3, 2: 0, 3: 0, 4: 0, 5: None}))
        self.assertTrue(exchange.MAX_BATCH_BYTES // len(smallest) <= exchange.MAX_RECORDS)

    def test_payloads_of_requests(self):
        good = {1: bytes(16), 2: 1, 3: 2, 4: 3, 5: 4, 6: 0, 7: 0}
        for key, value, expected in (
            (1, bytes(15), "exchange-range"), (2, -1, "exchange-range"),
            (3, "x", "exchange-range"), (4, 5, "exchange-seqs"), (5, 1 << 63, "exchange-range"),
            (6, exchange.MAX_RECORDS + 1, "exchange-range"), (7, 1 << 32, "exchange-range"),
            (8, 0, "exchange-unknown-key"), (6, 1, "exchange-count"),
        ):  # fmt: skip
            fields = dict(good)
            fields[key] = value
            signed = cose.sign1(
                HUB, KEYS["hub_id"], cbor.encode(fields), b"varde exchange request 1"
            )
            message = cose.Sign1.parse(signed)
            self.assertEqual(code(exchange.verify_request, message, HUB_VERIFY, []), expected)

    def test_a_wrong_count_is_ours(self):
        with self.assertRaises(ValueError):
            exchange.encode_request(HUB, KEYS["hub_id"], REQUEST, RECORDS[:2])


class Answers(unittest.TestCase):
    def test_golden_answers_both_ways(self):
        for row in VECTORS["answers"]:
            message = bytes.fromhex(row["message"])
            answer = answer_of(row)
            made = exchange.encode_answer(COLLECTOR, KEYS["collector_kid"], answer)
            self.assertEqual(made, message)
            self.assertEqual(check(message), answer)

    def test_every_fault_has_its_name_and_its_event_detail(self):
        for row in VECTORS["refused_answers"]:
            error = fault(check, bytes.fromhex(row["message"]))
            self.assertEqual(error and error.code, row["error"], row["case"])
            self.assertEqual(exchange.bad_ack_detail(error), row["detail"], row["case"])

    def test_no_cut_is_taken(self):
        message = bytes.fromhex(VECTORS["answers"][0]["message"])
        for size in range(len(message)):
            self.assertEqual(code(check, message[:size]), "cbor-truncated")

    def test_too_large(self):
        message = bytes.fromhex(VECTORS["answers"][0]["message"])
        error = fault(check, message + bytes(8193 - len(message)))
        self.assertEqual(error.code, "exchange-too-large")

    def test_ranges_may_skip_what_was_sent_in_any_order(self):
        for sent, ranges in (([7, 5, 6], [[5, 7]]), ([5, 9, 7], [[5, 5], [7, 7]]), ([5], [])):
            answer = exchange.Answer(REQUEST.nonce, KEYS["hub_id"], ranges, 1, 60, 1, [])
            message = exchange.encode_answer(COLLECTOR, KEYS["collector_kid"], answer)
            self.assertEqual(check(message, REQUEST, sent), answer)

    def test_numbers_beyond_a_machine_word_are_sent_and_acknowledged(self):
        for sent in ([1 << 40], [(1 << 31) - 1], [(1 << 31) - 1, 1 << 31], [(1 << 63) - 1],
                     [1 << 62, (1 << 62) + 1]):  # fmt: skip
            ranges = [[sent[0], sent[-1]]]
            answer = exchange.Answer(REQUEST.nonce, KEYS["hub_id"], ranges, 1, 60, 1, [])
            message = exchange.encode_answer(COLLECTOR, KEYS["collector_kid"], answer)
            self.assertEqual(check(message, REQUEST, sent), answer)

    def test_a_range_over_a_hole(self):
        answer = exchange.Answer(REQUEST.nonce, KEYS["hub_id"], [[5, 7]], 1, 60, 1, [])
        message = exchange.encode_answer(COLLECTOR, KEYS["collector_kid"], answer)
        for sent in ([5, 7], [5, 7, 9], [5, 7, 9, 11], []):
            self.assertEqual(code(check, message, REQUEST, sent), "exchange-range-not-sent")

    def test_acknowledges(self):
        answer = exchange.Answer(bytes(16), bytes(8), [[3, 5], [9, 9]], 1, 60, 1, [])
        self.assertEqual([s for s in range(12) if answer.acknowledges(s)], [3, 4, 5, 9])

    def test_the_fullest_answers_are_within_all_limits(self):
        most, top = exchange.MAX_RECORDS, 1 << 62
        sent = [top + 2 * i for i in range(most)]
        for taken in (0, most // 2, most):
            ranges = [[seq, seq] for seq in sent[:taken]]
            refused = [[i, sent[i], 255] for i in range(taken, most)]
            answer = exchange.Answer(REQUEST.nonce, KEYS["hub_id"], ranges, 1 << 47, 60, 1 << 31,
                                     refused)  # fmt: skip
            message = exchange.encode_answer(COLLECTOR, KEYS["collector_kid"], answer)
            self.assertTrue(len(message) <= exchange.MAX_ANSWER_BYTES)
            self.assertEqual(check(message, REQUEST, sent), answer)

    def test_bad_values_are_refused_when_built(self):
        with self.assertRaises(ExchangeError):
            exchange.Answer(bytes(16), bytes(8), [[2, 1]], 1, 60, 1, [])
        for hub_id, heartbeat_s in ((bytes(7), 60), (bytes(8), 59), (bytes(8), 86401)):
            with self.assertRaises(ExchangeError):
                exchange.Answer(bytes(16), hub_id, [], 1, heartbeat_s, 1, [])
        self.assertEqual(exchange.Answer(bytes(16), bytes(8), [], 1, 86400, 1, []).refused, [])


if __name__ == "__main__":
    unittest.main()
