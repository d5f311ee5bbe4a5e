"""Who has the collector's machine, all of it, has no value: not by looking, not by any key there.

All bytes of the database, of the site's directory without the receiver's key, of the log, the
metrics and a backup are searched for the values in every spelling that anybody thought of; then
all keys there, and every 32 bytes that might be one, are tried on the seals. Both searches are
shown to find what there is to be found.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from host.collector_process import NAME, CollectorProcess, varde
from host.postgres_server import PostgresServer, programs
from host.virtual_hub import VirtualHub
from varde_host.collector import database, registry
from varde_host.site import certificates, creation, files
from varde_protocols import cose, records, sealing
from varde_protocols.crypto import x25519
from varde_protocols.errors import CoseError

HUBS = 3
READINGS_A_HUB = 40
MODEL = "beurer-bm"
KEY_BYTES = 32
FIRST_OF_OURS = 16384  # files of PostgreSQL's own tables have lower numbers


@dataclass
class Secret:
    """What stands in one sealed reading."""

    value: bytes
    address: bytes

    def spellings(self) -> set[bytes]:
        """Return how these bytes, and the numbers in them, may stand somewhere."""
        found: set[bytes] = set()
        for raw in (self.value, self.address[1:]):
            for data in (raw, raw[::-1]):
                found |= {data, data.hex().encode(), data.hex().upper().encode()}
                found |= {data.hex(separator).upper().encode() for separator in ":- "}
                for shift in range(3):  # wherever it stands in what is encoded
                    text = base64.b64encode(bytes(shift) + data)[4 if shift else 0 :]
                    found |= {text[:-4], text[:-4].translate(bytes.maketrans(b"+/", b"-_"))}
                found.add(str(list(data))[1:-1].encode())
        for number in struct.unpack("<3I", self.value[:12]):
            found |= {b"%d" % number, struct.pack("<d", number), struct.pack(">d", number)}
            found |= {b"%d" % (number // 10**places) for places in (1, 2)}
        return {spelling for spelling in found if len(spelling) >= 6}


@dataclass
class Machine:
    """A collector's machine after a day's work, and what its hubs had measured."""

    site: files.Site
    receiver_private: bytes
    secrets: list[Secret]
    sealed: list[tuple[bytes, records.Session, records.Reading]]
    everything: dict[str, bytes]
    """All that lies on it, by where."""


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("machine")
    site = creation.create(folder / "site", "test", [NAME], certificates.Validity())
    private = site.receiver_private()
    (site.directory / files.RECEIVER_KEY).rename(folder / "on another machine")
    if request.param == "sqlite":
        yield _work(site, private, "")
        return
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with PostgresServer(wal_segment_mb=1) as server:
        made = _work(site, private, server.create())
        server.execute("CHECKPOINT")
        made.everything |= _contents(server.folder / "data" / "pg_wal")
        for path, data in _contents(server.folder / "data" / "base").items():
            if int(re.match(r"\d*", Path(path).name)[0] or 0) >= FIRST_OF_OURS:
                made.everything[path] = data
        yield made


def _work(site: files.Site, private: bytes, url: str) -> Machine:
    """Let hubs deliver to a real collector, and return all that this leaves."""
    machine = Machine(site, private, [], [], {})
    hubs = [VirtualHub(number, site.receiver_public) for number in range(HUBS)]
    opened = database.open_database(url or site.database)
    with opened.writing() as connection:
        for hub in hubs:
            registry.enrol(connection, hub.public, 0)
    opened.close()
    with CollectorProcess(site, database=url) as process:
        for number, hub in enumerate(hubs):
            raws = _measured(machine, hub, random.Random(number))
            assert process.post(hub.body(raws))[0] == 200
            broken = raws[-1][:-1] + bytes([raws[-1][-1] ^ 1])
            assert process.post(hub.body([broken, hub.event()]))[0] == 200
        machine.everything["metrics"] = _get(process, "/metrics")
        copied = varde(
            "database", "backup", "--site", str(site.directory), "--out",
            str(site.directory / "backup"), env=process.variables,
        )  # fmt: skip
        assert copied.returncode == 0, copied.stderr
        machine.everything |= _contents(site.directory)  # the write-ahead log among it
    after = _contents(site.directory)  # with what was folded into the database at its end
    machine.everything |= {f"{path} after": data for path, data in after.items()}
    return machine


def _measured(machine: Machine, hub: VirtualHub, generator: random.Random) -> list[bytes]:
    raws = [hub.start()]
    session = _payload(raws[0])
    assert isinstance(session, records.Session)
    for _ in range(READINGS_A_HUB):
        secret = Secret(generator.randbytes(18), b"\x01" + generator.randbytes(6))
        hub.uptime_ms += 60_000
        raws.append(hub.reading(secret.value, 0x2A35, 1, secret.address, MODEL))
        reading = _payload(raws[-1])
        assert isinstance(reading, records.Reading)
        machine.secrets.append(secret)
        machine.sealed.append((hub.hub_id, session, reading))
    return raws


def _payload(raw: bytes) -> object:
    return records.decode(cose.Sign1.parse(raw).unverified_payload)


def _get(process: CollectorProcess, path: str) -> bytes:
    with process.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def _contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in paths}


# --- looking -------------------------------------------------------------------------------------


def test_no_value_stands_anywhere_in_any_spelling(machine: Machine):
    needles = [spelling for secret in machine.secrets[::4] for spelling in secret.spellings()]
    needles += [MODEL.encode(), MODEL.upper().encode()]
    assert len(machine.everything) > 8
    heap = b"\x00".join({data.strip(b"\x00") for data in machine.everything.values()})
    assert all(raw in heap for raw in (machine.sealed[0][2].sealed, machine.sealed[-1][2].sealed))
    assert [needle for needle in needles if needle in heap] == []


def test_the_search_finds_what_there_is():
    secret = Secret(random.Random(0).randbytes(18), bytes(range(7)))
    texts = [
        secret.value, b"x" + secret.value[::-1], secret.value.hex().encode(),
        base64.b64encode(b"a" + secret.value), base64.urlsafe_b64encode(b"ab" + secret.value),
        base64.b64encode(b"abc" + secret.value), b"01:02:03:04:05:06", b"06:05:04:03:02:01",
        str(struct.unpack("<I", secret.value[:4])[0] / 100).encode(),
    ]  # fmt: skip
    for text in texts:
        assert any(spelling in b"  " + text + b"  " for spelling in secret.spellings()), text


# --- trying --------------------------------------------------------------------------------------


def opens(candidate: bytes, hub_id: bytes, session: records.Session, reading: records.Reading):
    """Return the content if 32 bytes are any key to it: the receiver's, what it and the session's
    agree on, or the session's own in its first or last half."""
    keys = [candidate[:16], candidate[16:], sealing._session_key(hub_id, session, candidate)]
    for public in (session.public_key, session.receiver_kid * 4):
        try:
            shared = x25519.shared(candidate, public)
        except ValueError:
            continue
        keys.append(sealing._session_key(hub_id, session, shared))
    fields = (reading.seq, reading.uptime_ms, reading.slot, reading.characteristic)
    aad = sealing._aad(hub_id, reading.boot, *fields)
    for key in keys:
        try:
            return cose.decrypt0(key, reading.sealed, aad)
        except CoseError:
            continue
    return None


