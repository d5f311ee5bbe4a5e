"""The radio's task against a radio that the test plays."""

import asyncio
import time

import fake_hub

from varde_firmware.core import advertising, backoff, journal, scanner, value_ring
from varde_firmware.shell import listeners, sensor_task
from varde_protocols import hub_config, records

ADDRESS = bytes([1]) + bytes.fromhex("c00102030405")
CUFF = hub_config.Sensor(3, ADDRESS, None, 0x1810, [0x2A35], "", 0, None, None, b"")
CONNECTION = 5


class Radio:
    """Answers as a cuff with 2A35 at handle 12; notes what it was asked for."""

    def __init__(self, hub, ring):
        self.hub = hub
        self.ring = ring
        self.asked = []
        self.listeners = {}
        self.dropped = 0
        self.fails = {}  # call: how many times more it raises
        self.values = 1
        self.notifies = False
        self.is_kept = None

    def _note(self, name):
        self.asked.append(name)
        if self.fails.get(name, 0):
            self.fails[name] -= 1
            raise OSError(5)

    def switch_on(self, inbox):
        self.inbox = inbox
        self._note("on")

    def post(self, event):
        self.inbox.put(*event)

    def switch_off(self):
        self._note("off")

    def scan(self, duration_ms):
        self._note("scan")
        self.post(("sighted", 0, -60, ADDRESS))

    def stop_scan(self):
        self._note("stop")

    def connect(self, address, timeout_ms):
        assert address == ADDRESS
        self._note("connect")
        self.post(("scan_done",))
        self.post(("connected", CONNECTION, ADDRESS))

    def cancel_connect(self):
        self._note("cancel")

    def disconnect(self, connection):
        self._note("disconnect")
        self.post(("disconnected", connection))
        return True

    def discover_service(self, connection, uuid):
        self._note("service")
        if uuid == CUFF.service:  # neither battery nor clock
            self.post(("service", connection, 10, 20))
        self.post(("stage_done", connection, 0))

    def discover_characteristics(self, connection, start, end):
        self._note("characteristics")
        self.post(("characteristic", connection, 13, 12, 0x20, 0x2A35))
        self.post(("stage_done", connection, 0))

    def discover_descriptors(self, connection, start, end):
        self._note("descriptors")
        self.post(("descriptor", connection, 13, 0x2902))
        self.post(("stage_done", connection, 0))

    def demand(self, bond):
        self._note("demand")

    def listen(self, connection, value_handle, listener):
        self._note("listen")
        self.listeners[value_handle] = listener

    def forget(self, connection):
        self.listeners.clear()

    def read(self, connection, handle):
        self._note("read")
        self.post(("read", connection, handle, 0, b"\x02\x00"))

    def write(self, connection, handle, data, with_response):
        """Values come before the answer, as they may."""
        assert data == b"\x02\x00"
        self._note("write")
        for i in range(self.values):
            self.value(bytes([i]))
        self.post(("stage_done", connection, 0))

    def value(self, value):
        listener = self.listeners[12]
        if self.notifies:
            if not self.ring.put(listener.number, time.ticks_ms(), value):
                self.dropped += 1
        else:
            self.is_kept = self.hub.keeper.keep(listener, self.hub.clock.now_ms(), value)
            if not self.is_kept:
                self.post(("not_kept", CONNECTION))
                return
        listener.total += 1
        if not listener.is_told:
            listener.is_told = True
            self.post(("value", CONNECTION, listener))


def task_and_radio(hub, ring_bytes=value_ring.RING_BYTES):
    ring = value_ring.ValueRing(ring_bytes)
    radio = Radio(hub, ring)
    delays = backoff.Backoff(20, 40, hub.jitter)
    task = sensor_task.SensorTask(
        [CUFF], radio, advertising.AdvertMatcher([CUFF]), ring, hub.inbox, hub.keeper,
        scanner.Scanner(delays), hub.upkeep, hub.clock, hub.keys, hub.spare_heap_bytes,
    )  # fmt: skip
    return task, radio


def readings(hub):
    return [r for r in hub.records() if isinstance(r, records.Reading)]


def straight_way():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.values = 3
    fake_hub.run_until(task.run(), lambda: radio.asked.count("scan") == 2)
    assert radio.asked == [
        "on", "scan", "demand", "connect", "service", "characteristics", "listen", "descriptors",
        "service", "service", "write", "scan",
    ], radio.asked  # fmt: skip
    assert [(r.slot, r.characteristic) for r in readings(hub)] == [(3, 0x2A35)] * 3


def hangs_up_after_silence():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    fake_hub.run_until(task.run(), lambda: "disconnect" in radio.asked)
    assert (0, 0, 48) in hub.board.shown, hub.board.shown


