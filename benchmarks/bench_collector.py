"""The collector's records per second and core, beside the bare rate of its signature check.

Four figures, all of the same records (readings as hubs make them, in requests as full as a hub
sends them, 100 hubs):

- bare: libsodium by PyNaCl on prepared inputs, nothing else. The bound for all others, as there
  is no batch verification of Ed25519 in Python's wheels.
- pipeline: from a request's bytes to the committed rows, in one thread: cut, verify request and
  records, read, de-duplicate, SQLite with synchronous=FULL.
- rest: the same with the signature checks left out.
- HTTPS: the real process over TLS, by the CPU time that it takes; hubs open a connection for each
  exchange, so that is one figure, and kept connections (as behind a load balancer) the other.

Rates are per second of CPU time, so that what else a machine does falls out as far as it can;
bare and pipeline take turns at every transaction, and the median of the rounds counts. A round of
the pipeline pays for its own checkpoint. Writes build/bench/collector.json.

The share of the bare rate is given twice: records against records; and checks against checks, as
a request is signed, too, and the collector has one more signature to check than there are records.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import hashlib
import json
import os
import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import nacl.bindings

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "protocols"), str(ROOT / "host")]

from varde_host.collector import (  # noqa: E402
    batch,
    commit,
    database,
    judgement,
    known_hubs,
    registry,
    verification,
)
from varde_host.site import certificates, creation, files  # noqa: E402
from varde_protocols import cose, exchange, records, sealing  # noqa: E402
from varde_protocols.crypto import ed25519, x25519  # noqa: E402

HUBS = 100
REQUESTS_A_HUB = 2
REQUESTS_A_TRANSACTION = 20  # what gathers while one commit is under way, when all hubs come
ROUNDS = 7
CONNECTIONS = 16
VALUE = bytes.fromhex("0061004800")
RESULT = ROOT / "build" / "bench" / "collector.json"


@dataclass(frozen=True)
class Load:
    """What hubs send, and the inputs that a bare check of the same records takes."""

    publics: list[bytes]
    bodies: list[bytes]
    signed: list[list[tuple[bytes, bytes]]]
    """Of each body's records: signature and message, and the key."""

    @property
    def records(self) -> int:
        return sum(map(len, self.signed))

    @property
    def checks(self) -> int:
        return self.records + len(self.bodies)

    def transactions(self) -> Iterator[Load]:
        """Cut it into what goes into one transaction each."""
        for begin in range(0, len(self.bodies), REQUESTS_A_TRANSACTION):
            part = slice(begin, begin + REQUESTS_A_TRANSACTION)
            yield Load(self.publics, self.bodies[part], self.signed[part])


def make_load(receiver_public: bytes) -> Load:
    load = Load([], [], [])
    for number in range(HUBS):
        key = ed25519.SigningKey(hashlib.sha256(b"bench hub %d" % number).digest())
        load.publics.append(key.public)
        readings = make_readings(key, receiver_public)
        for _ in range(REQUESTS_A_HUB):
            add_request(load, key, readings)
    return load


def make_readings(key: ed25519.SigningKey, receiver_public: bytes) -> Iterator[bytes]:
    """Return endless readings of one hub, one a minute."""
    hub_id, boot = sealing.key_id(key.public), 3
    private = hashlib.sha256(b"session" + hub_id).digest()
    sealer = sealing.SessionSealer(hub_id, boot, 1000, private, receiver_public)
    content = sealing.Content(VALUE, 0x1822, bytes(7), "")
    seq = 1000
    while True:
        seq += 1
        uptime_ms = seq * 60_000
        sealed = sealer.seal(seq, uptime_ms, 1, 0x2A5E, content)
        reading = records.Reading(seq, boot, uptime_ms, 1, 0x2A5E, 1000, sealed)
        yield cose.sign1(key, hub_id, reading.payload())


