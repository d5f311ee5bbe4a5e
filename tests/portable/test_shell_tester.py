"""Who may start test readings and when; what a run writes, and what it does to the link."""

import asyncio
import sys
import unittest

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path.append(_HERE + "/../firmware")

if not hasattr(asyncio, "ThreadSafeFlag"):  # CPython
    asyncio.ThreadSafeFlag = asyncio.Event

# the crypto first: compiling it deep inside other imports needs more C stack than the VM has
from varde_protocols.crypto import ed25519, x25519  # noqa: E402, F401, I001

from nor_flash import NorFlash  # noqa: E402 - the path is set above

from varde_firmware.core import journal, ladder, ladder_words, recorder, status  # noqa: E402
from varde_firmware.shell import keeper, sensor_task, test_run, tester  # noqa: E402
from varde_protocols import assigned, cose, records, sealing, test_readings  # noqa: E402

HUB_ID = bytes(range(8))
RUN = bytes(range(16))
RECEIVER = b"\x11" * 32
SECTORS = 16
FEW_SECTORS = 4  # with less room than a run is made in


class Signer:
    def sign(self, message):
        return bytes(64)


class Exclusive:
    """Alone anyway."""

    def run(self, function, *args):
        return function(*args)


class Links:
    """Link task, WiFi, failover, modem and ladder in one."""

    def __init__(self, link=records.LINK_WIFI, state=None):
        self.link = link
        self.done = []
        self.state = state
        self.wifi_is_on = link == records.LINK_WIFI
        self._wifi = self
        self._failover = self if state is not None else None
        self._modem = self._ladder = self
        self._call = 7

    def switch(self, is_on):
        self.wifi_is_on = is_on
        self.done.append("wifi %d" % is_on)

    def wish(self, wish):
        self.done.append("modem %d" % wish)

    def _links_changed(self):
        self.done.append("told")


class World:
    """The uplink's task and the clock, with a real journal; time passes in sleeps only."""

    def __init__(self, links=None, sectors=SECTORS):
        self.log = journal.Journal(NorFlash(sectors))
        self.log.mount()
        made = recorder.Recorder(self.log, Signer(), HUB_ID, 1)
        made.session(0, b"\x22" * 32, x25519.public_key(RECEIVER))
        self.keeper = keeper.Keeper(Exclusive(), made)
        self.report_of = (self, None, made, self.keeper)
        self.links = links or Links()
        self.clock = self
        self.now = 0
        self.reports = []  # how many readings there were
        self.at = []  # (ms, is WiFi on) of each sleep

    def now_ms(self):
        return self.now

    def random_bytes(self, count):
        return bytes([self.now & 0xFF]) * count

    def report(self):
        self.reports.append(len(self.readings()))

    def records(self):
        found = self.log.batch(1 << 20, 999)
        return [records.decode(cose.Sign1.parse(raw).unverified_payload) for _seq, raw in found]

    def readings(self):
        return [each for each in self.records() if isinstance(each, records.Reading)]

    def events(self):
        return [(e.code, e.detail) for e in self.records() if isinstance(e, records.Event)]

    async def sleep_ms(self, duration_ms):
        self.now += duration_ms
        self.at.append((self.now, self.links.wifi_is_on))

    def make(self, is_cut=False):
        test_run.asyncio = self
        try:
            asyncio.run(test_run.make(self, RUN, test_readings.BY_BENCH, is_cut))
        finally:
            test_run.asyncio = asyncio


class Runs(unittest.TestCase):
    def test_twenty_readings_between_two_reports_as_the_receiver_opens_them(self):
        world = World()
        world.make()
        session = next(each for each in world.records() if isinstance(each, records.Session))
        opener = sealing.SessionOpener(HUB_ID, session, RECEIVER)
        readings = world.readings()
        known = [test_readings.read(opener.open(each).value) for each in readings]
        wanted = [test_readings.Known(RUN, n, 20) for n in range(1, 21)]
        self.assertEqual(known, wanted)
        for each in readings:
            place = (each.slot, each.characteristic, each.verification)
            self.assertEqual(place, (255, assigned.TEST, b""))
        self.assertEqual(world.events(), [(records.EVENT_TEST, 20 << 8 | 1)])
        self.assertEqual(world.reports, [0, 20])
        self.assertEqual([each.uptime_ms for each in readings], list(range(0, 40_000, 2_000)))
        self.assertEqual(world.keeper.readings, 20)  # tried at once, as a measurement is
        self.assertEqual(world.links.done, [])

    def test_a_cut_takes_wifi_down_for_the_second_half_and_ten_seconds(self):
        world = World()
        world.make(is_cut=True)
        self.assertEqual(world.links.done, ["wifi 0", "told", "wifi 1", "told"])
        off = [now_ms for now_ms, is_on in world.at if not is_on]
        self.assertEqual((off[0], off[-1], world.now), (20_000, 48_000, 48_000))

    def test_a_cut_of_4g_holds_the_call_down_as_long(self):
        for state in (ladder.MODEM, ladder.PROVING):
            links = Links(records.LINK_MODEM, state)
            World(links).make(is_cut=True)
            ready, call = ladder_words.MODEM_READY, ladder_words.MODEM_CALL
            wanted = ["modem %d" % ready, "told", "modem %d" % call]
            self.assertEqual((links.done, links._call), (wanted, 0))

    def test_4g_is_left_alone_if_wifi_is_to_carry_meanwhile(self):
        for state in (ladder.WIFI, ladder.TO_PROBE, ladder.TO_WIFI, ladder.RESTING):
            links = Links(records.LINK_MODEM, state)
            World(links).make(is_cut=True)
            self.assertEqual(links.done[1:], ["told"])

    def test_wifi_is_left_alone_if_4g_has_taken_over_meanwhile(self):
        for state in (ladder.MODEM, ladder.PROVING, ladder.TO_PROBE, ladder.TO_WIFI):
            links = Links(records.LINK_WIFI, state)
            World(links).make(is_cut=True)
            self.assertFalse(links.wifi_is_on)
        for state in (ladder.WIFI, ladder.PROBING, ladder.WARMING):
            links = Links(records.LINK_WIFI, state)
            World(links).make(is_cut=True)
            self.assertTrue(links.wifi_is_on)

    def test_without_a_link_there_is_nothing_to_cut(self):
        for state in (None, ladder.WIFI, ladder.MODEM, ladder.WARMING):
            links = Links(0, state)  # a modem that is to dial is let
            World(links).make(is_cut=True)
            self.assertEqual((links.done, links._call), (["told"], 7))

    def test_what_room_is_left_is_for_a_homes_own_values(self):
        world = World(sectors=FEW_SECTORS)
        with self.assertRaises(OSError):
            world.make()
        self.assertEqual((world.readings(), world.events(), world.reports), ([], [], []))

    def test_a_run_that_finds_no_more_room_brings_the_link_back(self):
        world = World()
        write = world.keeper.write

        def write_some(*fields):
            return len(world.readings()) < 15 and write(*fields)

        world.keeper.write = write_some
        with self.assertRaises(OSError):
            world.make(is_cut=True)
        self.assertEqual(len(world.readings()), 15)
        self.assertTrue(world.links.wifi_is_on)


