"""The journal and its peer at work on the hub interpreter; run by bench_journal.py.

    journal_on_vm.py journal SECTORS N      N records, each settled, delivered in batches
    journal_on_vm.py append SECTORS N       N records, nothing delivered
    journal_on_vm.py littlefs SECTORS N     N records to one open file, flushed each time
    journal_on_vm.py mount SECTORS PENDING TIMES    mounting, with so many pending sectors

Prints one JSON object. Both write to memory through devices that count alike.
"""

import gc
import json
import sys
import time

import vfs

ROOT = __file__.rsplit("/", 2)[0] if __file__.count("/") > 1 else "."
sys.path[:0] = [ROOT + "/protocols", ROOT + "/firmware"]

from varde_firmware.core import journal_sector  # noqa: E402 - the path is set above
from varde_firmware.core.journal import Journal  # noqa: E402

SECTOR_BYTES = 4096
RECORD = bytes([n * 7 & 0xFF for n in range(150)])
SESSION = bytes([n * 5 & 0xFF for n in range(150)])  # the size of a signed session record
BATCH_BYTES = 8192
ROUND = 50  # records between two deliveries
SECTOR_RECORDS = 25  # so many of them fit one


class Memory:
    """Flash in memory that counts, for the journal's calls and for the block protocol."""

    def __init__(self, sectors):
        self.sector_count = sectors
        self._bytes = bytearray(b"\xff" * (SECTOR_BYTES * sectors))
        self._view = memoryview(self._bytes)
        self._blank = b"\xff" * SECTOR_BYTES
        self.reset()

    def reset(self):
        self.programs = self.programmed_bytes = self.erases = 0

    def read_into(self, offset, buffer):
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


def begun(memory):
    """A journal with a session, as after a boot."""
    journal = Journal(memory)
    journal.mount()
    journal.append(journal.next_seq, SESSION, True)
    journal.set_session(journal.next_seq - 1, SESSION)
    return journal


def run_journal(sectors, records):
    memory = Memory(sectors)
    gc.collect()
    before = gc.mem_alloc()
    journal = begun(memory)
    gc.collect()
    ram_bytes = gc.mem_alloc() - before
    memory.reset()
    start_us = time.ticks_us()
    for done in range(0, records, ROUND):
        for _ in range(min(ROUND, records - done)):
            journal.append(journal.next_seq, RECORD, settled=False)
            journal.settle(journal.next_seq - 1)
        if records - done >= ROUND:
            batch = journal.batch(BATCH_BYTES, 1000)
            journal.acknowledge([(batch[0][0], batch[-1][0])])
    result = counts(memory, records, time.ticks_diff(time.ticks_us(), start_us))
    result["ram_bytes"] = ram_bytes
    return result


def run_append(sectors, records):
    memory = Memory(sectors)
    journal = begun(memory)
    memory.reset()
    start_us = time.ticks_us()
    for _ in range(records):
        journal.append(journal.next_seq, RECORD)
    return counts(memory, records, time.ticks_diff(time.ticks_us(), start_us))


def run_littlefs(sectors, records):
    memory = Memory(sectors)
    vfs.VfsLfs2.mkfs(memory, readsize=32, progsize=32, lookahead=32)
    vfs.mount(vfs.VfsLfs2(memory, readsize=32, progsize=32, lookahead=32), "/flash")
    with open("/flash/journal", "ab") as file:
        memory.reset()
        start_us = time.ticks_us()
        for _ in range(records):
            file.write(RECORD)
            file.flush()
        return counts(memory, records, time.ticks_diff(time.ticks_us(), start_us))


def prepared(sectors, pending):
    """Memory with a ring that is all written, `pending` sectors of it not acknowledged."""
    memory = Memory(sectors)
    header = memoryview(bytearray(journal_sector.WRITTEN_HEADER_BYTES))
    frame = memoryview(bytearray(journal_sector.FRAME_BYTES + journal_sector.MAX_RECORD_BYTES))
    for sector in range(sectors):
        start = sector * SECTOR_BYTES
        seed = journal_sector.write_header(header, sector + 1, sector * SECTOR_RECORDS + 1)
        memory.program(start, header)
        if sector < sectors - pending:
            memory.program(start + journal_sector.ACKNOWLEDGED_AT, bytes(4))
            continue
        at = journal_sector.HEADER_BYTES
        for code in range(SECTOR_RECORDS):
            length = journal_sector.write_frame(frame, at, code, RECORD, seed)
            memory.program(start + at, frame[:length])
            at += length
    return memory


def run_mount(sectors, pending, times):
    memory = prepared(sectors, pending)
    journal = Journal(memory)
    start_us = time.ticks_us()
    for _ in range(times):
        report = journal.mount()
        assert report.records == pending * SECTOR_RECORDS, report
    return {"us": time.ticks_diff(time.ticks_us(), start_us), "times": times}


RUNS = {"journal": run_journal, "append": run_append, "littlefs": run_littlefs, "mount": run_mount}
print(json.dumps(RUNS[sys.argv[1]](*[int(number) for number in sys.argv[2:]])))
