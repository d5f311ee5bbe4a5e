"""A hub whose updates are played without hardware: flash, record, clock, collector and source are
values, and `sit` is one sitting of the real `shell.updater`. On both interpreters."""

import asyncio
import hashlib
import io

import hub_modules  # noqa: F401  (bottom up: the stack is small)
import site_documents as site

from varde_firmware.core import update_record
from varde_firmware.shell import updater
from varde_protocols import assignment, cbor, document_request, documents, records, release, trust
from varde_protocols import update_words as words
from varde_protocols.crypto import ed25519

try:
    import zlib

    def inflated(data):
        return io.BytesIO(zlib.decompress(data))

except ImportError:  # MicroPython
    import deflate

    def inflated(data):
        return deflate.DeflateIO(io.BytesIO(data), deflate.ZLIB)


if not hasattr(asyncio, "sleep_ms"):
    asyncio.sleep_ms = lambda delay_ms: asyncio.sleep(delay_ms / 1000)

BLOCK = 4096
SECTORS = 0x270000 // BLOCK
GIVEN = assignment.unverified(site.messages("Assignment")[0])
HUB_KEY = ed25519.SigningKey(bytes(range(32)))
FILES = [("a.mpy", bytes(range(256)) * 70), ("b/c.mpy", b"y" * 9000), ("d.mpy", b"z" * 30)]
LIMIT = 100  # of steps in a row: nothing here takes so many


class Reset(Exception):
    """The chip starts anew."""


class PowerCut(Exception):
    """In the middle of an answer."""


def zlib_stored(data):
    """RFC 1950 and 1951 without compression: not every interpreter deflates."""
    parts = [b"\x78\x01"]
    for at in range(0, len(data), 60_000):
        piece = data[at : at + 60_000]
        size = len(piece)
        is_last = at + size == len(data)
        parts += [bytes((int(is_last), size & 255, size >> 8, ~size & 255, ~size >> 8 & 255))]
        parts += [piece]
    low, high = 1, 0
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return b"".join(parts) + (high << 16 | low).to_bytes(4, "big")


def bundle(files):
    total = sum([len(content) for _, content in files])
    parts = [cbor.encode([1, len(files), total])]
    for path, content in files:
        parts += [cbor.encode(path), cbor.encode(content)]
    return zlib_stored(b"".join(parts))


class Released:
    """A release as a source serves it."""

    def __init__(
        self, number=7, files=FILES, image=b"", signers=("release-1", "release-2"), **fields
    ):
        self.blobs = {}
        min_from = fields.pop("min_from", 0)
        components = []
        for kind, data in (
            (release.APPLICATION, bundle(files) if files else b""),
            (release.INTERPRETER, image),
        ):
            if data:
                components.append(self.component(kind, data, min_from))
        plain = {
            "number": number,
            "name": "x",
            "target": "desk",
            "components": components,
            "floor": 0,
            "signed_ms": 0,
        }
        plain.update(fields)
        self.given = release.Release(**plain)
        self.payload = self.given.encode()
        self.digest = release.digest(self.payload)
        self.blobs[self.digest.hex()] = site.signed(documents.RELEASE, self.payload, *signers)
        self.named = [number, self.digest]

    def component(self, kind, data, min_from):
        rows = [
            hashlib.sha256(data[at : at + BLOCK]).digest() for at in range(0, len(data), BLOCK)
        ]
        listing = b"".join(rows)
        whole, blocks = hashlib.sha256(data).digest(), hashlib.sha256(listing).digest()
        self.blobs[whole.hex()] = data
        self.blobs[blocks.hex()] = listing
        return release.Component(kind, len(data), whole, BLOCK, blocks, min_from)


class Answer:
    def __init__(self, status, body=b"", content_range=b""):
        self.status, self.body, self.content_range = status, body, content_range
        self.len_bytes = len(body)


class Refused(Exception):
    pass


class Client:
    """HTTPS to collector or source; `fault(self, count)` may raise or return an Answer."""

    Refused = Refused
    answer_ms = 0
    on_bytes = None

    def __init__(self, desk):
        self.desk = desk

    def close(self):
        pass

    async def ask(self, head, parts, now_ms, most_bytes=0, into=None):
        desk = self.desk
        desk.requests += 1
        desk.now += 100
        if desk.before_answer:
            desk.before_answer(desk.requests)
        found = self.document(parts[0]) if head.startswith("POST") else self.blob(head)
        if desk.fault:
            found = desk.fault(found, head) or found
        desk.down_bytes += len(found.body)
        if desk.cut_at == desk.requests:
            raise PowerCut
        if into is not None:
            into[: len(found.body)] = found.body
            found.body = b""
        return found

    def document(self, body):
        request = document_request.check(document_request.parse(body), self.desk.verify_key)
        for kind, number, data in reversed(self.desk.published):
            is_next = kind == documents.ASSIGNMENT or number == request.after + 1
            if kind == request.kind and number > request.after and is_next:
                return Answer(200, data)
        return Answer(204)

    def blob(self, head):
        lines = head.split("\r\n")
        data = self.desk.blobs.get(lines[0].split(" ")[1].split("/")[-1])
        if data is None:
            return Answer(404, b"no")
        if len(lines) == 1:
            return Answer(200, data)
        first, last = [int(text) for text in lines[1].split("=")[1].split("-")]
        said = b"bytes %d-%d/%d" % (first, last, len(data))
        return Answer(206, data[first : last + 1], said)


