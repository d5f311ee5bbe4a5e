"""The radio's handler: what it keeps, what it does when it cannot, and that nothing escapes it."""

from varde_firmware.core import advertising
from varde_firmware.ports import ble_radio
from varde_protocols import hub_config

ADDRESS = bytes.fromhex("c00102030405")
SENSOR = hub_config.Sensor(3, b"\x01" + ADDRESS, None, 0x1810, [0x2A35], "", 0, None, None)
SIGHTED = (1, memoryview(ADDRESS), 0, -60, memoryview(b""))
INDICATION = (5, 12, memoryview(b"value"))
ADVERTISED, INDICATED = 5, 19


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


def radio_and_posts():
    posts = []
    radio = ble_radio.BleRadio(advertising.AdvertMatcher([SENSOR]), None, Keeper(), lambda: 7)
    radio.switch_on(posts.append)
    radio.listen(5, 12, Listener())
    radio._ble.asked.clear()
    return radio, posts


radio, posts = radio_and_posts()
radio._ble.irq_handler(INDICATED, INDICATION)
assert [post[0] for post in posts] == ["value"], posts
assert radio._ble.asked == []
print("ok what_is_kept_is_confirmed")

radio, posts = radio_and_posts()
radio._keeper.does = False
radio._ble.irq_handler(INDICATED, INDICATION)
assert posts == [("not_kept", 5)], posts
assert radio._ble.asked == [("disconnect", 5)]
print("ok what_is_not_kept_is_hung_up_on")

radio, posts = radio_and_posts()
radio._keeper.does = MemoryError()
radio._ble.irq_handler(INDICATED, INDICATION)
assert [post[:2] for post in posts] == [("fault", "MemoryError")], posts
assert radio._ble.asked == [("disconnect", 5)]
print("ok whatever_the_reason")

radio, posts = radio_and_posts()
full = [MemoryError()]


def post(event):
    if full:
        raise full.pop()
    posts.append(event)


radio.switch_on(post)
radio._ble.irq_handler(INDICATED, INDICATION)
assert posts == [("fault", "MemoryError", "")], posts
print("ok a_fault_is_told_without_heap")

radio, posts = radio_and_posts()
for _ in range(3):
    radio._ble.irq_handler(ADVERTISED, SIGHTED)
assert posts == [("sighted", 0, b"\x01" + ADDRESS)], posts
print("ok a_sensor_is_sighted_once_until_that_is_heard")
