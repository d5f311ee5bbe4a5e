"""On the hub's interpreter: what the Bluetooth part of the hub holds. Prints three numbers.

    MICROPYPATH=build/firmware/x86/a:simulator/micropython:.frozen micropython radio_heap_on_vm.py

Bytes of heap for its modules (what others load is loaded before), for its tables (inbox, ring,
known values, bonds), and for three sessions in the middle of receiving, everything at its most.
What shares a file with others (TOGETHER in firmware/manifest.py) is not counted among its modules.
"""

import gc

for stand_in in ("_frames", "_air_reader", "_air", "_clock", "time", "select", "asyncio",
                 "machine", "esp32", "network", "bluetooth"):  # fmt: skip
    __import__(stand_in)  # on the chip these hold nothing

from varde_firmware import load_order  # noqa: E402

RADIO = (
    "sensor_words", "steps", "sureness", "link_security", "sensor_session", "procedures",
    "drivers", "hold_offs", "scanner", "ad_structures", "advertising", "bonds", "known_values",
    "radio_handler", "ble_radio", "bond_keeper", "sensor_link", "sensor_task", "value_ring",
    "listeners", "link_services",
)  # fmt: skip
BOTH = ("assembly", "hub_parts")  # load all parts, so they are left out
SPOT, CUFF = 0x2A35, 0x1810
SESSIONS = 3  # scanner.MAX_SESSIONS: a hub does not keep the name
INDICATE = 0x20


def is_of(parts, name):
    return any(part in parts for part in name.split("."))


def held():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


load_order.load(tuple([n for n in load_order.BOTTOM_UP if not is_of(RADIO + BOTH, n)]))
before = held()
load_order.load(tuple([n for n in load_order.BOTTOM_UP if is_of(RADIO, n)]))
modules = held() - before

from varde_firmware.core import (  # noqa: E402
    backoff,
    bonds,
    drivers,
    known_values,
    scanner,
    sensor_session,
    steps,
    value_ring,
)
from varde_firmware.core import sensor_words as words  # noqa: E402
from varde_firmware.shell import inbox  # noqa: E402
from varde_protocols import hub_config  # noqa: E402

before = held()
tables = [
    inbox.Inbox(), value_ring.ValueRing(), known_values.KnownValues(), bonds.Bonds(),
    scanner.Scanner(backoff.Backoff(1000, 60000, backoff.Jitter(1)), [10000] * 3),
]  # fmt: skip
of_tables = held() - before
before = held()
sessions = []
for slot in range(SESSIONS):
    sensor = hub_config.Sensor(slot, bytes(7), None, CUFF, [SPOT], "", 0, None, None, b"")
    facts = steps.Facts(sensor)
    facts.lacks = {0x180F, 0x1805}
    session = sensor_session.SensorSession(facts, drivers.begin(facts))
    for event in (
        words.Begin(), words.Connected(), words.ServiceFound(10, 20), words.StageDone(0),
        words.CharacteristicFound(20, 12, INDICATE, SPOT), words.StageDone(0),
        words.DescriptorFound(13, 0x2902), words.StageDone(0), words.StageDone(0),
    ):  # fmt: skip
        session.handle(event, 0)
    sessions.append(session)
print(modules, of_tables, held() - before)
