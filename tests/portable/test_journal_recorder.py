"""The recorder: every record verifies, opens and is in the journal when the call returns."""

import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402, I001

from nor_flash import NorFlash  # noqa: E402 - the path is set above

from varde_firmware.core.journal import Journal, JournalFull  # noqa: E402
from varde_firmware.core.recorder import Recorder  # noqa: E402
from varde_protocols import cose, records, sealing  # noqa: E402

KEY = ed25519.SigningKey(b"\x07" * 32)
HUB_ID = sealing.key_id(KEY.public)
RECEIVER = b"\x11" * 32
RECEIVER_PUBLIC = x25519.public_key(RECEIVER)
PRIVATE = b"\x22" * 32
ADDRESS = b"\x01\xc0\xff\xee\x00\x00\x01"


class FreeSigner:
    """Signs with zeros: filling a journal with real signatures takes long on the hub."""

    def sign(self, message):
        return bytes(64)


def recorder_on(flash, key=KEY, boot=3):
    journal = Journal(flash)
    journal.mount()
    return Recorder(journal, key, HUB_ID, boot)


def journaled(flash):
    """The verified records, as they are after a reboot."""
    journal = Journal(flash)
    journal.mount()
    verify_key = ed25519.VerifyKey(KEY.public)
    found = []
    for seq, data in journal.batch(1 << 20, 1000):
        sign1 = cose.Sign1.parse(data)
        assert sign1.unverified_kid == HUB_ID
        found.append(records.decode(sign1.verify(verify_key)))
        assert found[-1].seq == seq
    return found


def fill(recorder):
    """Readings until there is no room."""
    try:
        while True:
            recorder.reading(9, 1, 0x2A9D, bytes(10), 0x181D, ADDRESS)
    except JournalFull:
        pass


def events(journal):
    found = []
    for _, data in journal.batch(1 << 20, 1000):
        record = records.decode(cose.Sign1.parse(data).unverified_payload)
        if isinstance(record, records.Event):
            found.append((record.code, record.detail))
    return found


class Recording(unittest.TestCase):
    def test_a_reading_opens_at_the_receiver_as_it_was_received(self):
        flash = NorFlash(4)
        recorder = recorder_on(flash)
        session_seq = recorder.session(10, PRIVATE, RECEIVER_PUBLIC)
        seq = recorder.reading(1234, 2, 0x2A9D, b"\x02\x8c\x50", 0x181D, ADDRESS)
        session, reading = journaled(flash)
        self.assertEqual((session.seq, reading.seq), (session_seq, seq))
        self.assertEqual((reading.boot, reading.uptime_ms, reading.slot), (3, 1234, 2))
        opener = sealing.SessionOpener(HUB_ID, session, RECEIVER)
        content = opener.open(reading)
        self.assertEqual(content, sealing.Content(b"\x02\x8c\x50", 0x181D, ADDRESS, ""))

    def test_a_boot_is_an_event_and_torn_writes_are_another(self):
        flash = NorFlash(4)
        recorder_on(flash).start(5, 1, 0)
        self.assertEqual(journaled(flash), [records.Event(1, 3, 5, records.EVENT_BOOT, 1)])
        recorder_on(flash, boot=4).start(6, 2, 1)
        boot, torn = journaled(flash)[1:]
        self.assertEqual(boot, records.Event(2, 4, 6, records.EVENT_BOOT, 2))
        self.assertEqual(torn, records.Event(3, 4, 6, records.EVENT_TORN_WRITE, 1))

    def test_an_anchor(self):
        flash = NorFlash(4)
        recorder_on(flash).anchor(70, 1_760_000_000_000, records.SOURCE_SNTP, 40)
        expected = records.Anchor(1, 3, 70, 1_760_000_000_000, records.SOURCE_SNTP, 40)
        self.assertEqual(journaled(flash), [expected])

    def test_a_new_session_seals_with_its_own_key(self):
        flash = NorFlash(4)
        recorder = recorder_on(flash)
        recorder.session(1, PRIVATE, RECEIVER_PUBLIC)
        second = recorder.session(2, b"\x33" * 32, RECEIVER_PUBLIC)
        recorder.reading(3, 1, 0x2A9D, b"abc", 0x181D, ADDRESS)
        _, session, reading = journaled(flash)
        self.assertEqual(reading.session_seq, second)
        opener = sealing.SessionOpener(HUB_ID, session, RECEIVER)
        self.assertEqual(opener.open(reading).value, b"abc")

    def test_a_reading_without_a_session_is_our_mistake(self):
        with self.assertRaises(AssertionError):
            recorder_on(NorFlash(4)).reading(1, 1, 0x2A9D, b"a", 0x181D, ADDRESS)


