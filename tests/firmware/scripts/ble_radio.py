"""The radio's handler: what it keeps, what it does when it cannot, and that nothing escapes it."""

from varde_firmware.core import advertising
from varde_firmware.ports import ble_radio
from varde_firmware.shell import inbox
from varde_protocols import assigned, hub_config

ADDRESS = bytes.fromhex("c00102030405")
SENSOR = hub_config.Sensor(3, b"\x01" + ADDRESS, None, 0x1810, [0x2A35], "", 0, None, None, b"")
SIGHTED = (1, memoryview(ADDRESS), 0, -60, memoryview(b""))
INDICATION = (5, 12, memoryview(b"value"))
ADVERTISED, INDICATED, SET_SECRET = 5, 19, 30


class Listener:
    number = 1
    total = 0
    lost = 0
    is_told = False
    is_control = False


class Keeper:
    """Keeps, refuses (False) or raises, as `does` says."""

    does = True

    def keep(self, listener, uptime_ms, value):
        assert value == b"value"
        if isinstance(self.does, Exception):
            raise self.does
        return self.does


class Secrets:
    """A full store."""

    def set(self, kind, key, value):
        return False


class Posts:
    """All that the handler has said."""

    def __init__(self):
        self.inbox = inbox.Inbox()

    def __call__(self):
        found = []
        item = self.inbox.take()
        while item is not None:
            found.append(item)
            item = self.inbox.take()
        return found


def radio_and_posts():
    posts = Posts()
    matcher = advertising.AdvertMatcher([SENSOR])
    radio = ble_radio.BleRadio(matcher, None, Keeper(), Secrets(), lambda: 7)
    radio.switch_on(posts.inbox)
    radio.listen(5, 12, Listener())
    radio._ble.asked.clear()
    return radio, posts


radio, posts = radio_and_posts()
radio._ble.irq_handler(INDICATED, INDICATION)
assert [post[0] for post in posts()] == ["value"]
assert radio._ble.asked == []
listener = radio._handler.listeners[5 << 16 | 12]
radio._ble.irq_handler(INDICATED, (5, 12, memoryview(bytes(513))))  # no value is so long
assert (listener.total, listener.lost, radio.dropped) == (2, 1, 1)
assert radio._ble.asked == []
print("ok what_is_kept_is_confirmed")

radio, posts = radio_and_posts()
radio._handler._keeper.does = False
radio._ble.irq_handler(INDICATED, INDICATION)
assert posts() == [("not_kept", 5)]
assert radio._ble.asked == [("disconnect", 5)]
print("ok what_is_not_kept_is_hung_up_on")

radio, posts = radio_and_posts()
radio._handler._keeper.does = MemoryError()
radio._ble.irq_handler(INDICATED, INDICATION)
assert [post[:2] for post in posts()] == [("fault", "MemoryError")]
assert radio._ble.asked == [("disconnect", 5)]
print("ok whatever_the_reason")

radio, posts = radio_and_posts()
for _ in range(3):
    radio._ble.irq_handler(ADVERTISED, SIGHTED)
assert posts() == [("sighted", 0, -60, b"\x01" + ADDRESS)]
print("ok a_sensor_is_sighted_once_until_that_is_heard")

radio, posts = radio_and_posts()
their_key = memoryview(b"\x01" + bytes(reversed(ADDRESS)))
assert radio._ble.irq_handler(SET_SECRET, (1, their_key, memoryview(b"ours"))) is False
assert posts() == []
assert radio._ble.irq_handler(SET_SECRET, (2, their_key, memoryview(b"theirs"))) is False
assert posts() == [("bond_refused", b"\x01" + ADDRESS)]
assert radio._ble.irq_handler(SET_SECRET, (2, their_key, None)) is False
assert posts() == []
print("ok a_bond_that_finds_no_room_is_told")

radio, posts = radio_and_posts()
for bond, settings in (
    (0, {"bond": False, "mitm": False, "le_secure": True, "io": 3}),
    (1, {"bond": True, "mitm": False, "le_secure": True, "io": 3}),
    (2, {"bond": True, "mitm": True, "le_secure": True, "io": 2}),
):
    radio._ble.asked.clear()
    radio.demand(bond)
    assert radio._ble.asked == [("config", settings)], radio._ble.asked
print("ok what_is_demanded_of_the_next_pairing")

radio, posts = radio_and_posts()
radio._ble.asked.clear()
radio.write(5, 13, b"\x02\x00")
radio.write(5, 13, b"\x01", False)
radio.discover_service(5, 0x1810)
radio.discover_service(5, assigned.VIATOM_SERVICE)
assert radio._ble.asked == [
    ("write", 5, 13, b"\x02\x00", 1), ("write", 5, 13, b"\x01", 0), ("services", 5, 0x1810),
    ("services", 5, assigned.raw(assigned.VIATOM_SERVICE)),
], radio._ble.asked  # fmt: skip
print("ok requests_as_the_stack_wants_them")
