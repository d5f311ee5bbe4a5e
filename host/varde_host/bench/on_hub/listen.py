"""Runs on the hub: radio and drivers with the config's sensors, as at home, and no journal.

For values that are compared with a reference: what the hub would have journaled is printed. The
sensor gets its confirmation, so that it does not send a value of the bench to somebody's home.
Bonds are used, and made, as at home; no sensor's clock is set.

Before it may be set:  seconds = 0     how long; 0: only say which sensors there would be
                       slot = None     of which sensor only
                       most = 0        end after so many values and `rest` seconds; 0: never
                       rest = 3
A line as each value comes:  varde-bench: {"value", "slot", "service", "characteristic", "hex",
                             "address", "model", "ms", "indicated"}
            value: counts from 1, of what the config lists (no battery); ms: since it began
Last line:  varde-bench: {"sensors": [slot, ...], "values", "heard", "ended": [[slot, sure], ...]}
            heard: the newest values again, at most 20; ended: sessions, and whether the sensor
            has got its last confirmation
"""

import asyncio
import json
import sys
import time

import machine

BACKOFF_MS = (1000, 60000)
LOOK_MS = 100
MOST_HEARD = 20
SPARE_HEAP_BYTES = 1 << 20  # the bench's prompt has the application's heap, and this only


def watchdog():
    """Return the one that an interrupted application has left, None where there is none.

    boot.py's word: on an opened hub no application has run, and a watchdog once made stays.
    """
    return machine.WDT(timeout=60_000) if globals().get("lock") == "free" else None


def named(name):
    """Return a class of the application: the build puts several modules into one file."""
    for module in sys.modules.values():
        found = getattr(module, name, None)
        if found is not None and type(found) is type:
            return found
    raise ImportError(name)


class Keeper:
    """In place of the hub's: prints what that would journal. `keep` is for the radio's handler."""

    def __init__(self, slot):
        self._slot = slot
        self._begun_ms = time.ticks_ms()
        self.changes = 0
        self.why_not = None
        self.values = 0
        self.heard = []
        self.ended = []

    def keep(self, listener, _uptime_ms, value, indicated=True):
        is_wanted = self._slot is None or listener.slot == self._slot
        if is_wanted and listener.characteristic in listener.sensor.characteristics:
            self.values += 1
            said = {
                "value": self.values,
                "slot": listener.slot,
                "service": listener.service,
                "characteristic": listener.characteristic,
                "hex": bytes(value).hex(),
                "address": listener.address.hex(),
                "model": listener.sensor.model,
                "ms": time.ticks_diff(time.ticks_ms(), self._begun_ms),
                "indicated": indicated,
            }
            self.heard = self.heard[1 - MOST_HEARD :] + [said]
            print("varde-bench:", json.dumps(said))
        listener.latest = bytes(value)
        return True

    def keep_notification(self, listener, uptime_ms, value):
        return self.keep(listener, uptime_ms, value, False)

    def over(self, slot, is_sure):
        self.ended.append([slot, is_sure])

    def has_room(self, *_):
        return True

    def clock(self, *_):
        return True

    def nothing(self, *_):
        """What is told of a sensor at home is seen here."""

    event_once = event_hourly = dropped = nothing


class Upkeep:
    """The light stays as it is."""

    def __init__(self):
        self.facts = self

    def show(self):
        pass


def documents():
    """Return the sensors of the hub's config."""
    from varde_firmware.ports import document_files, identity_store
    from varde_firmware.shell import identity

    seed = identity_store.IdentityStore().seed()
    if seed is None:
        raise OSError("the hub has no identity: identity.py makes one")
    return document_files.both(identity.Identity(seed, 0).hub_id)[1].config.sensors


def made(sensors, keeper):
    """Return the application's own task of sensors, around our keeper."""
    from varde_firmware.core import drivers
    from varde_firmware.shell import clock

    uptime = clock.Clock()
    keys = named("BondKeeper")(named("Exclusive")(), named("BondStore")(), sensors)
    keys.load()
    for sensor in sensors:
        drivers.load(sensor)
    matcher = named("AdvertMatcher")(sensors, keys)
    ring, inbox = named("ValueRing")(), named("Inbox")()
    radio = named("BleRadio")(matcher, ring, keeper, keys, uptime.now_ms)
    jitter = named("Jitter")(time.ticks_us())
    backoff = named("Backoff")(BACKOFF_MS[0], BACKOFF_MS[1], jitter)
    scanner = named("Scanner")(backoff, [drivers.hold_off_ms(sensor) for sensor in sensors])
    task = named("SensorTask")(
        sensors, radio, matcher, ring, inbox, keeper, scanner, Upkeep(), uptime, keys,
        lambda: SPARE_HEAP_BYTES,
    )  # fmt: skip
    return task, radio


async def listen(task, keeper, seconds, most, rest):
    running = asyncio.create_task(task.run())
    dog = watchdog()
    end_ms = time.ticks_add(time.ticks_ms(), seconds * 1000)
    while time.ticks_diff(end_ms, time.ticks_ms()) > 0 and not running.done():
        await asyncio.sleep_ms(LOOK_MS)
        if dog is not None:
            dog.feed()
        if most and keeper.values >= most:
            most = 0
            end_ms = time.ticks_add(time.ticks_ms(), rest * 1000)
    if running.done():
        await running  # what it ended by
    running.cancel()


def run(seconds, slot, most, rest):
    use_slot("")  # noqa: F821  (slot.py)
    sensors = documents()
    keeper = Keeper(slot)
    if seconds:
        task, radio = made(sensors, keeper)
        asyncio.new_event_loop()  # or the tasks of an interrupted application would go on
        try:
            asyncio.run(listen(task, keeper, seconds, most, rest))
        finally:
            radio.switch_off()
    return {
        "sensors": [sensor.slot for sensor in sensors],
        "values": keeper.values,
        "heard": keeper.heard,
        "ended": keeper.ended,
    }


try:
    names = globals()
    result = run(
        names.get("seconds", 0), names.get("slot"), names.get("most", 0), names.get("rest", 3)
    )
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