class Over(Exception):
    """The test has no more to come."""


class Desk(World):
    """Board, upkeep, inbox and asyncio of a tester; `steps` are what comes as it waits."""

    def __init__(self, *steps, sectors=SECTORS):
        super().__init__(sectors=sectors)
        self.facts = status.Facts()
        self.steps = list(steps)
        self.held_until = -1
        self.begun = []
        self.forwarded = 0
        self.tester = tester.Tester(self, self, self, self.forward)
        self.tester._inbox = self
        tester.asyncio = self
        try:
            asyncio.run(self.tester.run())
        except Over:
            pass
        finally:
            tester.asyncio = asyncio

    def listen(self, on_press):
        self.on_press = on_press

    def forward(self):
        self.forwarded += 1

    def is_pressed(self):
        return self.now < self.held_until

    def show(self):
        pass

    def wake(self):
        pass

    async def wait(self, _timeout_ms):
        if not self.steps:
            raise Over
        self.steps.pop(0)(self)

    def create_task(self, task):
        self.begun.append(task.close())


class Sensors(sensor_task.SensorTask):
    """None is connected; updates ask it whether one may go on."""

    def __init__(self, upkeep):
        self._links = {}
        self._upkeep = upkeep


def press(duration_ms):
    def step(desk):
        desk.held_until = desk.now + duration_ms
        desk.on_press(None)

    return step


def finish(desk):
    desk.facts.is_testing = False


def after(duration_ms):
    def step(desk):
        desk.now += duration_ms

    return step


class Starts(unittest.TestCase):
    def test_five_seconds_begin_one_and_less_begins_none(self):
        for duration_ms, begun in ((150, 0), (4_700, 0), (5_100, 1), (600_000, 1)):
            desk = Desk(press(duration_ms))
            self.assertEqual((len(desk.begun), desk.facts.is_testing), (begun, begun == 1))
            self.assertEqual(desk.forwarded, 1)  # it silences a reminder all the same

    def test_one_at_a_time_whoever_asks(self):
        desk = Desk(press(6_000), press(6_000))
        self.assertEqual(len(desk.begun), 1)
        self.assertFalse(desk.tester.begin(RUN, 2))
        finish(desk)
        tester.asyncio = desk
        self.assertTrue(desk.tester.begin(RUN, 3))
        tester.asyncio = asyncio
        self.assertEqual(len(desk.begun), 2)

    def test_no_update_restarts_the_hub_meanwhile(self):
        desk = Desk(press(6_000))
        sensors = Sensors(desk)
        self.assertTrue(sensors.is_measuring)
        finish(desk)
        self.assertFalse(sensors.is_measuring)

    def test_a_button_that_sticks_or_is_played_with_fills_no_journal(self):
        again = (press(6_000), finish)
        desk = Desk(*(again * 12))
        self.assertEqual(len(desk.begun), tester.RUNS_AN_HOUR)
        desk = Desk(*(again * 12 + (after(3_600_000),) + again))
        self.assertEqual(len(desk.begun), tester.RUNS_AN_HOUR + 1)

    def test_a_run_that_fails_frees_the_place_and_is_unloaded(self):
        for sectors, made in ((SECTORS, 20), (FEW_SECTORS, 0)):
            desk = Desk(sectors=sectors)
            desk.facts.is_testing = True
            test_run.asyncio = desk
            try:
                asyncio.run(desk.tester._make(RUN, test_readings.BY_BUTTON, False))
                self.assertFalse(desk.facts.is_testing)
                self.assertEqual(len(desk.readings()), made)
                self.assertFalse("varde_firmware.shell.test_run" in sys.modules)
                self.assertFalse("varde_protocols.test_readings" in sys.modules)
            finally:
                put_back()


def put_back():
    """As they were, for the tests that come."""
    for package, name, module in (
        ("varde_firmware.shell", "test_run", test_run),
        ("varde_protocols", "test_readings", test_readings),
    ):
        setattr(sys.modules[package], name, module)
        sys.modules[package + "." + name] = module
    test_run.asyncio = asyncio


if __name__ == "__main__":
    unittest.main()
