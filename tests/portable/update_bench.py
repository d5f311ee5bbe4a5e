"""The parts of a hub's surroundings that attacks on updates use, for tests on both interpreters.

A source of blobs, a collector, a stage in memory; what they say goes through the hub's own reader
of responses, as over a network.
"""

import hashlib
import unittest

import site_documents as site

from varde_firmware.core import update_plan
from varde_firmware.shell import block_fetch, unpack, update_documents
from varde_protocols import http_response, release

FAILED, REFUSED = update_plan.FAILED, update_plan.REFUSED
BLOCK, SECTORS = 4096, 200
ERASED = b"\xff" * BLOCK
DATA = bytes([n * 7 & 255 for n in range(251)]) * 60  # four blocks, the last one short
AT, LIST_AT = 10, 100


class NoWaiting:
    """In the place of asyncio: every wait is over at once."""

    @staticmethod
    async def sleep_ms(_duration_ms):
        return None


block_fetch.asyncio = unpack.asyncio = update_documents.asyncio = NoWaiting


def ran(coroutine):
    """What it returns; nothing of it really waits."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value


def sha256(data):
    return hashlib.sha256(data).digest()


def listing(data):
    return b"".join([sha256(data[at : at + BLOCK]) for at in range(0, len(data), BLOCK)])


def component(data, kind=release.APPLICATION, **fields):
    made = release.Component(kind, len(data), sha256(data), BLOCK, sha256(listing(data)), 0)
    return site.changed(made, **fields)


class Flash:
    """A stage: the sectors that were written, in memory."""

    def __init__(self):
        self.sectors = {}
        self.written = []

    def read(self, sector, buffer, offset=0):
        for at in range(len(buffer)):
            number, place = divmod(sector * BLOCK + offset + at, BLOCK)
            buffer[at] = self.sectors.get(number, ERASED)[place]

    def stands(self, sector, len_bytes):
        found = bytearray(len_bytes)
        self.read(sector, found)
        return bytes(found)

    def flip(self, sector, at):
        """One bit turns, and nobody has written."""
        content = bytearray(self.sectors[sector])
        content[at] ^= 1
        self.sectors[sector] = bytes(content)

    def write(self, sector, data):
        assert len(data) == BLOCK
        assert 0 <= sector < SECTORS
        self.sectors[sector] = bytes(data)
        self.written.append(sector)


class Answer:
    def __init__(self, status, body, content_range, len_bytes):
        self.status = status
        self.body = body
        self.content_range = content_range
        self.len_bytes = len_bytes


class Source:
    """Serves objects by their hash; `spoil(hash, first, answer)` has the last word on an answer,
    which is [status, body, Content-Range or None, Content-Length or None]."""

    def __init__(self, *objects):
        self.objects = {}
        for data in objects:
            self.offer(data)
        self.asked = []
        self.body_bytes = 0
        self.spoil = lambda _name, _first, answer: answer

    def offer(self, data, name=None):
        self.objects[sha256(data) if name is None else name] = data

    async def ask(self, head, _parts, _now_ms, most_bytes, into=None):
        name, first, last = self._read(head)
        self.asked.append((name, first))
        status, body, said, length = self.spoil(name, first, self._honest(name, first, last))
        self.body_bytes += len(body)
        lines = ["HTTP/1.1 %d Any" % status]
        lines += ["Content-Range: " + said] if said is not None else []
        lines += ["Content-Length: %d" % (len(body) if length is None else length)]
        raw = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        return received(raw, most_bytes, into)

    def _read(self, head):
        name = bytes.fromhex(head.split(" HTTP/1.1")[0].split("/")[-1])
        if "bytes=" not in head:
            return name, None, None
        first, last = head.split("bytes=")[1].split("-")
        return name, int(first), int(last)

    def _honest(self, name, first, last):
        data = self.objects.get(name)
        if data is None:
            return [404, b"", None, None]
        if first is None:
            return [200, data, None, None]
        said = "bytes %d-%d/%d" % (first, last, len(data))
        return [206, data[first : last + 1], said, None]


def received(raw, most_bytes, into):
    """As ports.https_client makes an answer of what comes; raises as that."""
    reader = http_response.ResponseReader(max_body=most_bytes)
    head, body, count = None, b"", 0
    for at in range(0, len(raw), 1024):
        reader.receive(raw[at : at + 1024])
        while True:
            event = reader.next_event()
            if event is http_response.NEED_DATA:
                break
            if event is http_response.END:
                return Answer(head.status, body, head.headers.get("content-range", b""), count)
            if isinstance(event, http_response.Head):
                head = event
            elif into is None:
                body, count = body + event.data, count + len(event.data)
            else:
                into[count : count + len(event.data)] = event.data
                count += len(event.data)
    raise OSError(104)


def fetching_from(source, flash):
    return block_fetch.BlockFetch(source, "/v1/blobs", flash, hashlib.sha256, lambda: 0)


class Attack(unittest.TestCase):
    def stops(self, reason, kind, function, *args):
        """`function` ends with a Stop of this reason and kind."""
        try:
            function(*args)
        except update_plan.Stop as stop:
            self.assertEqual((stop.reason, stop.kind), (reason, kind))
            return
        self.fail("it went through")


def altered(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