def notifications_are_journaled_one_by_one_and_losses_told():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub, 64)
    radio.notifies = True
    radio.values = 9
    fake_hub.run_until(task.run(), lambda: hub.events() != [])
    kept = len(readings(hub))
    assert 0 < kept < 9
    told = [(records.EVENT_NOTIFICATIONS_DROPPED, 9 - kept)]
    assert hub.events() == told, hub.events()
    for _ in range(3):  # more of them, within a minute
        radio.dropped += 2
        task._tell_lost()
    assert hub.events() == told, hub.events()
    task._tell_lost_from_ms = hub.clock.now_ms()
    task._tell_lost()
    told.append((records.EVENT_NOTIFICATIONS_DROPPED, 6))
    assert hub.events() == told, hub.events()


def without_room_it_hangs_up_until_there_is_room():
    hub = fake_hub.Hub(sectors=8)
    hub.keeper.on_record = hub.inbox.wake
    task, radio = task_and_radio(hub)
    radio.values = 200

    def is_full():
        return hub.upkeep.facts.has_fault

    def make_room():
        assert radio.is_kept is False
        assert (records.EVENT_JOURNAL_FULL, 0) in hub.events(), hub.events()
        radio.asked.clear()
        radio.values = 1
        hub.journal.acknowledge([[r.seq, r.seq] for r in hub.records()])
        hub.keeper.note_change()
        return True

    fake_hub.run_until(
        task.run(), is_full, make_room, lambda: "scan" in radio.asked and not is_full()
    )


def a_radio_that_fails_is_restarted():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.fails = {"connect": 1}

    def is_back():
        return radio.asked[-3:] == ["off", "on", "scan"]

    def advertise():
        radio.post(("sighted", 0, -60, ADDRESS))  # until it is no longer left alone
        return len(readings(hub)) == 1

    fake_hub.run_until(task.run(), is_back, advertise)


def a_sensor_that_has_just_gone_is_no_fault_of_the_radio():
    for call in ("service", "descriptors", "write"):
        hub = fake_hub.Hub()
        task, radio = task_and_radio(hub)
        radio.fails = {call: 1}

        def advertise(hub=hub, radio=radio):
            radio.post(("sighted", 0, -60, ADDRESS))
            return len(readings(hub)) == 1

        fake_hub.run_until(task.run(), advertise)
        assert "off" not in radio.asked, (call, radio.asked)


def a_late_connection_that_cannot_be_hung_up_restarts_the_radio():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.values = 0
    radio.fails = {"disconnect": 1}

    def connect_unasked():
        radio.post(("connected", 9, bytes(7)))
        return True

    fake_hub.run_until(
        task.run(), lambda: radio.asked.count("scan") == 2, connect_unasked,
        lambda: "off" in radio.asked,
    )  # fmt: skip


def unsettled_seq(hub):
    """What the next boot would find."""
    return journal.Journal(hub.journal._flash).mount().unsettled_seq


def after_a_connection_in_order_the_sensor_knows():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)

    def is_kept():
        return len(readings(hub)) == 1 and unsettled_seq(hub) == readings(hub)[0].seq

    fake_hub.run_until(task.run(), is_kept, lambda: unsettled_seq(hub) is None)
    assert "disconnect" in radio.asked, radio.asked


def a_read_that_was_answered_proves_it_whatever_fails_then():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.fails = {"disconnect": 1}
    fake_hub.run_until(task.run(), lambda: hub.upkeep.facts.sessions, lambda: not task._links)
    assert unsettled_seq(hub) is None


def a_value_before_the_radio_failed_may_come_again():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.fails = {"read": 1, "disconnect": 1}
    fake_hub.run_until(task.run(), lambda: hub.upkeep.facts.sessions, lambda: not task._links)
    first = readings(hub)[0].seq
    assert unsettled_seq(hub) == first
    again = listeners.Listener(9, 9, CUFF, CUFF.service, 0x2A35, ADDRESS)
    hub.keeper.keep(again, 9, bytes([0]))
    assert hub.events() == [(records.EVENT_READING_UNSETTLED, first)], hub.events()


def a_radio_beyond_hope_ends_the_task():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    radio.fails = {"scan": 99}
    try:
        asyncio.run(task.run())
        raise SystemExit("it went on")
    except sensor_task.RadioDeadError:
        pass


def lost_events_restart_the_radio():
    hub = fake_hub.Hub()
    task, radio = task_and_radio(hub)
    hub.inbox.has_overflowed = True
    fake_hub.run_until(task.run(), lambda: "off" in radio.asked)


for case in (
    straight_way,
    hangs_up_after_silence,
    notifications_are_journaled_one_by_one_and_losses_told,
    without_room_it_hangs_up_until_there_is_room,
    a_radio_that_fails_is_restarted,
    a_sensor_that_has_just_gone_is_no_fault_of_the_radio,
    a_late_connection_that_cannot_be_hung_up_restarts_the_radio,
    after_a_connection_in_order_the_sensor_knows,
    a_read_that_was_answered_proves_it_whatever_fails_then,
    a_value_before_the_radio_failed_may_come_again,
    a_radio_beyond_hope_ends_the_task,
    lost_events_restart_the_radio,
):
    case()
    print("ok", case.__name__)
