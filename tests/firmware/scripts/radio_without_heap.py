"""Every event of the stack with the heap locked: to allocate anything would be a MemoryError."""

# ruff: noqa: E402  (modules are loaded bottom up first: the stack is small)

import time

import micropython
from varde_firmware import load_order

load_order.load([name for name in load_order.BOTTOM_UP if ".ports" not in name])

from varde_firmware.core import advertising, value_ring
from varde_firmware.ports import ble_radio
from varde_firmware.shell import bond_keeper, inbox, listeners
from varde_protocols import assigned, hub_config

STRANGER = bytes.fromhex("c0aabbccddee")
ADDRESS = bytes.fromhex("c00102030405")
FLAGS = b"\x02\x01\x06"
CONNECTION = 64  # a controller may begin to count anywhere
MEASURES, CONTROL = 12, 15
WEIGHT = bytes.fromhex("22303ae8070102030405")
PEER = bytes([1]) + bytes(reversed(ADDRESS))


def name(text):
    return bytes([len(text) + 1, 9]) + text


def sensor(index, address, prefix, service=0x1810, model="", bond=0):
    wanted = [0x2A35]
    return hub_config.Sensor(
        index, address, prefix, service, wanted, model, bond, None, None, b""
    )


def sensors():
    """As many as a config may have, of every kind."""
    found = [sensor(i, bytes([1, i]) + bytes(5), None) for i in range(18)]
    found.append(sensor(18, b"\x01" + ADDRESS, None))
    found.append(sensor(19, None, "Cuff"))
    found.append(sensor(20, None, "BLESmart_", model="omron-evolv", bond=1))
    found.append(sensor(21, b"\x00" + ADDRESS, None, 0x181D, "xiaomi-scale"))
    found.append(sensor(22, None, "O2Ring", assigned.VIATOM_SERVICE))
    found.append(sensor(23, b"\x01" + bytes(5) + b"\x17", None, model="omron-evolv", bond=1))
    return found


class Store:
    """NVS with nothing in it, that takes everything."""

    def load(self, place, buffer):
        return 0

    def save(self, place, blob):
        pass


class Exclusive:
    def run_in_handler(self, function, *args):
        return function(*args)


keys = bond_keeper.BondKeeper(Exclusive(), Store())
keys.load()
assert keys.set(2, PEER, b"their keys")
assert keys.set(10, b"irk", bytes(16))
matcher = advertising.AdvertMatcher(sensors(), keys)
ring = value_ring.ValueRing()
queue = inbox.Inbox()
radio = ble_radio.BleRadio(matcher, ring, None, keys, None)
radio.switch_on(queue)
everybody = listeners.Listeners()
CUFF, SCALE = sensor(1, None, "Cuff"), sensor(5, None, "Scale")
for handle, is_control in ((MEASURES, False), (CONTROL, True)):
    radio.listen(
        CONNECTION, handle,
        everybody.add(CONNECTION, CUFF, 0x1810, 0x2A35, b"\x01" + ADDRESS, is_control),
    )  # fmt: skip
advertised = everybody.add(-1, SCALE, 0x181D, assigned.XIAOMI_ADVERT_WEIGHT, b"\x00" + ADDRESS)
matcher.values.listen(21, assigned.XIAOMI_ADVERT_WEIGHT, advertised)
handle_irq = radio._ble.irq_handler


def without_heap(event, *data):
    """What the handler returned, and all that it had to say."""
    arguments = tuple([memoryview(d) if isinstance(d, bytes) else d for d in data])
    micropython.heap_lock()
    result = handle_irq(event, arguments)
    micropython.heap_unlock()
    said = []
    item = queue.take()
    while item is not None:
        said.append(item)
        item = queue.take()
    assert not queue.has_overflowed
    return result, said


def says(expected, event, *data):
    _, said = without_heap(event, *data)
    assert said == expected, (event, said)


def heard(address_type, address, adv_type, data):
    return 5, address_type, address, adv_type, -60, data


# The lock works: this is what an allocation would look like.
radio._handler._matcher = None
assert without_heap(*heard(0, STRANGER, 0, b""))[1][0][0] == "fault"
radio._handler._matcher = matcher

strangers = [
    b"", FLAGS, FLAGS + b"\xff", name(b"TV") + b"\x05\x03\x0f\x18\x0a\x18",
    b"\x11\x07" + bytes(range(16)), b"\x0d\x16\x1d\x18" + WEIGHT, b"\x1e\xff" + bytes(29),
    name(b"Cuff"), b"\x03\x03\x10\x18", name(b"BLEsmart_1"), b"\x00" * 31,
]  # fmt: skip
for number in range(60):
    for packet in strangers:
        for adv_type in range(5):
            address = bytes([number]) + STRANGER[1:]
            _, told = without_heap(*heard(number & 3, address, adv_type, packet))
            assert all(item[0] == "sighted" for item in told), told
            for item in told:
                matcher.heard(item[1])
print("ok strangers")

for index, packet in ((18, FLAGS), (18, b"")):
    says([("sighted", index, -60, b"\x01" + ADDRESS)], *heard(1, ADDRESS, 0, packet))
    says([], *heard(1, ADDRESS, 0, packet))
    matcher.heard(index)
mine = bytes(5) + b"\x17"
says([], *heard(1, mine, 0, FLAGS))
says([("sighted", 23, -60, b"\x01" + mine)], *heard(1, mine, 4, name(b"BLESmart_x")))
viatom = b"\x11\x07" + assigned.raw(assigned.VIATOM_SERVICE)
says([], *heard(1, STRANGER, 0, viatom))
says([("sighted", 22, -60, b"\x01" + STRANGER)], *heard(1, STRANGER, 4, name(b"O2Ring 7")))
print("ok sensors")

