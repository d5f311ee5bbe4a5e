"""Exchange rounds with servers that mean no good, some at a time; prints what came of each.

Arguments: root, the client's limit in ms, then `port:count` for each lane. A line a round:
lane, number, result, why, milliseconds. At last the records left, and the heap's growth.
"""

# ruff: noqa: I001, UP031  (MicroPython runs this)

import asyncio
import gc
import os
import socket
import sys
import time

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519

from nor_flash import NorFlash

from varde_firmware.core import journal, recorder
from varde_firmware.ports import https_client
from varde_firmware.shell import exchange_round, identity, keeper
from varde_firmware.shell.clock import Clock

RECORDS = 12


class Names:
    """The port's `socket`; "localhost" is known also where there is no hosts file."""

    SOCK_STREAM = socket.SOCK_STREAM
    socket = socket.socket

    @staticmethod
    def getaddrinfo(_host, *rest):
        return socket.getaddrinfo("127.0.0.1", *rest)


https_client.socket = Names
WHY = {}


def note(*words):
    """Takes the place of the console: why a round failed."""
    WHY[asyncio.current_task()] = "%s/%s" % (words[1], words[2])


exchange_round.print = note


class Alone:
    def run(self, function, *args):
        return function(*args)


COLLECTOR_PUBLIC = ed25519.SigningKey(bytes(32)).public


def open_files():
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:  # no Linux
        return 0


def ms_since(start):
    return time.ticks_diff(time.ticks_ms(), start)


class Lane:
    """One client and what is above it, for the servers behind one port."""

    def __init__(self, number, who, log, made, root, limit_ms, place):
        port, count = place.split(":")
        self.number, self.count, self.done = number, int(count), 0
        self.client = https_client.HttpsClient("localhost", int(port), [root])
        self.client.connect_ms = self.client.send_ms = self.client.answer_ms = limit_ms
        self.exchanger = exchange_round.Exchanger(
            who, COLLECTOR_PUBLIC, 1, log, self.client, Alone(), made, os.urandom, Clock()
        )

    async def go(self, until):
        task = asyncio.current_task()
        while self.done < min(until, self.count):
            start = time.ticks_ms()
            WHY[task] = "-"
            result = await self.exchanger.deliver()
            self.client.close()
            why = WHY[task].replace(" ", "-")
            print(self.number, self.done, type(result).__name__, why, ms_since(start))
            self.done += 1
        WHY.pop(task, None)


async def watch(most_ms):
    """The longest time in which nobody else had his turn: a dog would have bitten."""
    while True:
        start = time.ticks_ms()
        await asyncio.sleep_ms(20)
        most_ms[0] = max(most_ms[0], ms_since(start))


async def main():
    with open(sys.argv[1], "rb") as file:
        root = file.read()
    log = journal.Journal(NorFlash(8))
    log.mount()
    who = identity.Identity(bytes(range(32)), 1)
    made = recorder.Recorder(log, who.signing_key, who.hub_id, 1)
    for n in range(RECORDS):
        made.event(n, 1, n)
    first = dict(log.batch(1 << 20, 1000))
    kept = keeper.Keeper(Alone(), made)
    files, most_ms = open_files(), [0]
    lanes = [
        Lane(number, who, log, kept, root, int(sys.argv[2]), place)
        for number, place in enumerate(sys.argv[3:])
    ]
    await asyncio.gather(*[lane.go(2) for lane in lanes])  # what is loaded once, is
    gc.collect()
    before = gc.mem_alloc()
    watching = asyncio.create_task(watch(most_ms))
    await asyncio.gather(*[lane.go(1 << 20) for lane in lanes])
    watching.cancel()
    gc.collect()
    growth = gc.mem_alloc() - before
    assert open_files() == files, (files, open_files())
    left = dict(log.batch(1 << 20, 1000))
    for seq, data in first.items():
        assert left[seq] == data, seq
    print("left", len(first), "growth", growth, "longest", most_ms[0])


asyncio.run(main())
