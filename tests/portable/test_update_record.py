"""The update record: any bytes are one or none, and each arrow leaves what it must."""

import random
import unittest

from varde_firmware.core import update_record
from varde_firmware.core.update_record import APPLICATION, CONFIG, INTERPRETER
from varde_protocols import update_words as words


class Store:
    def __init__(self, data=b""):
        self.data = data

    def load(self):
        return self.data

    def save(self, data):
        self.data = data


NONE = update_record.load(Store())


def on_trial(parts, **fields):
    values = {
        "state": words.TRIAL,
        "parts": parts,
        "starts": 1,
        "new_release": 7,
        "new_floor": 5,
        "new_assignment": 12,
        "release": 6,
        "floor": 4,
        "assignment": 11,
    }
    values.update(fields)
    return NONE.changed(**values)


class Bytes(unittest.TestCase):
    def test_what_was_saved_is_loaded(self):
        store = Store()
        for parts in range(8):
            record = on_trial(parts, slot=parts & 1, failed_release=0xFFFFFFFF)
            update_record.save(store, record)
            self.assertEqual(len(store.data), update_record.RECORD_BYTES)
            self.assertEqual(update_record.load(store), record)

    def test_any_bytes_are_a_record_or_none(self):
        source = random.Random(7) if hasattr(random, "Random") else random
        whole = on_trial(7).encode()
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(source.randrange(1, 4)):
                data[source.randrange(len(data))] = source.randrange(256)
            found = update_record.decode(bytes(data))
            if found is not None:
                self.assertEqual(found.encode(), bytes(data))
                self.assertTrue(found.slot in (0, 1) and found.interpreter in (0, 1))
        for size in range(60):
            data = bytes([source.randrange(256) for _ in range(size)])
            self.assertTrue(size == 48 or update_record.decode(data) is None)

    def test_every_single_byte_is_looked_at(self):
        whole = on_trial(7).encode()
        for index in range(12):
            kept = 0
            for value in range(256):
                data = whole[:index] + bytes([value]) + whole[index + 1 :]
                kept += update_record.decode(data) is not None
            most = (1, 6, 8, 256, 256, 2, 2, 2, 2, 256, 256, 1)[index]
            self.assertEqual(kept, most)


class Ends(unittest.TestCase):
    def test_confirmed_puts_in_force_what_was_tried_and_no_more(self):
        for parts in range(1, 8):
            before = on_trial(parts)
            after = before.confirmed()
            has_code = parts & ~CONFIG
            self.assertEqual(after.state, words.CONFIRMED)
            self.assertEqual(after.on_trial, 0)
            self.assertEqual(after.is_told, 0)
            self.assertEqual(after.assignment, 12 if parts & CONFIG else 11)
            self.assertEqual(after.release, 7 if has_code else 6)
            self.assertEqual(after.floor, 5 if has_code else 4)
            self.assertEqual(after.slot, 1 if parts & APPLICATION else 0)
            self.assertEqual(after.interpreter, 1 if parts & INTERPRETER else 0)
            self.assertEqual(after.is_spare_whole, 1 if parts & APPLICATION else 0)

    def test_what_ran_on_trial_runs_on(self):
        for parts in range(1, 8):
            before = on_trial(parts)
            after = before.confirmed()
            self.assertEqual(before.running_slot, after.running_slot)
            self.assertEqual(before.running_release, after.running_release)

    def test_a_floor_never_falls_and_a_spare_below_it_is_none(self):
        self.assertEqual(on_trial(APPLICATION, floor=9).confirmed().floor, 9)
        above = on_trial(APPLICATION, new_floor=7).confirmed()  # what was, is release 6
        self.assertEqual((above.floor, above.is_spare_whole), (7, 0))
        interpreter = on_trial(INTERPRETER, is_spare_whole=1, spare_release=4, new_floor=5)
        self.assertEqual(interpreter.confirmed().is_spare_whole, 0)

    def test_a_return_counts_once_for_each_number(self):
        for parts, tries in (
            (CONFIG, (1, 0)),
            (APPLICATION, (0, 1)),
            (CONFIG | INTERPRETER, (1, 1)),
        ):
            back = on_trial(parts, state=words.RETURNED, reason=words.NO_START, is_told=0)
            once = back.told()
            self.assertEqual(once.is_told, 1)
            self.assertEqual((once.tries_of_assignment(12), once.tries_of_release(7)), tries)
            twice = once.changed(is_told=0).told()
            self.assertEqual(twice.tries_of_release(7), tries[1] * 2)
            other = twice.changed(new_release=8, new_assignment=13, is_told=0).told()
            self.assertEqual(other.tries_of_release(8), tries[1])
            self.assertEqual(other.tries_of_release(7), 0)

    def test_a_confirmation_counts_no_try(self):
        after = on_trial(7).confirmed().told()
        self.assertEqual((after.tries_of_assignment(12), after.tries_of_release(7)), (0, 0))

    def test_tries_do_not_wrap(self):
        back = on_trial(
            7,
            state=words.RETURNED,
            failed_release=7,
            release_tries=255,
            failed_assignment=12,
            assignment_tries=255,
        )
        self.assertEqual(back.told().encode()[9:11], b"\xff\xff")

    def test_the_fact_is_of_the_weightiest_part(self):
        self.assertEqual(on_trial(CONFIG).fact(3, 9), [1, 12, words.TRIAL, 0, 3, 9, 0])
        self.assertEqual(on_trial(7).fact()[:2], [words.INTERPRETER, 7])
        self.assertEqual(on_trial(3).numbers(), [(words.CONFIG, 12), (words.APPLICATION, 7)])
        self.assertEqual(NONE.fact(), [0] * 7)


if __name__ == "__main__":
    unittest.main()
