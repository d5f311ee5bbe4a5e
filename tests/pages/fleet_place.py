"""A municipality with a fleet: hubs that are well and not, a rollout, kits, and planted readings.

Its readings hold a value that no page may show: `SECRET` stands in them in clear, as a hub that is
mistaken would send them, and `VALUE` is what is sealed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from host import inventory_bench, rollout_place, site_hands
from host.conftest import FixedClock
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host import cli
from varde_host.access import tenants
from varde_host.collector import registry, schema
from varde_host.fleet import groups, model_fleet, publishing, signing, starting
from varde_host.fleet_page import here, menu
from varde_host.inventory import items, notes, states, stock, store, who
from varde_protocols import cose, hub_config, records
from varde_protocols.crypto import x25519

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
VALUE = bytes.fromhex("00 61 00 48 f0".replace(" ", ""))
SECRET = "1357.924"
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
NOW_MS = inventory_bench.NOW_MS + 20 * DAY_MS

OXIMETER = hub_config.Sensor(
    1, bytes.fromhex("00a1a2a3a4a5a6"), None, 0x1822, [0x2A5E], "", 1, None, None, b""
)


@dataclass
class FleetPlace:
    """The site as a tenant, and hubs that say what a test wants."""

    tenant: tenants.Tenant
    rollout: rollout_place.RolloutPlace
    stock: inventory_bench.Stockroom
    clock: FixedClock
    watches: here.Watches = field(default_factory=here.Watches)
    kits: dict[str, str] = field(default_factory=dict)
    next_seq: int = 1_000_000

    @property
    def hubs(self) -> list[VirtualHub]:
        return self.rollout.hubs

    def says(self, hub: VirtualHub, *made: Any, at_ms: int | None = None) -> None:
        """Let records of a hub arrive: facts of a report, (code, detail) of an event, a record, or
        bytes that are signed as they are."""
        number = self.hubs.index(hub) + 1
        with self.rollout.opened.writing() as connection:
            for each in made:
                seq = self.next_seq
                self.next_seq += 1
                place = (seq, 7, seq * 10)
                if isinstance(each, dict):
                    each = records.Report(*place, each)  # noqa: PLW2901
                elif isinstance(each, tuple):
                    each = records.Event(*place, *each)  # noqa: PLW2901
                elif callable(each):
                    each = each(place)  # noqa: PLW2901
                row = {
                    "hub": number, "seq": each.seq, "boot": each.boot, "kind": each.KIND,
                    "uptime_ms": each.uptime_ms, "received_ms": at_ms or self.clock.now_ms,
                    "record": hub.sign(each),
                }  # fmt: skip
                connection.execute(sa.insert(schema.records).values(row))

    def context(self) -> dict[str, Any]:
        return {
            "name": "fleet", "clock": self.clock, "menu": menu.ENTRIES, "scan_path": "/scan",
            "extra": {here.EXTRA: self.watches},
        }  # fmt: skip


def well(seq: int, **more: Any) -> dict[int, Any]:
    """A report of a hub that is well."""
    facts = {
        records.FACT_APPLICATION: "1.8.0", records.FACT_INTERPRETER: "1.27.0",
        records.FACT_CONFIG_NUMBER: 2, records.FACT_RELEASE: 6, records.FACT_PENDING: 0,
        records.FACT_CRASHES: 0, records.FACT_BATTERY_MV: 4020, records.FACT_EXTERNAL_POWER: True,
        records.FACT_LINK: 1 + seq % 2, records.FACT_SIGNAL_DBM: -61, records.FACT_MONTH: 202702,
        records.FACT_WIFI_BYTES: 1_200_000 * seq, records.FACT_MODEM_BYTES: 90_000 * seq,
        records.FACT_BONDS: [1], records.FACT_SENSORS: [[1, 3600, 80, -55]],
        records.FACT_CLOCK: [records.SOURCE_EXCHANGE, 40, 900_000], records.FACT_CLOCK_STEPS: 0,
        records.FACT_TRUST_EPOCH: 2,
    }  # fmt: skip
    return facts | {getattr(records, f"FACT_{name.upper()}"): said for name, said in more.items()}


def anchored(utc_ms: int) -> Any:
    """An anchor that says what time it is."""
    return lambda place: records.Anchor(*place, utc_ms, records.SOURCE_EXCHANGE, 40)


def planted(hub: VirtualHub) -> list[Any]:
    """A session and a sealed reading, and one that holds SECRET in clear."""
    hub.boot, hub.next_seq = 7, 500_000
    hub.receiver_public = x25519.public_key(RECEIVER)
    session = records.decode(cose.Sign1.parse(hub.start()).unverified_payload)
    reading = records.decode(cose.Sign1.parse(hub.reading(VALUE)).unverified_payload)
    fields = (1, 0x2A5E, session.seq, SECRET.encode() + reading.sealed[:50], b"")
    return [lambda place: records.Reading(*place, *fields), reading]


def sealed(connection: sa.Connection, hub: VirtualHub) -> list[bytes]:
    """What the planted readings hold, as the collector keeps it."""
    table = schema.records
    query = sa.select(table.c.record).where(table.c.kind == records.READING)
    found = [cose.Sign1.parse(bytes(raw)) for raw in connection.scalars(query)]
    kept = [each for each in found if each.unverified_kid == hub.hub_id]
    return [records.decode(each.unverified_payload).sealed for each in kept]


@contextlib.contextmanager
def opened(folder: Path, name: str = "Fjordvik", count: int = 10) -> Iterator[FleetPlace]:
    """Give a municipality of its own."""
    site = folder / name
    named = ("--server-name", "collector.test", "--no-passphrase", "--name", name)
    assert cli.main(["site", "init", str(site), *named]) == 0
    store.open_inventory(site / store.FILE).close()
    clock = FixedClock()
    clock.now_ms = NOW_MS - 2 * DAY_MS
    rollout = rollout_place.make(
        site, None, clock, count, {2: model_fleet.CRASH, 3: model_fleet.LOSES_READING}
    )
    with tenants.opened([site]) as found:
        room = inventory_bench.Stockroom(site / store.FILE)

        place = FleetPlace(found.all[0], rollout, room, clock)
        yield place
        place.watches.close()
        room.close()
        rollout.opened.close()


def furnish(place: FleetPlace) -> None:
    """A rollout that stops, hubs with a fault each, kits in and out."""
    hubs = place.hubs
    config = site_hands.config(sensors=[OXIMETER], data_budget_kib=500)
    documents = [
        site_hands.assigned(place.tenant.site, hub.hub_id, 2, config=config) for hub in hubs
    ]
    publishing.publish_assignments(
        place.rollout.opened, place.tenant.site, documents, place.clock.now_ms
    )
    path = place.rollout.signed_plan()
    sign = signing.Signing(place.rollout.site)
    starting.start(place.rollout.site, path, place.rollout.opened, sign, place.clock.now_ms)
    place.rollout.play(40)
    place.clock.now_ms = NOW_MS
    ids = [hub.hub_id.hex() for hub in hubs]
    groups.assign(place.tenant.directory, ids[:4], group="nord", ring="bench")
    groups.assign(place.tenant.directory, ids[4:], group="sør", ring="alle")
    _kits(place)
    _words(place)


def _kits(place: FleetPlace) -> None:
    room = place.stock
    room.model("hub-s3", "hub", name="Hub S3", maker="Varde")
    for at, hub in enumerate(place.hubs[:7]):
        kit = room.kit()
        item = room.item("hub-s3", serial=f"H{at}")
        room.put(item, kit)
        room.bring(kit, states.HANDED_OUT if at != 6 else states.READY)
        room.do(items.change, item, inventory_bench.T17, room.now_ms, hub_id=hub.hub_id.hex())
        place.kits[hub.hub_id.hex()] = kit
    room.do(stock.set_minimum, "standard", 3, 7, inventory_bench.T17, room.now_ms)
    kit = place.kits[place.hubs[0].hub_id.hex()]
    said = f"Ledningen er slitt {XSS}"
    room.do(notes.write, kit, "BLE-04", who.TECHNICIAN, said, inventory_bench.T17, room.now_ms)


def _words(place: FleetPlace) -> None:
    """Each hub from the fifth on says something else."""
    now_ms = place.clock.now_ms
    for at, hub in enumerate(place.hubs):
        place.says(hub, *(anchored(now_ms - HOUR_MS) for _ in range(3)), at_ms=now_ms - HOUR_MS)
        if at not in (5, 8):
            runs = place.rollout.fleet.hubs[hub.hub_id].truth.runs
            told = {"release": runs, "config_number": 3 if runs == rollout_place.RELEASE else 2}
            place.says(hub, well(at + 1, **told), at_ms=now_ms - 600_000)
    fourth, fifth, sixth, seventh = place.hubs[4], place.hubs[5], place.hubs[6], place.hubs[7]
    place.says(fourth, (records.EVENT_BOND_LOST, 1), (records.EVENT_WIFI_FAILED, 1))
    low = well(5, battery_mv=3400, external_power=False, sensors=[[1, 90_000, 9, -80]], bonds=[])
    place.says(fourth, low)
    place.says(fifth, well(6, pending=412), at_ms=now_ms - 5 * DAY_MS)
    place.says(sixth, well(7, clock=[0, 9_000_000, 9 * DAY_MS]))
    strange = {"application": XSS, "pending": XSS, "battery_mv": [XSS], "sensors": XSS}
    place.says(seventh, well(8, **strange))
    place.says(place.hubs[0], *planted(place.hubs[0]))
    with place.rollout.opened.writing() as connection:
        registry.note_stranger(connection, b"\x01\x02<b>\x05\x06\x07", now_ms - HOUR_MS)
