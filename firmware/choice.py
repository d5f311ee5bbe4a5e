"""What starts: which application, from which interpreter; and how a trial ends that fails.

The supervisor's other half: main.py asks it once at each start, and forgets it unless a trial is
on. Like main.py it lies beside the slots, is not updated with them, and needs nothing of them. NVS
namespace `varde`:

    update   blob  the update record (core/update_record.py): what is in force, what is on trial
    crashes  i32   ends by an exception since the application was last healthy

A trial has STARTS starts, and TRIAL_MS of one, to prove itself; the application says that it has
by writing the record. Else what was in force is again: at once, and for good. Power cuts outside
of a trial change nothing. Only after CRASHES exceptions in a row does the spare slot take over,
and once. docs/update.md says what a power cut leaves at each step.
"""

import asyncio
import os

import esp32
import machine

SLOTS = ("/a", "/b")
BOTH = 2
STARTS = 3
TRIAL_MS = 600_000
CRASHES = 8  # as many in a row, with 1 to 128 s between, are no accident


class at:  # noqa: N801  (names that the heap holds anyway, as these are the record's own)
    """The record: where its bytes stand, and its numbers of four bytes."""

    version, state, parts, starts, reason, is_told, slot, interpreter, is_spare_whole = range(9)
    release, spare_release, new_release = 12, 24, 28


MOST = (1, 5, 7, 255, 255, 1, 1, 1, 1, 255, 255, 0)  # that each byte may be, from the first on
RECORD_BYTES = 48
TRIAL, RETURNED = 3, 5  # states
APPLICATION_PART, INTERPRETER_PART = 2, 4  # bits of the parts
NO_START, NO_EXCHANGE = 7, 9  # reasons

OTA_0 = 0x10  # subtype of the first interpreter slot
PENDING_VERIFY = 1  # state of an OTA entry, in its byte 24 (ESP-IDF, esp_flash_partitions.h)