VALUE = b"\x02\x8c\x50"
OTHER_ADDRESS = ADDRESS[:6] + b"\x02"


class Repeating(unittest.TestCase):
    """A reading whose sensor may not know, and what is journaled of it."""

    def setUp(self):
        self.flash = NorFlash(5)
        self.recorder = recorder_on(self.flash, FreeSigner())
        self.recorder.session(1, PRIVATE, RECEIVER_PUBLIC)

    def indicate(self, value=VALUE, slot=2, characteristic=0x2A9D, address=ADDRESS):
        return self.recorder.reading(
            5, slot, characteristic, value, 0x181D, address, indicated=True
        )

    def told(self):
        """The readings that were said to be unsettled, in order."""
        unsettled = records.EVENT_READING_UNSETTLED
        return [detail for code, detail in events(self.recorder.journal) if code == unsettled]

    def reboot(self):
        journal = Journal(self.flash)
        report = journal.mount()
        self.recorder = Recorder(journal, FreeSigner(), HUB_ID, 4)
        self.recorder.start(1, 1, report.torn, report.unsettled_seq)
        self.recorder.session(2, PRIVATE, RECEIVER_PUBLIC)

    def test_a_boot_tells_of_the_newest_reading_before_anything_else(self):
        seq = self.indicate()
        self.reboot()
        found = events(self.recorder.journal)
        boot = (records.EVENT_BOOT, 1)
        self.assertEqual(found, [(records.EVENT_READING_UNSETTLED, seq), boot])
        self.reboot()
        self.assertEqual(self.told(), [seq])

    def test_a_boot_tells_nothing_of_others(self):
        self.indicate()
        self.recorder.told(2)
        self.reboot()
        self.indicate()
        self.recorder.anchor(6, 1_760_000_000_000, records.SOURCE_SNTP, 40)
        self.reboot()
        self.recorder.reading(5, 2, 0x2A9D, VALUE, 0x181D, ADDRESS)  # it was notified
        self.reboot()
        self.assertEqual(self.told(), [])

    def test_the_same_value_after_a_broken_connection(self):
        seq = self.indicate()
        self.recorder.in_doubt(2)
        again = self.indicate()
        self.assertEqual(self.told(), [seq])
        self.assertEqual(again, seq + 2)
        self.recorder.told(2)
        self.indicate()
        self.assertEqual(self.told(), [seq])

    def test_one_that_came_again_and_was_kept_out_is_settled_by_it(self):
        self.indicate()
        self.recorder.in_doubt(2)
        self.recorder.came_again(2, 0x2A9D, OTHER_ADDRESS, VALUE)
        self.recorder.told(2)
        self.recorder.came_again(2, 0x2A9D, ADDRESS, VALUE)
        self.recorder.told(2)
        self.reboot()
        self.assertEqual(self.told(), [])

    def test_another_value_ends_the_doubt(self):
        self.indicate()
        self.recorder.in_doubt(2)
        self.indicate(b"other")
        self.indicate()
        self.assertEqual(self.told(), [])

    def test_the_same_bytes_from_elsewhere_are_no_repetition(self):
        seq = self.indicate()
        self.recorder.in_doubt(2)
        self.indicate(slot=3)
        self.indicate(characteristic=0x2A35)
        self.recorder.reading(5, 2, 0x2A9D, VALUE, 0x181D, ADDRESS)  # notified
        self.assertEqual(self.told(), [])
        self.indicate()
        self.assertEqual(self.told(), [seq])
        self.recorder.in_doubt(2)
        self.indicate(address=OTHER_ADDRESS)
        self.assertEqual(self.told(), [seq])

    def test_the_same_value_in_one_connection_or_after_a_sound_one_is_two(self):
        self.indicate()
        self.indicate()
        self.recorder.told(2)
        self.indicate()
        self.assertEqual(self.told(), [])

    def test_only_the_last_value_of_a_connection_is_in_doubt(self):
        self.indicate()
        self.indicate(b"last")
        self.recorder.in_doubt(2)
        self.indicate()
        self.assertEqual(self.told(), [])

    def test_a_slot_that_kept_nothing_has_nothing_to_tell(self):
        operations = self.flash.operations
        self.recorder.told(7)
        self.recorder.in_doubt(7)
        self.assertEqual(self.flash.operations, operations)


