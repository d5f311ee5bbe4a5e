"""The keeper: a dated value is journaled once, however often its sensor sends it."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402, F401, I001

from nor_flash import NorFlash  # noqa: E402 - the path is set above

from varde_firmware.core import journal, recorder  # noqa: E402
from varde_firmware.shell import keeper, listeners  # noqa: E402
from varde_protocols import hub_config, records  # noqa: E402

ADDRESS = b"\x01\xc0\xff\xee\x00\x00\x01"
DATED = bytes.fromhex("02 8c 3c ea 07 03 02 06 1e 00")  # 2A9D with a time stamp
UNDATED = bytes.fromhex("00 8c 3c")


def sensor(slot):
    return hub_config.Sensor(slot, None, "any", 0x1810, [1], "", 0, None, None, bytes([slot]) * 8)


class Signer:
    def sign(self, message):
        return bytes(64)


class Exclusive:
    """Alone anyway."""

    def run(self, function, *args):
        return function(*args)

    run_in_handler = run


class Repetitions(unittest.TestCase):
    def setUp(self):
        self.journal = journal.Journal(NorFlash(8))
        self.journal.mount()
        made = recorder.Recorder(self.journal, Signer(), bytes(8), 1)
        made.session(0, b"\x22" * 32, x25519.public_key(b"\x11" * 32))
        self.keeper = keeper.Keeper(Exclusive(), made)
        self.woken = []
        self.keeper.on_record = lambda: self.woken.append(1)
        self.listener = listeners.Listener(1, 1, sensor(2), 0x181D, 0x2A9D, ADDRESS)

    def readings(self):
        return self.journal.pending_count - 1

    def test_a_dated_value_is_kept_out_and_confirmed_the_second_time(self):
        self.assertTrue(self.keeper.keep(self.listener, 5, DATED))
        self.assertTrue(self.keeper.keep(self.listener, 6, DATED))
        self.assertTrue(self.keeper.keep_notification(self.listener, 7, DATED))
        self.assertEqual((self.readings(), len(self.woken)), (1, 1))

    def test_one_without_a_date_never_is(self):
        for at_ms in range(3):
            self.assertTrue(self.keeper.keep(self.listener, at_ms, UNDATED))
        self.assertEqual(self.readings(), 3)

    def test_one_that_found_no_room_is_taken_the_next_time(self):
        append = self.journal.append

        def no_room(*args):
            raise journal.JournalFull("as asked")

        self.journal.append = no_room
        self.assertFalse(self.keeper.keep(self.listener, 5, DATED))
        self.assertEqual(self.listener.latest, b"")
        self.journal.append = append
        self.assertTrue(self.keeper.keep(self.listener, 6, DATED))
        self.assertEqual(self.listener.latest, DATED)
        self.assertEqual(self.readings(), 1)

    def test_streams_leave_the_last_room_to_what_is_confirmed_or_advertised(self):
        # its sensor stores them
        stream = listeners.Listener(2, 1, sensor(3), 0x1808, 0x2A18, ADDRESS)
        scale = listeners.Listener(3, listeners.NO_CONNECTION, sensor(4), 0x181D, 0x10001, ADDRESS)
        kept = 0
        while self.keeper.keep_notification(stream, kept, bytes(20)):
            kept += 1
            self.assertTrue(kept < 200)
        room = self.journal.free_bytes
        self.assertTrue(room > keeper.ROOM_FOR_STREAMS_BYTES - 400)
        self.assertTrue(room < keeper.ROOM_FOR_STREAMS_BYTES)
        for _ in range(10):
            self.assertTrue(self.keeper.keep(self.listener, 5, UNDATED))
            self.assertTrue(self.keeper.keep_notification(scale, 5, UNDATED))
        self.assertFalse(self.keeper.keep_notification(stream, 6, bytes(20)))

    def test_streams_give_way_to_their_own_newest_and_then_to_what_is_measured_once(self):
        stream = listeners.Listener(2, 1, sensor(3), 0x180D, 0x2A37, ADDRESS)
        for n in range(400):
            self.assertTrue(self.keeper.keep_notification(stream, n, bytes(20)))
            self.assertTrue(self.keeper.has_room(True, n))
        self.assertTrue(self.journal.free_bytes > keeper.ROOM_FOR_STREAMS_BYTES - 400)
        spots = 0
        while self.keeper.keep(self.listener, spots, UNDATED):
            self.keeper.has_room(True, spots)
            spots += 1
        self.assertTrue(spots > 80)  # more than the last room alone: the stream made way
        self.assertFalse(self.keeper.has_room(True, spots))
        self.assertFalse(self.keeper.keep_notification(stream, spots, bytes(20)))
        self.assertFalse("varde_firmware.core.overflow" in sys.modules)
        self.assertFalse("varde_firmware.core.journal_moving" in sys.modules)

    def test_no_heap_to_make_room_is_no_room(self):
        def no_heap(*_args):
            raise MemoryError("as asked")

        self.assertTrue(self.keeper.has_room(True, 1))
        self.keeper._exclusive.run = no_heap
        self.assertFalse(self.keeper.make_room(1))
        self.assertFalse(self.keeper.make_room(1))

    def test_an_hourly_complaint_is_one_whatever_its_detail(self):
        for now_ms, detail in ((0, 7), (5, 8), (3_600_000, 9)):
            self.keeper.event_hourly(now_ms, records.EVENT_HEAP_LOW, detail)
        self.assertEqual(self.readings(), 2)


class Listeners(unittest.TestCase):
    def test_a_number_that_is_in_use_is_not_given_again(self):
        """Its values may wait in the ring, or be advertised for ever: they stay its own."""
        everybody = listeners.Listeners()
        scale = everybody.add(listeners.NO_CONNECTION, sensor(1), 0x181D, 0x10001, ADDRESS)
        link = everybody.add(4, sensor(2), 0x1810, 0x2A35, ADDRESS)
        everybody._last = 0xFFFF  # sessions later
        cuff = everybody.add(5, sensor(3), 0x1810, 0x2A35, ADDRESS)
        self.assertTrue(everybody[scale.number] is scale)
        self.assertTrue(everybody[link.number] is link)
        self.assertTrue(everybody[cuff.number] is cuff)

    def test_those_of_closed_connections_go_when_they_are_many(self):
        everybody = listeners.Listeners()
        scale = everybody.add(listeners.NO_CONNECTION, sensor(1), 0x181D, 0x10001, ADDRESS)
        open_one = everybody.add(4, sensor(2), 0x1810, 0x2A35, ADDRESS)
        closed = everybody.add(5, sensor(3), 0x1810, 0x2A35, ADDRESS)
        everybody.tidy([4])
        self.assertTrue(everybody[closed.number] is closed)  # not yet: few
        for _ in range(listeners.KEEP):
            everybody.add(5, sensor(3), 0x1810, 0x2A35, ADDRESS)
        everybody.tidy([4])
        self.assertTrue(everybody[scale.number] is scale)
        self.assertTrue(everybody[open_one.number] is open_one)
        self.assertRaises(KeyError, everybody.__getitem__, closed.number)


if __name__ == "__main__":
    unittest.main()
