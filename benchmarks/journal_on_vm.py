"""The journal and its peers at work on the hub interpreter; run by bench_journal.py.

    journal_on_vm.py journal SECTORS N      N records, each settled, delivered in batches
    journal_on_vm.py append SECTORS N       N records, nothing delivered
    journal_on_vm.py littlefs SECTORS N     N records to one open file, flushed each time
    journal_on_vm.py segments SECTORS N     N records to small files, flushed each time,
                                            removed when they were delivered
    journal_on_vm.py tail-journal SECTORS N     what each of N records took (tail-littlefs,
                                                tail-segments: the same of the peers)
    journal_on_vm.py mount SECTORS PENDING RECORD_BYTES TIMES
                                            mounting, with so many pending sectors

Prints one JSON object. All write to memory through devices that count alike.
"""

import gc
import json
import os
import sys
import time

import vfs

ROOT = __file__.rsplit("/", 2)[0] if __file__.count("/") > 1 else "."
sys.path[:0] = [ROOT + "/protocols", ROOT + "/firmware"]

# journal_mount too, before anything is measured: a hub unloads it when it has mounted.
from varde_firmware.core import journal_mount, journal_sector  # noqa: E402, F401 - path is above
from varde_firmware.core.journal import Journal  # noqa: E402

SECTOR_BYTES = 4096
RECORD = bytes([n * 7 & 0xFF for n in range(150)])
SESSION = bytes([n * 5 & 0xFF for n in range(150)])  # the size of a signed session record
BATCH_BYTES = 8192
ROUND = 50  # records between two deliveries
SEGMENT_RECORDS = 6  # in a small file: a littlefs block is copied for each, so short ones are best


class Memory:
    """Flash in memory that counts, for the journal's calls and for the block protocol."""

    def __init__(self, sectors):
        self.sector_count = sectors
        self._bytes = bytearray(b"\xff" * (SECTOR_BYTES * sectors))
        self._view = memoryview(self._bytes)
        self._blank = b"\xff" * SECTOR_BYTES
        self.reset()

    def reset(self):
        self.programs = self.programmed_bytes = self.erases = self.reads = self.read_bytes = 0

    def read_into(self, offset, buffer):
        self.reads += 1
        self.read_bytes += len(buffer)
        buffer[:] = self._view[offset : offset + len(buffer)]

    def program(self, offset, data):
        self.programs += 1
        self.programmed_bytes += len(data)
        self._view[offset : offset + len(data)] = data

    def erase(self, sector):
        self.erases += 1
        self._view[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES] = self._blank

    def readblocks(self, block, buffer, offset=0):
        self.read_into(block * SECTOR_BYTES + offset, buffer)

    def writeblocks(self, block, data, offset):
        self.program(block * SECTOR_BYTES + offset, data)

    def ioctl(self, command, argument):
        if command == 6:
            self.erase(argument)
        return {4: self.sector_count, 5: SECTOR_BYTES}.get(command, 0)


def counts(memory, records, took_us):
    return {
        "records": records,
        "programmed_bytes": memory.programmed_bytes,
        "programs": memory.programs,
        "erases": memory.erases,
        "us": took_us,
    }


class JournalWriter:
    """A journal with a session, as after a boot; each record as a reading by indication."""

    def __init__(self, memory):
        self._journal = journal = Journal(memory)
        journal.mount()
        journal.append(journal.next_seq, SESSION, True)
        journal.set_session(journal.next_seq - 1, SESSION)

    def write(self):
        self._journal.append(self._journal.next_seq, RECORD, settled=False)
        self._journal.settle(self._journal.next_seq - 1)

    def write_settled(self):
        self._journal.append(self._journal.next_seq, RECORD)

    def deliver(self):
        batch = self._journal.batch(BATCH_BYTES, 1000)
        self._journal.acknowledge([(batch[0][0], batch[-1][0])])


def mounted_littlefs(memory):
    vfs.VfsLfs2.mkfs(memory, readsize=32, progsize=32, lookahead=32)
    vfs.mount(vfs.VfsLfs2(memory, readsize=32, progsize=32, lookahead=32), "/flash")


class LittlefsWriter:
    """One file that is kept open and only grows: nothing is ever delivered."""

    def __init__(self, memory):
        mounted_littlefs(memory)
        self._file = open("/flash/journal", "ab")  # noqa: SIM115 - it stays open

    def write(self):
        self._file.write(RECORD)
        self._file.flush()

    def deliver(self):
        pass