class Broken(unittest.TestCase):
    def test_a_number_is_sealed_for_once_though_the_append_fails(self):
        flash = NorFlash(4)
        recorder = recorder_on(flash)
        recorder.session(1, PRIVATE, RECEIVER_PUBLIC)
        works, recorder.journal.append = recorder.journal.append, fail
        with self.assertRaises(OSError):
            recorder.reading(3, 1, 0x2A9D, b"first", 0x181D, ADDRESS)
        recorder.journal.append = works
        recorder.reading(4, 1, 0x2A9D, b"second", 0x181D, ADDRESS)
        session, reading = journaled(flash)
        self.assertEqual(reading.seq, session.seq + 2)
        self.assertEqual(sealing.SessionOpener(HUB_ID, session, RECEIVER).open(reading).value,
                         b"second")  # fmt: skip


def fail(*_args):
    raise OSError(5)


class WithoutRoom(unittest.TestCase):
    def setUp(self):
        self.flash = NorFlash(4)
        self.recorder = recorder_on(self.flash, FreeSigner())
        self.recorder.session(1, PRIVATE, RECEIVER_PUBLIC)
        fill(self.recorder)

    def test_a_full_journal_is_said_once(self):
        fill(self.recorder)
        journal = self.recorder.journal
        self.assertEqual(events(journal), [(records.EVENT_JOURNAL_FULL, 0)])
        journal.acknowledge([(1, journal.next_seq - 30)])
        fill(self.recorder)
        self.assertEqual(events(journal)[-1:], [(records.EVENT_JOURNAL_FULL, 0)])

    def test_events_still_fit_and_then_the_hub_starts_all_the_same(self):
        journal = self.recorder.journal
        before = journal.pending_count
        try:
            while True:
                self.recorder.event(1, records.EVENT_CLOCK_STEP, 1)
        except JournalFull:
            pass
        self.assertTrue(journal.pending_count > before + 20)
        again = recorder_on(self.flash, FreeSigner(), 4)
        again.start(1, 3, 1)
        with self.assertRaises(JournalFull):
            again.session(2, PRIVATE, RECEIVER_PUBLIC)
        with self.assertRaises(OSError):
            again.reading(3, 1, 0x2A9D, b"a", 0x181D, ADDRESS)
        again.journal.acknowledge([(1, 50)])
        seq = again.reading(4, 1, 0x2A9D, b"a", 0x181D, ADDRESS)
        data = dict(again.journal.batch(1 << 20, 1000))[seq]
        reading = records.decode(cose.Sign1.parse(data).unverified_payload)
        self.assertEqual(reading.session_seq, seq - 1)  # the session, journaled just before it


if __name__ == "__main__":
    unittest.main()
