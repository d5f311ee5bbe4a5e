"""What a modem says: answers among echo, hiss, half lines and words nobody asked for."""

import unittest

from varde_firmware.core import at_talk
from varde_firmware.core.backoff import Jitter


def read(command, data, piece=0):
    """The answer to a command, its bytes at once or in pieces."""
    talk = at_talk.Talk()
    talk.begin(command)
    for at in range(0, len(data), piece or len(data)):
        answer = talk.receive(data[at : at + (piece or len(data))])
        if answer is not None:
            return answer
    return None


def ok(text=""):
    return at_talk.Answer(at_talk.OK, 0, text)


def error(code):
    return at_talk.Answer(at_talk.ERROR, code, "")


class Answers(unittest.TestCase):
    CASES = (
        ("AT", b"AT\r\r\nOK\r\n", ok()),
        ("AT", b"\r\nERROR\r\n", error(at_talk.UNKNOWN)),
        ("AT+CPIN?", b"AT+CPIN?\r\r\n+CPIN: READY\r\n\r\nOK\r\n", ok("READY")),
        ("AT+CPIN?", b"\r\n+CME ERROR: 10\r\n", error(at_talk.CME_SIM_MISSING)),
        ("AT+CPIN?", b"\r\n+CME ERROR: SIM busy\r\n", error(at_talk.UNKNOWN)),
        ("AT+CSQ", b"\r\n+CREG: 5\r\n+CSQ: 20,99\r\n+CTZV: +04\r\nOK\r\n", ok("20,99")),
        ("AT+CSQ", b"\r\n+CSQ: 2\r\n+CSQ: 20,99\r\nOK\r\n", ok("20,99")),
        ("AT", b"\xff\x00\x92\r\n\x80OK\r\n", ok()),
        ("AT", b"\r\nRING\r\n\r\nNO CARRIER\r\n\r\nOK\r\n", ok()),
        ("AT", b"\r\nCONNECT 115200\r\n", None),
        ("ATD*99#", b"\r\nCONNECT 115200\r\n~\xff}#", at_talk.Answer(at_talk.CONNECT, 0, "")),
        ("ATD*99#", b"\r\nNO CARRIER\r\n", at_talk.Answer(at_talk.NO_CARRIER, 0, "")),
        ("ATE0+CMEE=1;+CTZU=1", b"\r\nOK\r\n", ok()),
        ("AT", b"\r\nOK", None),
        ("AT", b"\r\nOKAY\r\n", None),
        ("AT", b"x" * 5_000 + b"OK\r\n\r\nOK\r\n", ok()),
        ("AT+CPIN?", b"+CPIN: " + b"R" * 200 + b"\r\nOK\r\n", ok()),
    )

    def test_whole_byte_by_byte_and_in_pieces(self):
        for command, data, wanted in self.CASES:
            for piece in (0, 1, 2, 7):
                self.assertEqual(read(command, data, piece), wanted, (data[:40], piece))

    def test_what_was_not_read_to_its_end_is_forgotten(self):
        talk = at_talk.Talk()
        talk.begin("AT+CPIN?")
        talk.receive(b"\r\n+CPIN: READY\r\n\r\nO")
        talk.begin("AT+CSQ")
        self.assertEqual(talk.receive(b"K\r\n"), None)
        self.assertEqual(talk.receive(b"OK\r\n"), ok())

    def test_nothing_makes_it_raise_or_grow(self):
        words = (b"OK", b"ERROR", b"+CME ERROR: ", b"+CPIN: ", b"\r", b"\n", b"\r\n", b"10", b'"')
        dice = Jitter(7)
        talk = at_talk.Talk()
        for _ in range(3_000):
            talk.begin(("AT", "AT+CPIN?", "ATD*99#", "+", "AT+")[dice.below(5)])
            data = b""
            for _ in range(dice.below(9)):
                if dice.below(2):
                    data += words[dice.below(len(words))]
                else:
                    data += bytes([dice.below(256) for _ in range(dice.below(40))])
            answer = talk.receive(data)
            if answer is not None:
                self.assertTrue(at_talk.OK <= answer.result <= at_talk.NO_CARRIER)
                for read_field in (at_talk.registration, at_talk.signal_dbm, at_talk.utc_ms,
                                   at_talk.tries_left):  # fmt: skip
                    read_field(answer.text)
            self.assertTrue(len(talk._line) <= at_talk.MAX_LINE_BYTES + 1)


class Fields(unittest.TestCase):
    def test_registration_is_told_with_and_without_the_mode(self):
        for text, stat in (
            ("0,1", 1), ("0,5", 5), ("2,3", 3), ("1", 1), ('1,"5A29","0B2F",7', 1),
            ('2,1,"5A29","0B2F",7', 1), ("", -1), ("x,y", -1), ("0,", -1),
        ):  # fmt: skip
            self.assertEqual(at_talk.registration(text), stat, text)

    def test_signal(self):
        for text, dbm in (("0,99", -113), ("20,99", -73), ("31,0", -51), ("99,99", None),
                          ("", None), ("-1,99", None)):  # fmt: skip
            self.assertEqual(at_talk.signal_dbm(text), dbm, text)

    def test_time_is_local_and_says_how_far(self):
        for text, utc_ms in (
            ("26/03/02,08:00:00+04", 1_772_434_800_000),
            ("26/03/02,02:00:00-20", 1_772_434_800_000),
            ("24/02/29,23:59:59-44", 1_709_290_799_000),
            ("24/01/01,00:00:00+00", 1_704_067_200_000),
        ):
            self.assertEqual(at_talk.utc_ms('"' + text + '"'), utc_ms, text)

    def test_an_unset_clock_or_nonsense_is_no_time(self):
        for text in (
            "80/01/06,00:00:12+00", "70/01/01,00:00:12+00", "04/01/01,00:00:00+00",
            "26/02/29,00:00:00+00", "26/13/01,00:00:00+00", "26/00/01,00:00:00+00",
            "26/04/31,00:00:00+00", "26/03/00,00:00:00+00", "26/03/02,24:00:00+00",
            "26/03/02,08:60:00+00", "26/03/02,08:00:61+00", "26/03/02,08:00:00+99",
            "26/03/02,08:00:00", "26-03-02,08:00:00+04", "2x/03/02,08:00:00+04", "",
            "26/03/02,08:00:00 04", "26/03/02,08:00:0+004", "26/ 3/02,08:00:00+04",
        ):  # fmt: skip
            self.assertEqual(at_talk.utc_ms('"' + text + '"'), None, text)


if __name__ == "__main__":
    unittest.main()
