"""MicroPython's `bluetooth` in a hub VM: the API's edges, central and peripheral."""

import asyncio

import pytest

from simulator.air_place import BOUND_S, Place, in_place
from varde_simulator.sensors import models


def answers(script, node="hub", **env):
    """Runs one hub script in an empty place and gives its lines."""
    lines = []

    async def story(place: Place) -> None:
        hub = await place.hub(script, node, **env)
        lines.extend(await hub.finish())

    in_place(story)
    return lines


def test_without_a_world_the_radio_says_no_device():
    script = """
import errno
say(ble.active())
try:
    ble.active(True)
except OSError as error:
    say(error.errno == errno.ENODEV)
say(ble.config("gap_name"))
"""
    assert answers(script, VARDE_AIR="") == ["False", "True", "b'ESP32'"]


def test_inactive_radio_refuses_everything_with_enodev():
    script = """
import errno
calls = (
    lambda: ble.config("mac"), lambda: ble.config(mtu=100), lambda: ble.config("mtu"),
    lambda: ble.gap_scan(10), lambda: ble.gap_scan(None), lambda: ble.gap_connect(0, bytes(6)),
    lambda: ble.gap_disconnect(1), lambda: ble.gap_advertise(1000), lambda: ble.gattc_read(1, 1),
    lambda: ble.gatts_read(1), lambda: ble.gatts_register_services(()),
)
ble.active(True)
ble.active(False)
for call in calls:
    try:
        call()
        say("answered")
    except OSError as error:
        say(error.errno == errno.ENODEV)
"""
    assert answers(script) == ["True"] * 11


def test_config_reads_sets_and_refuses():
    script = """
ble.config(gap_name="before", bond=True, mitm=False, le_secure=True, io=3)
ble.active(True)
kind, address = ble.config("mac")
say(kind, len(address), address[0] & 1)
say(ble.config("gap_name"), ble.config("mtu"))
ble.config(mtu=185)
say(ble.config("mtu"))
for wrong in (lambda: ble.config("rxbuf"), lambda: ble.config(rxbuf=100), lambda: ble.config(x=1)):
    try:
        wrong()
    except ValueError as error:
        say(error)
for wrong in (lambda: ble.config(), lambda: ble.config("mac", mtu=3)):
    try:
        wrong()
    except TypeError as error:
        say(error)
for mtu in (22, 528):
    try:
        ble.config(mtu=mtu)
    except OSError as error:
        say(error.errno)
ble.active(False)
ble.active(True)
say(ble.config("mac")[1] == address, bluetooth.BLE() is ble)
"""
    assert answers(script) == [
        "0 6 0", "b'before' 256", "185",
        "unknown config param", "unknown config param", "unknown config param",
        "must query one param", "can't specify pos and kw args", "22", "22", "True True",
    ]  # fmt: skip


def test_mac_follows_the_node_name():
    script = "ble.active(True)\nsay(ble.config('mac')[1].hex())\n"
    assert answers(script, "a") == answers(script, "a") != answers(script, "b")


def test_uuid_is_a_value():
    script = """
full = UUID("6E400001-B5A3-F393-E0A9-E50E24DCCA9E")
say(UUID(0x1810), full, bytes(UUID(0x1810)), bytes(full).hex())
say(UUID(0x1810) == UUID(b"\\x10\\x18"), UUID(1) == UUID(2), UUID(1) < UUID(2), UUID(9) < full)
say({UUID(1): 2}[UUID(1)], UUID(1) == b"\\x01\\x00", isinstance(UUID(bytes(4)), UUID))
for wrong in (70000, "xy", "6E400001-B5A3-F393-E0A9-E50E24DCCA9E00", "zz" * 16):
    try:
        UUID(wrong)
    except ValueError as error:
        say(error)
try:
    len(full)
except TypeError:
    say("no len")
"""
    assert answers(script) == [
        "UUID(0x1810) UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e') b'\\x10\\x18' "
        "9ecadc240ee5a9e093f3a3b50100406e",
        "True False True True", "2 False True", "invalid UUID", "UUID too short",
        "UUID too long", "invalid char in UUID", "no len",
    ]  # fmt: skip