def private_keys(site: files.Site) -> Iterator[bytes]:
    """Return every private key of the directory in every form that may serve as X25519's."""
    paths = sorted(site.directory.glob("*.key"))
    assert {path.name for path in paths} == {
        "assignment.key", "collector.key", "root-1.key", "root-2.key", "server.key",
        "service.key", "trust-1.key", "trust-2.key",
    }  # fmt: skip
    for path in paths:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if hasattr(key, "private_numbers"):
            scalar = key.private_numbers().private_value.to_bytes(KEY_BYTES)
        else:
            scalar = key.private_bytes_raw()
        for raw in (scalar, scalar[::-1]):
            yield raw
            yield hashlib.sha512(raw).digest()[:KEY_BYTES]  # RFC 8032 section 5.1.5
            yield hashlib.sha256(raw).digest()


def windows(site: files.Site) -> Iterator[bytes]:
    """Return every 32 bytes of every file of the site but the database, PEM also decoded."""
    for path in sorted(site.directory.iterdir()):
        if path.suffix not in {".pem", ".key", ".json"}:
            continue
        texts = [path.read_bytes()]
        if path.suffix != ".json":
            body = [line for line in texts[0].splitlines() if not line.startswith(b"-")]
            texts.append(base64.b64decode(b"".join(body)))
        for text in texts:
            for begin in range(len(text) - KEY_BYTES + 1):
                yield text[begin : begin + KEY_BYTES]


def public_bytes(machine: Machine) -> Iterator[bytes]:
    """Return what is public and might be taken for a secret by a careless design."""
    yield machine.site.receiver_public
    yield machine.site.collector_public
    yield bytes(KEY_BYTES)
    for hub_id, session, _ in machine.sealed:
        yield session.public_key
        yield hashlib.sha256(hub_id).digest()
        yield hub_id * 4
    for number in range(HUBS):
        yield VirtualHub(number).public


def test_no_key_of_the_machine_opens_a_reading(machine: Machine):
    one_a_session = machine.sealed[::READINGS_A_HUB]
    candidates = [*private_keys(machine.site), *set(public_bytes(machine))]
    assert machine.receiver_private not in candidates
    for candidate in candidates:
        for sealed in one_a_session:
            assert opens(candidate, *sealed) is None
    count = 0
    for candidate in windows(machine.site):
        assert opens(candidate, *machine.sealed[0]) is None
        count += 1
    assert count > 4000


def test_the_receivers_key_does(machine: Machine):
    for secret, sealed in zip(machine.secrets, machine.sealed, strict=True):
        content = sealing.Content.decode(opens(machine.receiver_private, *sealed))
        assert (content.value, content.address, content.model) == (
            secret.value, secret.address, MODEL,
        )  # fmt: skip


def test_the_command_that_reads_says_what_it_lacks(machine: Machine):
    if (machine.site.directory / files.DATABASE).exists():
        run = varde("readings", "--site", str(machine.site.directory), "--json")
        assert run.returncode == 1
        assert '"file-read"' in run.stdout


def test_equal_values_look_different(machine: Machine):
    hub = VirtualHub(9, machine.site.receiver_public)
    hub.start()
    twins = [_payload(hub.reading()) for _ in range(50)]
    tails = {reading.sealed[-13:] for reading in twins}
    assert len(tails) == len(twins)
