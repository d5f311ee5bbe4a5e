"""What the radio's task does beside its sessions: adverts, heap, bonds, what links may ask for."""

import time

import fake_hub

from varde_firmware.core import advertising, backoff, scanner, value_ring
from varde_firmware.core import scanner_words as air
from varde_firmware.core import sensor_words as words
from varde_firmware.shell import sensor_link, sensor_task
from varde_protocols import assigned, hub_config, records, sealing

ADDRESS = bytes([1]) + bytes.fromhex("c00102030405")
PRIVATE = bytes([1]) + bytes.fromhex("4a0102030405")  # resolvable: the top bits are 01
OTHER = bytes([0]) + bytes.fromhex("001122334455")
CUFF = hub_config.Sensor(3, ADDRESS, None, 0x1810, [0x2A35], "", 1, None, None, b"")
NAMED = hub_config.Sensor(4, None, "Cuff", 0x1810, [0x2A35], "", 1, None, None, b"")
SCALE = hub_config.Sensor(
    5, OTHER, None, 0x181D, [assigned.XIAOMI_ADVERT_WEIGHT], "xiaomi-scale", 0, None, None, b""
)
WEIGHT = bytes.fromhex("22303ae8070102030405")


class Radio:
    """Does nothing, and notes what it was asked for."""

    dropped = 0

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        def call(*args):
            self.asked.append((name, args))
            return True

        return call

    def names(self):
        return [name for name, _ in self.asked]


class Session:
    """As a link sees it."""

    deadline_ms = None

    def is_due(self, now_ms):
        return False


class Link:
    """A link that only notes what it is told."""

    def __init__(self, index, address):
        self.index = index
        self.address = address
        self.connection = None
        self.session = Session()
        self.events = []

    def connected(self, connection):
        self.connection = connection

    def take(self, event):
        self.events.append(event)


def task_of(hub, sensors=(CUFF, NAMED, SCALE)):
    """The task, with a matcher, ring and radio of its own as attributes."""
    matcher = advertising.AdvertMatcher(list(sensors), hub.keys)
    ring = value_ring.ValueRing()
    radio = Radio()
    task = sensor_task.SensorTask(
        list(sensors), radio, matcher, ring, hub.inbox, hub.keeper,
        scanner.Scanner(backoff.Backoff(20, 40, hub.jitter)), hub.upkeep, hub.clock, hub.keys,
        hub.spare_heap_bytes,
    )  # fmt: skip
    return task, matcher, ring, radio


def advertised_values_are_journaled_without_a_connection():
    hub = fake_hub.Hub()
    task, matcher, ring, radio = task_of(hub)
    packet = b"\x0d\x16\x1d\x18" + WEIGHT
    assert matcher.match(0, OTHER[1:], 3, packet) == -1
    found = matcher.values
    listener = found.listener
    ring.put_part(listener.number, time.ticks_ms(), packet, found.start, found.end)
    listener.is_told = True
    hub.inbox.put("advert", listener)
    readings = []

    def is_journaled():
        readings[:] = [r for r in hub.records() if isinstance(r, records.Reading)]
        return readings and not listener.is_told

    fake_hub.run_until(task.run(), is_journaled)
    assert (readings[0].slot, readings[0].characteristic) == (5, assigned.XIAOMI_ADVERT_WEIGHT)
    assert "connect" not in radio.names()
    session = next(r for r in hub.records() if isinstance(r, records.Session))
    opener = sealing.SessionOpener(hub.identity.hub_id, session, fake_hub.RECEIVER_PRIVATE)
    content = opener.open(readings[0])
    assert content == sealing.Content(WEIGHT, 0x181D, OTHER, "xiaomi-scale"), content