SCAN = """
ble.active(True)
ble.gap_scan(400, 30000, 30000, ACTIVE)
kinds = set()
start = time.ticks_ms()
while True:
    while not events:
        time.sleep_ms(1)
    number, args = events.pop(0)
    if number == 6:
        break
    assert number == 5
    kinds.add((args[2], args[4]))
say(sorted(kinds))
say(350 < time.ticks_diff(time.ticks_ms(), start) < 800)
ble.gap_scan(None)
time.sleep_ms(20)
say(events)
"""


@pytest.mark.parametrize("active", [True, False])
def test_scan_ends_after_its_time_and_active_ones_have_responses(active):
    async def story(place: Place) -> None:
        model = models.scale()
        sensor = await place.sensor(model)
        sensor.wake()
        hub = await place.hub(f"ACTIVE = {active}\n" + SCAN)
        data, response = model.advertising_data()
        expected = [(0, data), (4, response)] if active else [(0, data)]
        lines = await hub.finish()
        assert lines[1:] == ["True", "[]"]
        assert eval(lines[0]) == expected

    in_place(story)


def test_connecting_ends_the_scan_and_scanning_meanwhile_is_busy():
    script = """
import errno
EBUSY = 16  # not among the names of MicroPython's errno
ble.active(True)
ble.gap_scan(0, 30000, 30000)
try:
    ble.gap_scan(0, 30000, 30000)
except OSError as error:
    say(error.errno == errno.EALREADY)
ble.gap_connect(0, b"123456", 100)
wait(6)
try:
    ble.gap_scan(0, 30000, 30000)
except OSError as error:
    say(error.errno == EBUSY)
wait(8)
ble.gap_scan(0, 30000, 30000)
ble.gap_scan(None)
wait(6)
"""
    assert answers(script) == ["True", "True"]


def test_reads_writes_and_their_errors_against_a_sensor():
    script = """
import errno
ble.active(True)
conn = connect("Varde Oximeter")
table = characteristics(conn)
battery = table[UUID(0x2A19)][0]
spot = table[UUID(0x2A5E)][0]
ble.gattc_read(conn, battery)
say(wait(15)[2], wait(16))
ble.gattc_read(conn, 999)
say(wait(16)[1:])
ble.gattc_read(conn, spot)
say(wait(16)[2])
ble.gattc_write(conn, 999, b"x", 1)
say(wait(17)[1:])
ble.gattc_write(conn, spot + 1, b"\\x02\\x00")
for mode in (2, -1):
    try:
        ble.gattc_write(conn, spot, b"x", mode)
    except OSError as error:
        say(error.errno == errno.EINVAL)
ble.gattc_exchange_mtu(conn)
say(wait(21))
try:
    ble.gattc_exchange_mtu(conn)
except OSError as error:
    say(error.errno == errno.EALREADY)
ble.gattc_discover_services(conn, UUID(0x180F))
say(wait(9)[3], wait(10)[1])
ble.gattc_discover_services(conn, UUID(0x1809))
say(wait(10))
ble.gattc_discover_characteristics(conn, 1, 0xFFFF, UUID(0x2A5F))
try:
    ble.gattc_discover_characteristics(conn, 1, 0xFFFF)
except OSError as error:
    say(error.errno == 16)
found = wait(11)
say(found[3:], wait(12)[1])
ble.gattc_discover_descriptors(conn, found[2], found[1])
say(wait(13)[1:], wait(14)[1])
try:
    ble.gattc_read(77, 1)
except OSError as error:
    say(error.errno == errno.ENOTCONN)
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.oximeter(battery_percent=87))
        sensor.wake()
        lines = await (await place.hub(script)).finish()
        assert lines[0].startswith("b'W' (1, ")
        assert lines[1:4] == ["(999, 257)", "258", "(999, 257)"]
        assert lines[4:6] == ["True", "True"]
        assert lines[6:8] == ["(1, 256)", "True"]
        assert lines[8:11] == ["UUID(0x180f) 0", "(1, 0)", "True"]
        assert lines[11] == "(16, UUID(0x2a5f)) 0"
        assert lines[12].endswith("UUID(0x2902)) 0")
        assert lines[13] == "True"

    in_place(story)


def test_the_data_of_an_event_is_gone_after_the_handler():
    script = """
kept = []
def keeps(number, args):
    if number == 5 and not kept:
        kept.append((args[1], args[4], bytes(args[1])))
        events.append((5, ()))