says([("advert", advertised)], *heard(0, ADDRESS, 3, FLAGS + b"\x0d\x16\x1d\x18" + WEIGHT))
says([], *heard(0, ADDRESS, 3, FLAGS + b"\x0d\x16\x1d\x18" + WEIGHT))
number, _, value = ring.take()
assert (number, value) == (advertised.number, WEIGHT)
print("ok advertised_values")

listener = radio._handler.listeners[CONNECTION << 16 | MEASURES]
says([("value", CONNECTION, listener)], 18, CONNECTION, MEASURES, bytes(range(20)))
says([], 18, CONNECTION, MEASURES, bytes(244))
says([], 18, CONNECTION, 99, b"of no interest")
assert listener.total == 2
number, ticks_ms, value = ring.take()
assert (number, value) == (listener.number, bytes(range(20)))
assert 0 <= time.ticks_diff(time.ticks_ms(), ticks_ms) < 10_000
control = radio._handler.listeners[CONNECTION << 16 | CONTROL]
for event in (18, 19):
    answer = ("control", CONNECTION, CONTROL, control, b"\x06\x00\x01\x01")
    says([answer], event, CONNECTION, CONTROL, answer[4])
    says([], event, CONNECTION, CONTROL, bytes(65))  # no answer is so long
    says([answer], event, CONNECTION, CONTROL, answer[4])
says([], 18, CONNECTION, CONTROL, answer[4])  # four wait that nobody has asked for
control.taken += 4
says([answer], 18, CONNECTION, CONTROL, answer[4])
says([], 19, CONNECTION, 99, b"of no interest")
while not ring.is_empty:
    ring.take()
while ring.put(1, 1, bytes(100)):
    pass
says([], 18, CONNECTION, MEASURES, bytes(200))
assert (listener.lost, radio.dropped) == (1, 1)
while not ring.is_empty:
    ring.take()
says([], 18, CONNECTION, MEASURES, bytes(513))  # no value is so long
assert (listener.lost, radio.dropped, ring.is_empty) == (2, 2, True)
print("ok values")

says([("connected", CONNECTION, b"\x01" + ADDRESS)], 7, CONNECTION, 1, ADDRESS)
says([("disconnected", CONNECTION)], 8, CONNECTION, 1, ADDRESS)
says([("disconnected", 0xFFFF)], 8, 0xFFFF, 0xFF, bytes(6))
says([("scan_done",)], 6)
says([("service", CONNECTION, 10, 20)], 9, CONNECTION, 10, 20, b"\x10\x18")
for event in (10, 12, 14):
    says([("stage_done", CONNECTION, 5)], event, CONNECTION, 5)
for uuid, known in (
    (b"\x35\x2a", 0x2A35),
    (assigned.raw(assigned.VIATOM_NOTIFY), assigned.VIATOM_NOTIFY),
    (assigned.raw(assigned.AND_CONTROL), assigned.AND_CONTROL),
    (bytes(range(16)), 0),
):
    told = ("characteristic", CONNECTION, 14, 13, 0x20, known)
    says([told], 11, CONNECTION, 14, 13, 0x20, uuid)
    says([("descriptor", CONNECTION, 15, known)], 13, CONNECTION, 15, uuid)
says([("read", CONNECTION, 13, 0, bytes(range(246)))], 15, CONNECTION, 13, bytes(range(246)))
says([], 16, CONNECTION, 13, 0)
says([("read", CONNECTION, 13, 261, b"")], 16, CONNECTION, 13, 261)
says([("stage_done", CONNECTION, 0)], 17, CONNECTION, 13, 0)
says([("mtu", CONNECTION)], 21, CONNECTION, 247)
says([], 27, CONNECTION, 40, 0, 256, 0)
says([("secured", CONNECTION, 1, 0, 1)], 28, CONNECTION, True, False, True, 16)
says([("passkey_asked", CONNECTION, 2, 0)], 31, CONNECTION, 2, 0)
says([("passkey_asked", CONNECTION, 4, 999_999)], 31, CONNECTION, 4, 999_999)
print("ok small_events")

assert without_heap(29, 2, 0, PEER) == (b"their keys", [])
assert without_heap(29, 2, 0, None) == (b"their keys", [])
assert without_heap(29, 2, 1, None) == (None, [])
assert without_heap(29, 1, 0, PEER) == (None, [])
assert without_heap(29, 10, 0, b"irk") == (bytes(16), [])
print("ok secrets")

# What does not fit is lost, and said so; nothing is written over.
for i in range(inbox.INBOX_ITEMS + 5):
    gone = (i, 0, b"")
    micropython.heap_lock()
    handle_irq(8, gone)
    micropython.heap_unlock()
assert queue.has_overflowed
assert [queue.take()[1] for _ in range(inbox.INBOX_ITEMS - 1)] == list(
    range(inbox.INBOX_ITEMS - 1)
)
assert queue.take() is None
for value in (bytes(inbox.INBOX_BYTES), b"1"):
    queue.has_overflowed = False
    arguments = (CONNECTION, MEASURES, memoryview(value))
    micropython.heap_lock()
    handle_irq(15, arguments)
    micropython.heap_unlock()
    assert queue.has_overflowed == (len(value) == 1)
assert queue.take() == ("read", CONNECTION, MEASURES, 0, bytes(inbox.INBOX_BYTES))
print("ok too_much")
