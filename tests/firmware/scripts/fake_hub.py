"""Ports for shells: hardware that a test plays, on the hub's interpreter."""

# ruff: noqa: E402  (modules are loaded bottom up first: the stack is small)

import asyncio

from varde_firmware import load_order

load_order.load([name for name in load_order.BOTTOM_UP if ".ports" not in name])

from varde_firmware.core import backoff, journal, recorder, status
from varde_firmware.shell import bond_keeper, clock, identity, inbox, keeper, upkeep_task
from varde_protocols import cose, records
from varde_protocols.crypto import x25519

SECTOR_BYTES = 4096
RECEIVER_PRIVATE = bytes(range(64, 96))
RECEIVER_PUBLIC = x25519.public_key(RECEIVER_PRIVATE)


class Flash:
    """NOR flash in memory."""

    def __init__(self, sectors=8):
        self.sector_count = sectors
        self._bytes = bytearray(b"\xff" * (sectors * SECTOR_BYTES))

    def read_into(self, offset, buffer):
        buffer[:] = self._bytes[offset : offset + len(buffer)]

    def program(self, offset, data):
        for i in range(len(data)):
            self._bytes[offset + i] &= data[i]

    def erase(self, sector):
        start = sector * SECTOR_BYTES
        self._bytes[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES


class Exclusive:
    """Alone anyway."""

    def run(self, function, *args):
        return function(*args)

    run_in_handler = run


class BondStore:
    """NVS in memory."""

    def __init__(self):
        self.blobs = {}

    def load(self, place, buffer):
        blob = self.blobs.get(place, b"")
        buffer[: len(blob)] = blob
        return len(blob)

    def save(self, place, blob):
        self.blobs[place] = blob

    def erase(self, place):
        self.blobs.pop(place, None)


class Board:
    def __init__(self):
        self.rtc = []
        self.shown = []

    def set_rtc_ms(self, utc_ms):
        self.rtc.append(utc_ms)

    def show(self, rgb):
        self.shown.append(rgb)


class Hub:
    """What every task needs, with a real journal."""

    def __init__(self, sectors=8):
        self.clock = clock.Clock()
        self.exclusive = Exclusive()
        self.identity = identity.Identity(bytes(range(32)), 1)
        self.journal = journal.Journal(Flash(sectors))
        self.journal.mount()
        who = self.identity
        self.recorder = recorder.Recorder(self.journal, who.signing_key, who.hub_id, who.boot)
        self.recorder.session(0, bytes(range(1, 33)), RECEIVER_PUBLIC)
        self.keeper = keeper.Keeper(self.exclusive, self.recorder)
        self.keys = bond_keeper.BondKeeper(self.exclusive, BondStore())
        self.spare_heap = 100_000
        self.inbox = inbox.Inbox()
        self.board = Board()
        self.upkeep = upkeep_task.Upkeep(self.board, status.Facts(), self.clock)
        self.jitter = backoff.Jitter(1)

    def spare_heap_bytes(self):
        return self.spare_heap

    def records(self):
        """What the journal offers, decoded."""
        found = []
        for _seq, data in self.journal.batch(60000, 256):
            found.append(records.decode(cose.Sign1.parse(data).unverified_payload))
        return found

    def events(self):
        """(code, detail) of the events in the journal."""
        return [(r.code, r.detail) for r in self.records() if isinstance(r, records.Event)]


def run_until(task, *steps):
    """Run a task beside the test until each of the steps, in turn, has returned true."""

    async def both():
        running = asyncio.create_task(task)
        for step in steps:
            for _ in range(3_000):
                await asyncio.sleep_ms(5)
                if running.done():
                    await running
                if step():
                    break
            else:
                raise AssertionError("it never came to that")
        running.cancel()

    asyncio.run(both())
