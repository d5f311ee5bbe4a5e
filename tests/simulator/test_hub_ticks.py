"""A whole hub on its thirteenth day, when the chip's 30-bit ticks wrap; and light sleep."""

import asyncio
import pathlib

import pytest

from simulator.board_place import START, needs_vm, play
from simulator.hub_place import Hub, with_hub
from varde_host.receiver import timeline
from varde_protocols import records
from varde_simulator import stage
from varde_simulator.sensors import meaning as m

pytestmark = needs_vm
ROOT = pathlib.Path(__file__).resolve().parents[2]
WRAP_MS = 1 << 30
BEFORE_MS = 120_000
START_MS = int(START.timestamp() * 1000)
PRESSURE_SERVICE, PRESSURE_VALUE = 0x1810, 0x2A35

# The ticks of this boot shall wrap in two minutes, and that for the first time in this boot: then
# uptimes need more than 30 bits as well, which are numbers of another kind on the chip.
OLD = f"""
import sys
import _clock
_clock._boot_us -= {WRAP_MS - BEFORE_MS} * 1000
_clock._read_offset()
sys.path.insert(0, "/a")
from varde_firmware.shell import clock
class OldClock(clock.Clock):
    def __init__(self):
        super().__init__()
        for name, value in self.__dict__.items():  # hubs have short names for what is private
            if type(value) is tuple:
                setattr(self, name, (value[0], value[0]))
clock.Clock = OldClock
"""


@pytest.fixture
def old_hubs(monkeypatch):
    """Hubs that have run for 12 days and 10 hours when they start."""
    make_files = stage.firmware_files

    def files(vm):
        found = make_files(vm)
        return {**found, "main.py": OLD.encode() + found["main.py"]}

    monkeypatch.setattr(stage, "firmware_files", files)


def test_readings_before_and_after_the_wrap_have_their_time(tmp_path, old_hubs):
    taken_us = []

    async def act(hub: Hub) -> None:
        cuff = await hub.add(1, "and-ua651", PRESSURE_SERVICE, [PRESSURE_VALUE])
        await hub.power_on()
        await asyncio.sleep(20)
        cuff.hold_button()
        await hub.session(1, "no-values")
        for wait_s in (0, 120, 7 * 3600):
            await asyncio.sleep(wait_s)
            cuff.take(m.Pressure(128, 79, 95, 66))
            await hub.session(1, "done")
            taken_us.append(hub.place.clock.now_us())

    hub = with_hub(tmp_path, act)
    uptimes = [r.uptime_ms for r in hub.of(records.Reading) if r.characteristic == PRESSURE_VALUE]
    assert WRAP_MS - BEFORE_MS < uptimes[0] < WRAP_MS < uptimes[1]
    true = [START_MS + now_us // 1000 for now_us in taken_us]
    line = timeline.Timeline()
    for anchor in hub.of(records.Anchor):
        said = timeline.Anchor(anchor.uptime_ms, anchor.utc_ms, anchor.uncertainty_ms)
        line.anchor(1, said, true[-1] + 60_000)
    for uptime_ms, true_ms in zip(uptimes, true, strict=True):
        line.saw(1, uptime_ms, true[-1] + 60_000)
        # a session ends some seconds after its value has come
        assert -100 <= true_ms - line.when(1, uptime_ms).utc_ms < 20_000
    assert len(hub.of(records.Anchor)) >= 2  # the first, and that of six hours later
    assert not any(event.code == records.EVENT_CLOCK_STEP for event in hub.of(records.Event))
    assert not any("Traceback" in text for text in hub.place.lines)
    assert [event.detail for event in hub.of(records.Event) if event.code == records.EVENT_BOOT]


def test_uptime_goes_on_in_light_sleep_and_over_the_wrap(tmp_path):
    """As far as the stand-in goes: on the chip the RTC's counter stands in for the timer."""
    program = f"""
import machine, time
import _clock
_clock._boot_us -= {WRAP_MS - BEFORE_MS} * 1000
_clock._read_offset()
"""
    program += (ROOT / "firmware/varde_firmware/shell/clock.py").read_text()
    program += """
hub = Clock()
for minutes in (1, 3, 24 * 60, 6 * 24 * 60):
    machine.lightsleep(minutes * 60000)
    print('slept', hub.now_ms(), time.ticks_ms())
print('done')
"""

    async def act(place) -> None:
        await place.board(program)
        await place.until("done", 8 * 86_400)

    place = play(tmp_path, act)
    slept = [[int(word) for word in line.split()[1:]] for line in place.lines[:-1]]
    minutes = 0
    for (uptime_ms, ticks_ms), passed in zip(slept, (1, 3, 24 * 60, 6 * 24 * 60), strict=True):
        minutes += passed
        assert minutes * 60_000 <= uptime_ms < minutes * 60_000 + 3_000
        assert abs(ticks_ms - (WRAP_MS - BEFORE_MS + uptime_ms) % WRAP_MS) < 3_000


def test_a_wait_that_asyncio_would_refuse_ends_after_a_day(tmp_path):
    """None of the hub's deadlines is farther off; should one be, it must not end a task."""
    source = (ROOT / "firmware/varde_firmware/shell/inbox.py").read_text()
    program = source.replace(
        "from varde_protocols._compat import TYPE_CHECKING, const",
        "TYPE_CHECKING = False\nconst = int",
    )
    program += """
async def wait():
    try:
        await asyncio.sleep_ms(1 << 29)
        print('refused nothing')
    except OverflowError:
        print('refused')
    await Inbox(1, 0).wait(1 << 40)
    print('done', time.ticks_ms())
import time
asyncio.run(wait())
"""

    async def act(place) -> None:
        await place.board(program)
        await place.until("done", 2 * 86_400)

    place = play(tmp_path, act)
    assert place.lines[0] == "refused"
    assert 86_400_000 <= int(place.lines[1].split()[1]) < 86_402_000