def add_request(load: Load, key: ed25519.SigningKey, readings: Iterator[bytes]) -> None:
    """Add a request with as many readings as fit a hub's batch."""
    raws = [next(readings)]
    while sum(map(len, raws)) + len(raws[0]) <= exchange.MAX_BATCH_BYTES:
        raws.append(next(readings))
    request = exchange.Request(bytes(16), 3, 10**9, 1001, 9999, len(raws), 1)
    hub_id = sealing.key_id(key.public)
    load.bodies.append(exchange.encode_request(key, hub_id, request, raws))
    load.signed.append([(signed_message(raw), key.public) for raw in raws])


def signed_message(raw: bytes) -> bytes:
    """Return signature and Sig_structure, as libsodium takes them."""
    parsed = cose.Sign1.parse(raw)
    return parsed.signature + cose.sig_structure(raw[2:15], b"", parsed.unverified_payload)


def bare(load: Load) -> None:
    for records_of_a_request in load.signed:
        for signed, public in records_of_a_request:
            nacl.bindings.crypto_sign_open(signed, public)


def pipeline(load: Load, opened: database.Database, known: known_hubs.KnownHubs) -> None:
    """Take the requests of a transaction from bytes to committed rows."""
    batches = []
    for body in load.bodies:
        parts = judgement.split(body)
        hub = known.find(parts.request.unverified_kid)
        assert hub is not None
        _, parts = judgement.verify_request(body, parts, hub)
        batches.append(judgement.judge(parts, hub, 1_800_000_000_000))
    store(opened, batches)


def store(opened: database.Database, batches: list[batch.Batch]) -> None:
    with opened.writing() as connection:
        for outcome in commit.commit(connection, batches):
            assert outcome is not None
            assert not outcome.refused


def clear(opened: database.Database, expected: int | None = None) -> None:
    with opened.writing() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM records").scalar_one()
        assert expected is None or count == expected, f"{count} of {expected} records stored"
        connection.exec_driver_sql("DELETE FROM records")


def open_unchecked(signed: bytes, pk: bytes) -> bytes:
    """Take the place of libsodium where everything but its work is measured."""
    del pk
    return signed


def checkpoint(opened: database.Database) -> None:
    with opened.reading() as connection:
        connection.rollback()
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)")


def cpu_seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def one_round(
    load: Load, opened: database.Database, known: known_hubs.KnownHubs
) -> tuple[float, float]:
    """Return seconds of CPU per record: bare and pipeline."""
    gc.collect()
    bare_s = pipeline_s = 0.0
    for part in load.transactions():
        bare_s += cpu_seconds(functools.partial(bare, part))
        pipeline_s += cpu_seconds(functools.partial(pipeline, part, opened, known))
    pipeline_s += cpu_seconds(functools.partial(checkpoint, opened))
    clear(opened, load.records)
    return bare_s / load.records, pipeline_s / load.records


def in_one_process(load: Load, opened: database.Database) -> dict[str, float]:
    """Return seconds of CPU per record: bare, pipeline, rest; and the pipeline's share."""
    known = known_hubs.KnownHubs(opened)  # those of a collector that has run for a while
    one_round(load, opened, known)
    rounds = [one_round(load, opened, known) for _ in range(ROUNDS)]
    bares, pipelines = zip(*rounds, strict=True)
    checked, verification._open = verification._open, open_unchecked
    rests = [one_round(load, opened, known)[1] for _ in range(ROUNDS)]
    verification._open = checked
    shares = [bare_s / whole_s for bare_s, whole_s in zip(bares, pipelines, strict=True)]
    return {
        "bare": statistics.median(bares),
        "pipeline": statistics.median(pipelines),
        "rest": statistics.median(rests),
        "share": statistics.median(shares),
    }


# --- the whole process over TLS ------------------------------------------------------------------


class Process:
    """The real collector; `cpu` is the CPU time that it has taken so far."""

    def __init__(self, site: files.Site) -> None:
        command = [sys.executable, "-m", "varde_host", "collector", "--host", "127.0.0.1"]
        command += ["--port", "0", "--json", "--site", str(site.directory)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.log = (site.directory / "collector.log").open("w")
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["listening"]["port"]
        self.context = ssl.create_default_context(cafile=site.directory / site.root_files[0])

    def cpu(self) -> float:
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        user_ticks, system_ticks = fields.split()[11:13]
        return (int(user_ticks) + int(system_ticks)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)
        self.log.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.context, server_hostname="localhost"
        )