class SegmentsWriter:
    """Files of a few records each, every one flushed; a file is removed when it was delivered."""

    def __init__(self, memory):
        mounted_littlefs(memory)
        self._oldest = self._newest = self._held = 0
        self._file = open("/flash/0", "ab")  # noqa: SIM115 - closed when full

    def write(self):
        if self._held == SEGMENT_RECORDS:
            self._file.close()
            self._newest += 1
            self._held = 0
            self._file = open(f"/flash/{self._newest}", "ab")  # noqa: SIM115
        self._file.write(RECORD)
        self._file.flush()
        self._held += 1

    def deliver(self):
        while self._oldest < self._newest:
            os.remove(f"/flash/{self._oldest}")
            self._oldest += 1


def run_steady(writer_class, sectors, records):
    memory = Memory(sectors)
    gc.collect()
    before = gc.mem_alloc()
    writer = writer_class(memory)
    gc.collect()
    ram_bytes = gc.mem_alloc() - before
    memory.reset()
    start_us = time.ticks_us()
    for done in range(0, records, ROUND):
        for _ in range(min(ROUND, records - done)):
            writer.write()
        if records - done >= ROUND:
            writer.deliver()
    result = counts(memory, records, time.ticks_diff(time.ticks_us(), start_us))
    result["ram_bytes"] = ram_bytes
    return result


def run_append(sectors, records):
    memory = Memory(sectors)
    writer = JournalWriter(memory)
    memory.reset()
    start_us = time.ticks_us()
    for _ in range(records):
        writer.write_settled()
    return counts(memory, records, time.ticks_diff(time.ticks_us(), start_us))


def run_tail(writer_class, sectors, records):
    """Flash operations of each record, deliveries between them left out.

    The clock is read directly before and after each, for callgrind: it makes a dump there.
    """
    memory = Memory(sectors)
    writer = writer_class(memory)
    each = []
    for number in range(records):
        memory.reset()
        time.ticks_us()
        writer.write()
        time.ticks_us()
        each.append((memory.erases, memory.programs, memory.reads, memory.programmed_bytes))
        if number % ROUND == ROUND - 1:
            writer.deliver()
    return {"each": each}


def prepared(sectors, pending, record_bytes):
    """Memory with a ring that is all written, `pending` sectors of it not acknowledged.

    Returns the memory and how many records are pending.
    """
    memory = Memory(sectors)
    header = memoryview(bytearray(journal_sector.WRITTEN_HEADER_BYTES))
    frame = memoryview(bytearray(journal_sector.FRAME_BYTES + journal_sector.MAX_RECORD_BYTES))
    record = (RECORD + RECORD)[:record_bytes]
    room = SECTOR_BYTES - journal_sector.HEADER_BYTES
    each = min(room // (record_bytes + journal_sector.FRAME_BYTES), journal_sector.MAX_RECORDS)
    for sector in range(sectors):
        start = sector * SECTOR_BYTES
        seed = journal_sector.write_header(header, sector + 1, sector * each + 1)
        memory.program(start, header)
        if sector < sectors - pending:
            memory.program(start + journal_sector.ACKNOWLEDGED_AT, bytes(4))
            continue
        at = journal_sector.HEADER_BYTES
        for code in range(each):
            length = journal_sector.write_frame(frame, at, code, record, seed)
            memory.program(start + at, frame[:length])
            at += length
    return memory, pending * each


def run_mount(sectors, pending, record_bytes, times):
    memory, records = prepared(sectors, pending, record_bytes)
    journal = Journal(memory)
    memory.reset()
    start_us = time.ticks_us()
    for _ in range(times):
        report = journal.mount()
        assert report.records == records, report
    us = time.ticks_diff(time.ticks_us(), start_us)
    reads = memory.reads // times, memory.read_bytes // times
    return {"us": us, "times": times, "records": records, "reads": reads[0],
            "read_bytes": reads[1]}  # fmt: skip


WRITERS = {"journal": JournalWriter, "littlefs": LittlefsWriter, "segments": SegmentsWriter}
work = sys.argv[1]
arguments = [int(number) for number in sys.argv[2:]]
if work == "mount":
    result = run_mount(*arguments)
elif work == "append":
    result = run_append(*arguments)
elif work.startswith("tail-"):
    result = run_tail(WRITERS[work[5:]], *arguments)
else:
    result = run_steady(WRITERS[work], *arguments)
print(json.dumps(result))
