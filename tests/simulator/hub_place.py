"""A whole hub in a world, with sensors beside it: the real firmware on the VM, its journal opened.

There is WiFi and a time server, and no collector: the hub keeps what it has, and a test reads it.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from golden import site
from simulator.board_place import Place, play
from varde_firmware.core import journal
from varde_protocols import cose, hub_config, records, sealing
from varde_protocols.crypto import ed25519, x25519
from varde_simulator import flash_image, stage
from varde_simulator.board import VirtualBoard
from varde_simulator.sensors.models import MODELS
from varde_simulator.sensors.virtual_sensor import VirtualSensor

RECEIVER = bytes(range(64, 96))
SECTOR_BYTES = 4096
JOURNAL_BYTES = 256 * 1024
NODE = "hub-1"


class Hub:
    """One hub, its sensors by slot, and what it has journaled."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sensors: dict[int, VirtualSensor] = {}
        self._rows: list[hub_config.Sensor] = []
        self.board: VirtualBoard | None = None
        self.journal_bytes = JOURNAL_BYTES

    async def add(
        self, slot: int, model: str, service: int, wanted: list[int], user: list[int] | None = None
    ) -> Any:
        """A sensor on the air and in the config, as a bench would write it."""
        sensor = await self.place.world.add_sensor(MODELS[model](), f"{model}-{slot}")
        if user is not None:
            sensor.behaviour.user_entered(user[1])
        self.sensors[slot] = sensor
        security = sensor.model.security
        bond = 0 if security is None else 1 if security.passkey is None else 2
        passkey = security.passkey if bond == 2 and security is not None else None
        row = (slot, sensor.address, None, service, wanted, sensor.model.driver, bond, passkey)
        self._rows.append(hub_config.Sensor(*row, user, b""))
        return sensor

    async def power_on(self) -> None:
        """Make the board, put firmware and documents on it, and switch it on."""
        world = self.place.world
        world.add_access_point(stage.SSID, stage.PASSWORD)
        files = {**stage.firmware_files(world.vm), **self._documents()}
        self.board = world.add_board(NODE, files, self.journal_bytes)
        self.board.on_console = self.place._on_console
        self.board.on_note = self.place.notes.append
        await self.board.network.start("collector.example", "ntp.example")
        await self.board.power_on()

    def _documents(self) -> dict[str, bytes]:
        collector = ed25519.SigningKey(bytes(32)).public
        roots = [_root("one"), _root("two")]
        return site.hub_files(self._config(), roots, collector, x25519.public_key(RECEIVER))

    def _config(self) -> hub_config.HubConfig:
        return hub_config.HubConfig(
            [hub_config.Network(stage.SSID, stage.PASSWORD)],
            "collector.example",
            443,
            3600,
            self._rows,
            "ntp.example",
            123,
            "lilygo_t_sim7670g_s3",
            None,
            0,
            [60, hub_config.RULE_EU],
            [],
            None,
        )

    async def session(self, slot: int, outcome: str, timeout_s: float = 600) -> None:
        """Wait until the hub says so of one more session with this sensor."""
        del self.place.lines[:]
        await self.place.until(f"varde: sensor {slot}: {outcome}", timeout_s)

    def signed(self) -> list[cose.Sign1]:
        """All that the journal holds, in order."""
        assert self.board is not None
        log = journal.Journal(_Image(flash_image.read(self.board.flash, "journal")))
        log.mount()
        rows = sorted(log.batch(JOURNAL_BYTES, 10_000))
        return [cose.Sign1.parse(data) for _, data in rows]

    def of(self, kind: type) -> list[Any]:
        """The records of one kind."""
        found = [records.decode(signed.unverified_payload) for signed in self.signed()]
        return [record for record in found if isinstance(record, kind)]

    def events(self, slot: int) -> list[int]:
        """The codes of the events about this slot."""
        others = (records.EVENT_BOOT, records.EVENT_TORN_WRITE, records.EVENT_WIFI_FAILED)
        return [
            e.code for e in self.of(records.Event) if e.code not in others and e.detail == slot
        ]

    def values(self, slot: int, characteristic: int) -> list[bytes]:
        """What was journaled of one characteristic, opened."""
        openers: dict[int, sealing.SessionOpener] = {}
        values = []
        for signed in self.signed():
            record = records.decode(signed.unverified_payload)
            if isinstance(record, records.Session):
                opener = sealing.SessionOpener(signed.unverified_kid, record, RECEIVER)
                openers[record.seq] = opener
            elif isinstance(record, records.Reading) and record.slot == slot:
                opened = openers[record.session_seq].open(record).value
                values += [opened] if record.characteristic == characteristic else []
        return values


class _Image:
    """A journal's bytes as a flash that only reads, and forgets what is written."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        self.sector_count = len(data) // SECTOR_BYTES

    def read_into(self, offset: int, buffer: bytearray) -> None:
        buffer[:] = self._data[offset : offset + len(buffer)]

    def program(self, offset: int, data: bytes) -> None:
        for place, byte in enumerate(data, offset):
            self._data[place] &= byte

    def erase(self, sector: int) -> None:
        start = sector * SECTOR_BYTES
        self._data[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES


def with_hub(folder: Path, act: Callable[[Hub], Awaitable[None]]) -> Hub:
    """Run `act` with a hub in a world of its own."""
    hubs: list[Hub] = []

    async def in_place(place: Place) -> None:
        hubs.append(Hub(place))
        await act(hubs[0])

    play(folder, in_place)
    return hubs[0]


def _root(name: str) -> bytes:
    """A certificate that nobody ever presents."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)