async def exchange_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
) -> None:
    head = (
        f"POST {exchange.PATH} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {exchange.REQUEST_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert answer.startswith("http/1.1 200"), answer
    await reader.readexactly(int(answer.split("content-length: ")[1].split("\r\n")[0]))


async def on_kept_connections(process: Process, bodies: Iterator[bytes]) -> None:
    reader, writer = await process.connect()
    for body in bodies:
        await exchange_once(reader, writer, body)
    writer.close()
    await writer.wait_closed()


async def on_new_connections(process: Process, bodies: Iterator[bytes]) -> None:
    for body in bodies:
        await on_kept_connections(process, iter([body]))


def over_https(
    process: Process, load: Load, client: Callable[[Process, Iterator[bytes]], Awaitable[None]]
) -> float:
    """Return seconds of the process's CPU per record."""
    bodies = iter(load.bodies)

    async def all_clients() -> None:
        await asyncio.gather(*(client(process, bodies) for _ in range(CONNECTIONS)))

    began = process.cpu()
    asyncio.run(all_clients())
    return (process.cpu() - began) / load.records


def whole_process(
    site: files.Site, load: Load, opened: database.Database
) -> dict[str, float | None]:
    """Return seconds of CPU per record on kept and on new connections; None without /proc."""
    if not pathlib.Path("/proc/self/stat").exists():
        return {"kept": None, "new": None}
    process = Process(site)
    try:
        over_https(process, load, on_kept_connections)  # warm
        clear(opened, load.records)
        kept, new = [], []
        for _ in range(3):
            kept.append(over_https(process, load, on_kept_connections))
            clear(opened, load.records)
            new.append(over_https(process, load, on_new_connections))
            clear(opened, load.records)
    finally:
        process.stop()
    return {"kept": statistics.median(kept), "new": statistics.median(new)}


def share(value: float, goal: float) -> dict[str, object]:
    return {
        "value": round(value, 3),
        "unit": "ratio",
        "goal": goal,
        "peer": 1.0,
        "peer_name": "PyNaCl verify alone",
    }


def figures(
    one: dict[str, float], whole: dict[str, float | None], checks: float
) -> dict[str, dict[str, object]]:
    """Return the result's figures; `checks` are the signatures checked per record."""
    bare_rate = round(1 / one["bare"])

    def rate(seconds: float | None, goal: int | None) -> dict[str, object]:
        return {
            "value": None if seconds is None else round(1 / seconds),
            "unit": "records/s/core",
            "goal": goal,
            "peer": bare_rate,
            "peer_name": "PyNaCl verify alone",
        }

    return {
        "records into the database": rate(one["pipeline"], 20_000),
        "share of the bare verify rate": share(one["share"], 0.9),
        "the same, the request's signature counted": share(one["share"] * checks, 0.9),
        "all but the verify": {
            "value": round(one["rest"] * 1e6, 2),
            "unit": "us/record",
            "goal": None,
            "peer": None,
            "peer_name": None,
        },
        "over HTTPS, kept connections": rate(whole["kept"], None),
        "over HTTPS, a new connection each": rate(whole["new"], None),
    }


def main() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-collector-") as folder:
        validity = certificates.Validity()
        directory = pathlib.Path(folder) / "site"
        site = creation.create(directory, "bench", ["localhost"], validity)
        load = make_load(x25519.public_key(site.receiver_private()))
        opened = database.open_database(site.database)
        with opened.writing() as connection:
            for public in load.publics:
                registry.enrol(connection, public, 0)
        one = in_one_process(load, opened)
        whole = whole_process(site, load, opened)
        opened.close()
    made = figures(one, whole, load.checks / load.records)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"subject": "collector", "figures": made}, indent=2) + "\n")
    size = len(load.bodies[0]) * len(load.bodies) // load.records
    print(f"{load.records} records of {size} bytes, {len(load.bodies)} requests, {HUBS} hubs")
    for name, figure in made.items():
        print(f"{name}: {figure['value']} {figure['unit']}")


if __name__ == "__main__":
    main()