def without_heap_nobody_is_connected_to_and_that_is_told_once():
    hub = fake_hub.Hub()
    hub.spare_heap = sensor_task.HEAP_TO_CONNECT_BYTES - 1
    task, _, _, radio = task_of(hub)
    heap_low = (records.EVENT_HEAP_LOW, hub.spare_heap)

    def advertise():
        hub.inbox.put_bytes(ADDRESS, "sighted", 0, -60)
        hub.inbox.put_bytes(PRIVATE, "sighted", 1, -60)
        return hub.events().count(heap_low)

    def has_room_again():
        assert hub.events() == [heap_low], hub.events()
        assert "connect" not in radio.names()
        hub.spare_heap += 1
        return True

    def connects():
        hub.inbox.put_bytes(OTHER, "sighted", 2, -60)  # the others are left alone for a while
        return "connect" in radio.names()

    fake_hub.run_until(task.run(), advertise, has_room_again, connects)
    at = radio.names().index("connect")
    assert radio.asked[at - 1] == ("demand", (0,)), radio.asked


def a_bond_that_finds_no_room_is_told_with_its_slot():
    hub = fake_hub.Hub()
    task, _, _, _ = task_of(hub)
    task._links.append(Link(0, ADDRESS))
    hub.inbox.put_bytes(OTHER, "bond_refused")
    hub.inbox.put_bytes(ADDRESS, "bond_refused")
    fake_hub.run_until(task.run(), hub.events)
    assert hub.events() == [(records.EVENT_PAIRING_FAILED, 3)], hub.events()


def a_flush_is_answered_when_all_is_durable():
    hub = fake_hub.Hub()
    task, _, ring, _ = task_of(hub)
    link = Link(0, ADDRESS)
    link.connection = 7
    task._links.append(link)
    listener = task._listeners.add(7, CUFF, 0x1810, 0x2A36, ADDRESS)
    waiting = 5
    for i in range(waiting):
        ring.put(listener.number, time.ticks_ms(), bytes([i]))
    task.flush(link)
    durable = []

    def take(event):
        durable.append((event, len([r for r in hub.records() if isinstance(r, records.Reading)])))

    link.take = take
    fake_hub.run_until(task.run(), lambda: durable)
    assert durable == [(("flushed", 7), waiting)], durable
    assert (listener.lost, listener.latest) == (0, bytes([waiting - 1]))
    hub.keeper.keep_notification = lambda *_: False  # no room
    ring.put(listener.number, time.ticks_ms(), b"x")
    task._keep_one()
    assert (listener.lost, listener.latest) == (1, bytes([waiting - 1]))


def another_of_the_same_name_is_asked_for_everything():
    """What was learnt of the first (records that are known, say) is not held against it."""
    hub = fake_hub.Hub()
    task, _, _, _ = task_of(hub)
    hub.keys.keep_handles(ADDRESS, [(12, 0x1810, 0x2A35)])
    facts = task.facts_of(Link(1, PRIVATE))
    facts.last_number, facts.battery_ms, facts.is_bond_aside = 40, 5, True
    facts.lacks.add(0x1805)
    assert task.facts_of(Link(1, PRIVATE)).last_number == 40
    again = task.facts_of(Link(1, b"\x03" + ADDRESS[1:]))  # resolved by the controller
    assert (again.last_number, again.battery_ms, again.lacks) == (None, None, set())
    assert again.handles == [(12, 0x1810, 0x2A35)]
    assert again.is_bond_aside


def a_link_counts_what_it_has_heard_and_says_how_it_wants_to_pair():
    hub = fake_hub.Hub()
    task, _, _, radio = task_of(hub)
    link = sensor_link.SensorLink(task, radio, hub.clock, task._listeners, 0, CUFF, ADDRESS)
    link.connection = 7
    heard = []
    link.feed = heard.append
    control = task._listeners.add(7, CUFF, 0x1810, 0, ADDRESS, True)
    link.take(("control", 7, 9, control, b"answer"))
    assert heard == [words.Control(9, b"answer")]
    assert control.taken == 1
    link._listen(words.Listen(12, 0x1810, 0x2A35))
    listener = link._listeners[0]
    listener.total, listener.is_told = 2, True
    link.take(("value", 7, listener))
    assert heard[1:] == [words.ValueKept(2)]
    assert not listener.is_told  # the next is told again
    radio.asked.clear()
    link._pair(words.Pair())
    assert radio.asked == [("demand", (1,)), ("pair", (7,))]
    radio.asked.clear()
    task.ended = lambda *_: None
    link._finish(words.Finish("done", 2, True))
    assert radio.asked == [("forget", (7,))]  # the stack gives its number to the next