class Slot:
    """Of the interpreter; `writes` counts."""

    def __init__(self, desk):
        self.desk = desk
        self.sectors = desk.sectors

    def read(self, sector, buffer, offset=0):
        data = self.desk.flash.get(sector, b"\xff" * BLOCK)
        buffer[:] = data[offset : offset + len(buffer)]

    def write(self, sector, data):
        assert len(data) == BLOCK
        self.desk.flash[sector] = bytes(data)

    def inflated(self, sector, size):
        data = b"".join([self.desk.flash[sector + i] for i in range((size + BLOCK - 1) // BLOCK)])
        return inflated(data[:size])


class Running:
    def __init__(self, desk):
        self.image = desk.image

    def read(self, sector, buffer, offset=0):
        buffer[:] = (self.image + b"\xff" * (sector * BLOCK + BLOCK))[
            sector * BLOCK : sector * BLOCK + len(buffer)
        ]


class Stage:
    """As the module ports.stage."""

    TRUST, ASSIGNMENT, RELEASE = "/trust.cbor", "/assignment.trial", "/release.cbor"

    def __init__(self, desk):
        self.desk = desk
        self.sha256 = hashlib.sha256
        self.Stage = lambda: Slot(desk)
        self.Running = lambda: Running(desk)

    def target(self):
        return "desk"

    def document(self, path):
        return self.desk.documents.get(path, b"")

    def put(self, path, data):
        self.desk.documents[path] = data

    def remove(self, path):
        self.desk.documents.pop(path, None)

    def settle(self, _number):
        self.remove(self.ASSIGNMENT)


class Desk:
    """Everything that a sitting asks. What outlasts a start: flash, documents, record, slot b."""

    def __init__(self, sectors=SECTORS):
        self.now = 10_000
        self.sectors = sectors
        self.flash, self.documents, self.slot_b = {}, {"/trust.cbor": site.TRUSTS[0]}, {}
        self.record_bytes = b""
        self.saved = []  # states, one for each write
        self.image = b"running"
        self.blobs, self.published, self.events = {}, [], []
        self.requests = self.down_bytes = self.resets = 0
        self.cut_at = 0
        self.fault = self.before_answer = None
        self.verify_key = ed25519.VerifyKey(HUB_KEY.public)
        self.is_measuring, self.pending, self.battery_mv, self.utc = False, 0, None, None
        self.is_thrifty, self.link, self.number = False, records.LINK_WIFI, 1
        self.update_from_ms = self.update_fact = None
        self.update_tries = 0
        self.local_time = [60, 0]
        self.announced, self.is_stranger = 0, False
        self.signing_key, self.hub_id = HUB_KEY, site.HUB_ID
        self.client = Client(self)
        self.clock = self.exchanger = self.identity = self
        self.reads_roots = True
        self.runs(1, 1)

    # Ports, store, keeper, links, time: this one object

    def for_updates(self, name):
        return {
            "update_store": self,
            "stage": Stage(self),
            "document_files": self,
            "slots": self,
            "interpreter_slots": self,
        }[name]

    def UpdateStore(self):
        return self

    def load(self):
        return self.record_bytes

    def save(self, data):
        self.record_bytes = data
        self.saved.append(data[1])

    def restart(self):
        self.resets += 1
        raise Reset

    def trust(self):
        return trust.unverified(self.documents["/trust.cbor"])

    def facts(self, _board):
        return {} if self.battery_mv is None else {records.FACT_BATTERY_MV: self.battery_mv}

    def make_client(self, _host, _port, roots):
        assert roots
        if not self.reads_roots:
            raise ValueError("no certificate")
        return Client(self)

    def random_bytes(self, count):
        return bytes(count)

    def now_ms(self):
        return self.now

    def utc_ms(self, _now_ms):
        return self.utc

    def pending_count(self):
        return self.pending

    def event(self, _now_ms, code, detail):
        self.events.append((code,) + words.of_detail(detail))  # noqa: RUF005  (MicroPython)

    def count(self, _len_bytes):
        pass

    def arm(self, number):
        assert number == 1

    def clear(self, _slot):
        self.slot_b = {}

    def create(self, _slot, path):
        return File(self.slot_b, path)

    def read_back(self, _slot, path):
        return len(self.slot_b[path]), hashlib.sha256(self.slot_b[path]).digest()

    # What tests do

    def runs(self, assignment_number, epoch):
        """What this start runs by."""
        self.report_of = (self, (assignment_number, "desk", epoch), None, self, self, self, self)

    @property
    def record(self):
        return update_record.load(self)

    def publish(self, number=2, released=None, signers=("assignment-1",), **fields):
        """An assignment for this hub, and its release at the source."""
        if released is not None:
            self.blobs.update(released.blobs)
        plain = {
            "number": number,
            "release": released and released.named,
            "window": None,
            "allowance_kib": None,
            "source": ["blobs.example", 443, "/x"],
            "hub_id": None,
        }
        plain.update(fields)
        data = site.signed(documents.ASSIGNMENT, site.changed(GIVEN, **plain), *signers)
        self.publish_raw(number, data)

    def publish_raw(self, number, data):
        self.published.append((documents.ASSIGNMENT, number, data))
        self.announced = number

    def sit(self):
        """One sitting; returns the reason that it ended with, "reset" or "cut"."""
        self.update_from_ms = None
        try:
            asyncio.run(updater.sit(self))
        except Reset:
            return "reset"
        except PowerCut:
            self.update_fact, self.update_tries = None, 0
            return "cut"
        return self.update_fact and self.update_fact[3]

    def sit_out(self):
        """Sit, each time when it is due, until it is over; returns the reasons."""
        found = []
        for _ in range(LIMIT):
            found.append(self.sit())
            if self.update_from_ms is None:
                return found
            assert self.update_from_ms >= self.now
            self.now = self.update_from_ms
        raise AssertionError("no end: %s" % found)


class File:
    def __init__(self, files, path):
        self.files, self.path = files, path

    def __enter__(self):
        self.files[self.path] = b""
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self.files[self.path] += bytes(data)