ble.irq(keeps)
ble.active(True)
ble.gap_scan(0, 30000, 30000)
wait(5)
say(set(kept[0][0]), set(kept[0][1]), kept[0][2] != bytes(kept[0][0]))
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.oximeter())
        sensor.wake()
        assert await (await place.hub(script)).finish() == ["{165} {165} True"]

    in_place(story)


def test_a_raising_handler_is_shown_and_removed():
    script = """
def bad(number, args):
    raise ValueError("in handler")
ble.irq(bad)
ble.active(True)
ble.gap_scan(0, 30000, 30000)
ble.gap_scan(None)
time.sleep_ms(20)
ble.irq(handler)
ble.gap_scan(0, 30000, 30000)
ble.gap_scan(None)
wait(6)
say("alive")
"""

    async def story(place: Place) -> None:
        hub = await place.hub(script)
        out, error = await asyncio.wait_for(hub.process.communicate(), BOUND_S)
        assert out == b"alive\n"
        assert error.startswith(b"Unhandled exception in IRQ callback handler\nTraceback")
        assert b"ValueError: in handler" in error

    in_place(story)


def test_handlers_may_call_the_radio():
    script = """
def chained(number, args):
    if number == 7:
        ble.gattc_discover_services(args[0])
        say(ble.config("mac")[0])
    events.append((number, copied(args)))
ble.irq(chained)
ble.active(True)
conn = connect("Varde Scale")
say(wait(10)[1])
"""

    async def story(place: Place) -> None:
        sensor = await place.sensor(models.scale())
        sensor.wake()
        assert await (await place.hub(script)).finish() == ["0", "0"]

    in_place(story)


PERIPHERAL = """
from bluetooth import FLAG_READ, FLAG_WRITE, FLAG_NOTIFY, FLAG_INDICATE
FLAGS = FLAG_READ | FLAG_WRITE | FLAG_NOTIFY | FLAG_INDICATE
ble.active(True)
ble.config(gap_name="served")
((value, note),) = ble.gatts_register_services(
    ((UUID(0x1810), ((UUID(0x2A35), FLAGS, ((UUID(0x2901), bluetooth.FLAG_READ),)),)),)
)
ble.gatts_write(value, b"initial")
ble.gatts_write(note, b"note")
def refusing(number, args):
    events.append((number, copied(args)))
    if number == 4 and READS.pop(0):
        return 0x80
READS = [0, 1]
ble.irq(refusing)
ble.gap_advertise(20000, b"\\x02\\x01\\x06\\x07\\x09served")
conn = wait(1)[0]
say("written", wait(3)[1] == value, ble.gatts_read(value))
ble.gatts_notify(conn, value, b"noted")
ble.gatts_write(value, b"updated", True)
ble.gatts_indicate(conn, value, b"indicated")
say("indicated", wait(20)[2])
wait(2)
try:
    ble.gatts_indicate(conn, value)
except OSError as error:
    say(error.errno)
"""

CENTRAL = """
ble.active(True)
conn = connect("served")
table = characteristics(conn)
value, end = table[UUID(0x2A35)]
ble.gattc_discover_descriptors(conn, value, end)
say(wait(13)[2], wait(13)[2], wait(14)[1])
ble.gattc_read(conn, value)
say(wait(15)[2])
wait(16)
ble.gattc_read(conn, value)
say(wait(16)[2])
ble.gattc_read(conn, table[UUID(0x2A00)][0])
say(wait(15)[2])
subscribe(conn, value, 1)
ble.gattc_write(conn, value, b"a value longer than twenty bytes", 1)
say(wait(17)[2])
say(wait(18)[2], wait(18)[2], wait(19)[2])
time.sleep_ms(20)
ble.gap_disconnect(conn)
wait(8)
"""


def test_one_hub_serves_another():
    async def story(place: Place) -> None:
        server = await place.hub(PERIPHERAL, "server")
        client = await place.hub(CENTRAL, "client")
        assert await client.finish() == [
            "UUID(0x2902) UUID(0x2901) 0", "b'initial'", "384", "b'served'", "0",
            "b'noted' b'updated' b'indicated'",
        ]  # fmt: skip
        lines = await server.finish()
        assert lines == ["written True b'a value longer than '", "indicated 0", "107"]

    in_place(story)