def a_sensor_is_heard_again_once_it_was_told_of():
    hub = fake_hub.Hub()
    task, matcher, _, _ = task_of(hub)
    here = (ADDRESS[0], memoryview(ADDRESS[1:]), 0, memoryview(b""))
    task._scan(air.SwitchOn())
    matcher.told(0)
    assert matcher.match(*here) == -1
    task._take(("sighted", 0, -60, ADDRESS))
    matcher.unmute(0)  # its session has begun
    assert matcher.match(*here) == 0
    matcher.told(0)
    hub.inbox.has_overflowed = True  # that word of it was lost
    task._look_after()
    assert matcher.match(*here) == 0


def clocks_and_events_bear_the_slot():
    hub = fake_hub.Hub()
    task, _, _, _ = task_of(hub)
    link = Link(1, PRIVATE)
    task.clock_read(link, 0x2A2B, bytes(10), records.CLOCK_AFTER)
    task.clock_read(link, 0x2A2B, b"", records.CLOCK_READ)  # a sensor's fault, and none of ours
    task.clock_read(link, 0x2A2B, bytes(99), records.CLOCK_READ)
    for _ in range(3):
        task.tell(link, records.EVENT_BOND_LOST)
    clocks = [r for r in hub.records() if isinstance(r, records.Clock)]
    assert [(r.slot, r.characteristic, r.value, r.occasion) for r in clocks] == [
        (4, 0x2A2B, bytes(10), records.CLOCK_AFTER)
    ]
    assert hub.events() == [(records.EVENT_BOND_LOST, 4)]


def a_connection_goes_to_the_link_that_asked_for_it():
    stands_for = bytes([0]) + bytes.fromhex("001122334466")
    for index, heard, given, is_it in (
        (0, ADDRESS, ADDRESS, True),
        (0, ADDRESS, bytes([3]) + ADDRESS[1:], True),  # resolved by the controller
        (0, ADDRESS, OTHER, False),  # came too late, of an earlier attempt
        (0, PRIVATE, ADDRESS, True),
        (0, PRIVATE, stands_for, False),
        (1, PRIVATE, stands_for, True),
        (1, PRIVATE, OTHER, False),  # that is another sensor of ours
    ):
        hub = fake_hub.Hub()
        task, _, _, radio = task_of(hub)
        link = Link(index, heard)
        task._links.append(link)
        hub.inbox.put_bytes(given, "connected", 9)
        fake_hub.run_until(
            task.run(), lambda link=link, radio=radio: link.connection or radio.names()[2:]
        )
        if is_it:
            assert link.connection == 9, (heard, given)
            assert link.address == bytes([given[0] & 1]) + given[1:]
        else:
            assert ("disconnect", (9,)) in radio.asked, (heard, given)


def uptime_is_right_beyond_thirty_bits():
    hub = fake_hub.Hub()
    ticks_ms = time.ticks_ms()
    hub.clock._base = (time.ticks_add(ticks_ms, -1000), (1 << 31) - 1000)
    assert hub.clock.at_ms(ticks_ms) == 1 << 31
    assert hub.clock.now_ms() >= 1 << 31
    assert (1 << 31) - 5000 <= hub.clock.at_ms(time.ticks_add(ticks_ms, -5000)) <= 1 << 31


for case in (
    advertised_values_are_journaled_without_a_connection,
    without_heap_nobody_is_connected_to_and_that_is_told_once,
    a_bond_that_finds_no_room_is_told_with_its_slot,
    a_flush_is_answered_when_all_is_durable,
    another_of_the_same_name_is_asked_for_everything,
    a_link_counts_what_it_has_heard_and_says_how_it_wants_to_pair,
    a_sensor_is_heard_again_once_it_was_told_of,
    clocks_and_events_bear_the_slot,
    a_connection_goes_to_the_link_that_asked_for_it,
    uptime_is_right_beyond_thirty_bits,
):
    case()
    print("ok", case.__name__)