class Choice:
    """One start's. `slot` is the application's folder; `is_trial` tells if anything is tried."""

    def __init__(self, counters):
        """Decide, and count the start of a trial. The chip may start again instead."""
        self._counters = counters
        self._nvs = esp32.NVS("varde")
        self._record = self._load()
        self._running = interpreter()
        if self._record[at.state] == TRIAL:
            self._count()
        elif self._record[at.is_spare_whole] and counters.get("crashes") >= CRASHES:
            self._take_spare()
        elif self._holds() == 1 - self._record[at.slot]:
            self._take_only()
        if self._running is not None:
            self._enter_interpreter()
        self.is_trial = self._record[at.state] == TRIAL
        self.slot = SLOTS[self._record[at.slot] ^ self._tries(APPLICATION_PART)]
        if self.is_trial:
            print("varde: trial, start %d from %s" % (self._record[at.starts], self.slot))

    async def end_trial(self):
        """Whatever the application does or waits for: its time to prove itself ends."""
        await asyncio.sleep_ms(TRIAL_MS)
        self._record = self._load()
        if self._record[at.state] == TRIAL:
            self._give_back(NO_EXCHANGE)
            machine.reset()

    def _load(self):
        """Return the record; one that is not there or makes no sense, made anew."""
        record = bytearray(RECORD_BYTES)
        try:
            size = self._nvs.get_blob("update", record)
        except OSError:
            size = 0
        is_whole = size == RECORD_BYTES and record[at.version] == 1
        if is_whole and all(value <= most for value, most in zip(record, MOST)):
            return record
        # In force is what is there; if it does nothing but crash, the other slot may be better.
        record = bytearray(RECORD_BYTES)
        record[at.version] = record[at.is_told] = 1
        record[at.slot] = self._holds() == 1
        record[at.is_spare_whole] = self._holds() == BOTH
        record[at.interpreter] = interpreter() or 0
        if any(record[at.slot : at.is_spare_whole + 1]):  # else it is what all take for granted
            self._record = record
            self._save()
        return record

    def _save(self):
        try:
            self._nvs.set_blob("update", self._record)
            self._nvs.commit()
        except OSError as error:  # no reason to start nothing at all
            print("varde: the update record cannot be written:", error)

    def _tries(self, part):
        """Return 1 if this part is on trial."""
        return int(self._record[at.state] == TRIAL and self._record[at.parts] & part > 0)

    def _count(self):
        """Count this start of the trial, before it can fail; give back if it has had its starts.

        An interpreter that was to start and did not has had one. It is armed again, but for the
        last, as then it could not be seen to fail.
        """
        record = self._record
        record[at.starts] += 1
        wanted = record[at.interpreter] ^ self._tries(INTERPRETER_PART)
        if record[at.starts] < STARTS + (self._running in (None, wanted)):
            self._save()
        else:
            self._give_back(NO_START)
            self._counters.set("crashes", 0)

    def _give_back(self, reason):
        """What was in force is again. The application may have said why: that goes first."""
        record = self._record
        record[at.state] = RETURNED
        record[at.reason] = record[at.reason] or reason
        record[at.is_told] = 0
        self._save()
        print("varde: returned from trial, reason", record[at.reason])

    def _take_spare(self):
        """What is in force does nothing but crash: what was before it is in force again."""
        record = self._record
        record[at.slot] ^= 1
        record[at.is_spare_whole] = record[at.reason] = 0
        record[at.parts] = APPLICATION_PART
        record[at.new_release : at.new_release + 4] = record[at.release : at.release + 4]
        record[at.release : at.release + 4] = record[at.spare_release : at.spare_release + 4]
        self._give_back(NO_START)
        self._counters.set("crashes", 0)

    def _take_only(self):
        """The bench has made the file system anew: only the other slot holds an application."""
        self._record[at.slot] ^= 1
        self._record[at.is_spare_whole] = 0
        self._record[at.release : at.release + 4] = bytes(4)
        self._save()

    def _holds(self):
        """Return which slot holds an application: 0 or 1, BOTH, or None."""
        held = []
        for number in (0, 1):
            try:
                os.stat(SLOTS[number] + "/varde_firmware")
                held.append(number)
            except OSError:  # noqa: PERF203
                pass
        return BOTH if len(held) == 2 else held[0] if held else None

    def _enter_interpreter(self):
        """Go on in the interpreter that the record wants, or start again from it."""
        is_trial = self._tries(INTERPRETER_PART)
        wanted = self._record[at.interpreter] ^ is_trial
        try:
            if self._running == wanted:
                if not is_trial:
                    esp32.Partition.mark_app_valid_cancel_rollback()
                return
            if not is_trial and goes_back():
                machine.reset()
            # Of one that it has been told of the bootloader knows why it does not start it.
            if is_trial or interpreter(esp32.Partition.BOOT) != wanted:
                found = esp32.Partition.find(esp32.Partition.TYPE_APP, subtype=OTA_0 + wanted)
                found[0].set_boot()
                if interpreter(esp32.Partition.BOOT) == wanted:
                    machine.reset()
        except (OSError, IndexError) as error:
            print("varde: interpreter", wanted, type(error).__name__, error)
            if self._running == wanted:
                return
        if is_trial:
            self._give_back(NO_START)
        else:
            self._record[at.interpreter] = self._running
            self._save()


def interpreter(which=esp32.Partition.RUNNING):
    """Return the number of the interpreter slot that runs, or is to; None if there are none."""
    number = esp32.Partition(which).info()[1] - OTA_0
    return number if number in (0, 1) else None


def goes_back():
    """True if the bootloader leaves what runs at the next start, by itself.

    That is safer than `set_boot`, which would erase the OTA entry of the other one first.
    """
    entry = bytearray(32)
    for data in esp32.Partition.find(esp32.Partition.TYPE_DATA, subtype=0):
        for sector in (0, 1):
            data.readblocks(sector, entry, 0)
            if entry[24] == PENDING_VERIFY:
                return True
    return False
