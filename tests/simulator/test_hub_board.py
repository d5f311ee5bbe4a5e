"""The board as a program on it sees it: time, resets, flash, NVS, watchdog, light, WiFi."""

import asyncio

import pytest

from simulator.board_place import needs_vm, play

pytestmark = needs_vm


def test_boot_and_main_run_from_flash_and_days_pass_in_a_blink(tmp_path):
    async def act(place):
        await place.board(
            "import asyncio, time, os\n"
            "async def main():\n"
            "    for _ in range(48):\n"
            "        await asyncio.sleep(3600)\n"
            "print('files', os.listdir('/'))\n"
            "asyncio.run(main())\n"
            "print('passed', time.time(), time.ticks_ms())\n"
        )
        await place.until("passed", 3 * 86_400)

    place = play(tmp_path, act)
    assert place.clock.leaps >= 48
    assert place.lines[0] == "files ['main.py']"
    _, rtc_s, ticks_ms = place.lines[-1].split()
    assert int(rtc_s) == 48 * 3600  # the RTC began at 2000-01-01, the port's epoch
    assert 48 * 3_600_000 <= int(ticks_ms) < 48 * 3_600_000 + 2_000


def test_timeouts_keep_their_meaning(tmp_path):
    async def act(place):
        await place.board(
            "import asyncio, time\n"
            "async def slow(duration_s):\n"
            "    await asyncio.sleep(duration_s)\n"
            "async def main():\n"
            "    start = time.ticks_ms()\n"
            "    try:\n"
            "        await asyncio.wait_for(slow(100), 7)\n"
            "    except asyncio.TimeoutError:\n"
            "        print('timeout', time.ticks_diff(time.ticks_ms(), start))\n"
            "    await asyncio.gather(slow(20), slow(30))\n"
            "    print('both', time.ticks_diff(time.ticks_ms(), start))\n"
            "asyncio.run(main())\n"
        )
        await place.until("both")

    place = play(tmp_path, act)
    assert 7_000 <= int(place.lines[0].split()[1]) < 7_500
    assert 37_000 <= int(place.lines[1].split()[1]) < 38_000


def test_two_boards_meet_in_one_time(tmp_path):
    program = (
        "import time\n"
        "for _ in range(20):\n"
        "    time.sleep_ms({})\n"
        "print('{} ends at', time.ticks_ms())\n"
    )

    async def act(place):
        await place.board(program.format(1000, "one"), "one")
        await place.board(program.format(1700, "two"), "two")
        await place.until("two ends")
        assert place.clock.now_us() < 40_000_000

    place = play(tmp_path, act)
    assert [line.split()[0] for line in place.lines] == ["one", "two"]


def test_the_rtc_is_kept_by_a_reset_and_lost_with_the_power(tmp_path):
    program = (
        "import machine, time\n"
        "print('cause', machine.reset_cause(), 'year', time.gmtime()[0])\n"
        "if time.gmtime()[0] == 2000:\n"
        "    machine.RTC().datetime((2026, 3, 2, 0, 7, 30, 0, 0))\n"
        "    machine.reset()\n"
        "print('now', machine.RTC().datetime()[:3], time.gmtime()[3:5])\n"
    )

    async def act(place):
        board = await place.board(program)
        await place.until("now")
        await board.cut_power()
        assert not board.is_on
        place.lines.append("-- power back --")
        await board.power_on()
        while place.lines.count("now (2026, 3, 2) (7, 30)") < 2:
            await asyncio.sleep(1)

    place = play(tmp_path, act)
    assert place.lines == [
        "cause 1 year 2000",
        "cause 2 year 2026",
        "now (2026, 3, 2) (7, 30)",
        "-- power back --",
        "cause 1 year 2000",
        "cause 2 year 2026",
        "now (2026, 3, 2) (7, 30)",
    ]


def test_soft_reset_and_deep_sleep_say_so(tmp_path):
    program = (
        "import machine, sys\n"
        "cause = machine.reset_cause()\n"
        "print('cause', cause)\n"
        "if cause == 1:\n"
        "    machine.soft_reset()\n"
        "if cause == 5:\n"
        "    machine.deepsleep(3600000)\n"
        "print('end')\n"
    )

    async def act(place):
        await place.board(program)
        await place.until("end", 7200)
        assert place.clock.now_us() > 3_600_000_000

    place = play(tmp_path, act)
    assert place.lines == ["cause 1", "cause 5", "cause 4", "end"]


def test_the_watchdog_bites_in_virtual_time(tmp_path):
    program = (
        "import machine, time\n"
        "if machine.reset_cause() == 3:\n"
        "    print('bitten')\n"
        "else:\n"
        "    dog = machine.WDT(timeout=60000)\n"
        "    for _ in range(10):\n"
        "        time.sleep(50)\n"
        "        dog.feed()\n"
        "    print('fed for', time.time())\n"
        "    time.sleep(500)\n"
        "    print('never here')\n"
    )

    async def act(place):
        board = await place.board(program)
        await place.until("bitten")
        assert board.watchdog_bites == 1

    place = play(tmp_path, act)
    assert place.lines == ["fed for 500", "bitten"]


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_a_cut_tears_the_write_it_comes_in(tmp_path, fraction):
    program = (
        "import esp32\n"
        "part = esp32.Partition.find(esp32.Partition.TYPE_DATA, label='journal')[0]\n"
        "seen = bytearray(300)\n"
        "part.readblocks(0, seen, 0)\n"
        "print('written', 300 - bytes(seen).count(b'\\xff'))\n"
        "part.writeblocks(0, bytes(100), 0)\n"
        "part.writeblocks(0, bytes(100), 100)\n"
        "part.writeblocks(0, bytes(100), 200)\n"
        "print('all three')\n"
    )

    async def act(place):
        board = await place.board(program, power=False)
        await board.power_on(cut=(2, fraction))
        while not place.cuts:
            await asyncio.sleep(1)
        await board.power_on()
        await place.until("all three")
        assert board.page.flash.nor_errors == 0

    place = play(tmp_path, act)
    assert place.lines == ["written 0", f"written {100 + int(100 * fraction)}", "all three"]


def test_programming_a_zero_to_one_is_counted_and_has_no_effect(tmp_path):
    program = (
        "import esp32\n"
        "part = esp32.Partition.find(esp32.Partition.TYPE_DATA, label='journal')[0]\n"
        "part.writeblocks(1, b'\\x0f', 0)\n"
        "part.writeblocks(1, b'\\xf0', 0)\n"
        "seen = bytearray(1)\n"
        "part.readblocks(1, seen, 0)\n"
        "print('byte', seen[0])\n"
        "part.ioctl(6, 1)\n"
        "part.readblocks(1, seen, 0)\n"
        "print('erased', seen[0], part.ioctl(4, 0), part.ioctl(5, 0), part.info()[4])\n"
    )

    async def act(place):
        board = await place.board(program)
        await place.until("erased")
        assert board.page.flash.nor_errors == 1

    place = play(tmp_path, act)
    assert place.lines == ["byte 0", "erased 255 16 4096 journal"]


def test_littlefs_keeps_files_and_nor_rules_with_the_heap_locked(tmp_path):
    program = (
        "import gc, os\n"
        "for number in range(60):\n"
        "    file = open('/f%d' % (number % 7), 'wb')\n"
        "    file.write(bytes([number]) * 3000)\n"
        "    file = None\n"  # closed by the collector's finaliser
        "    gc.collect()\n"
        "print('kept', [open('/f%d' % n, 'rb').read()[:1][0] for n in range(7)])\n"
    )

    async def act(place):
        board = await place.board(program)
        await place.until("kept")
        assert board.page.flash.nor_errors == 0
        assert board.page.flash.erases > 10

    place = play(tmp_path, act)
    assert place.lines == ["kept [56, 57, 58, 59, 53, 54, 55]"]


def test_nvs_keeps_what_it_said_was_set_through_any_cut(tmp_path):
    program = (
        "import esp32\n"
        "nvs = esp32.NVS('t')\n"
        "blob = bytearray(40)\n"
        "try:\n"
        "    count = nvs.get_i32('count')\n"
        "    length = nvs.get_blob('blob', blob)\n"
        "    print('found', count, length, blob[0] in (count, count + 1) or count < 0)\n"
        "except OSError as error:\n"
        "    print('nothing', error.args[1])\n"
        "    count = -1\n"
        "for number in range(count + 1, count + 400):\n"
        "    nvs.set_blob('blob', bytes([number % 256]) * 40)\n"
        "    nvs.set_i32('count', number % 256)\n"
        "print('end')\n"
    )

    async def act(place):
        board = await place.board(program, power=False)
        for operation, fraction in ((3, 0.5), (90, 0.2), (171, 1.0), (260, 0.7), (1, 0.9)):
            cuts = place.cuts
            await board.power_on(cut=(operation, fraction))
            while place.cuts == cuts:
                await asyncio.sleep(1)
        await board.power_on()
        await place.until("end")
        assert board.page.flash.nor_errors == 0

    place = play(tmp_path, act)
    nothing = "nothing ESP_ERR_NVS_NOT_FOUND"
    assert place.lines[:2] == [nothing, nothing]  # the third operation would have been the header
    assert all(line.endswith("True") for line in place.lines[2:-1])
    assert len(place.lines) == 7


def test_a_button_is_pressed_and_a_buzzer_heard(tmp_path):
    async def act(place):
        board = await place.board(
            "import machine, time\n"
            "button = machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP)\n"
            "print('rests at', button.value())\n"
            "presses = []\n"
            "button.irq(handler=presses.append, trigger=machine.Pin.IRQ_FALLING)\n"
            "tone = machine.PWM(machine.Pin(21), freq=1500, duty_u16=32768)\n"
            "while not presses:\n"
            "    time.sleep_ms(10)\n"
            "print('held at', button.value())\n"
            "tone.deinit()\n"
            "time.sleep_ms(500)\n"
            "print('presses', len(presses), 'rests at', button.value())\n",
            power=False,
        )
        board.signals.fit_buzzer()
        await board.power_on()
        await place.until("rests at 1")
        await asyncio.sleep(1)
        assert board.signals.is_sounding
        board.signals.press_button()
        await place.until("held at 0")
        await place.until("presses 1 rests at 1")
        assert not board.signals.is_sounding
        assert [(tone.pin, tone.frequency_hz) for tone in board.signals.tones] == [(21, 1500)]

    play(tmp_path, act)


def test_the_light_reaches_the_world(tmp_path):
    async def act(place):
        board = await place.board(
            "import machine, neopixel\n"
            "light = neopixel.NeoPixel(machine.Pin(48), 1)\n"
            "light[0] = (0, 16, 3)\n"
            "light.write()\n"
            "print('lit')\n"
        )
        await place.until("lit")
        await asyncio.sleep(1)
        assert board.signals.light == bytes([0, 16, 3])

    play(tmp_path, act)


def test_a_program_that_fails_shows_its_traceback_and_the_board_stays_on(tmp_path):
    async def act(place):
        board = await place.board("raise ValueError('no')")
        await asyncio.sleep(10)
        assert board.is_on
        assert place.notes == ["main.py: ValueError: no"]

    place = play(tmp_path, act)
    assert place.lines[-1] == "ValueError: no"


def test_wifi_comes_goes_and_comes_back(tmp_path):
    program = (
        "import network, time\n"
        "station = network.WLAN(network.STA_IF)\n"
        "try:\n"
        "    station.connect('home', 'password')\n"
        "except OSError as error:\n"
        "    print('not started')\n"
        "station.active(True)\n"
        "print('scan', [row[0] for row in station.scan()])\n"
        "station.connect('home', 'password')\n"
        "last = None\n"
        "while True:\n"
        "    status = station.status()\n"
        "    if status != last:\n"
        "        print('status', status, station.isconnected(), station.ifconfig()[0])\n"
        "        last = status\n"
        "    time.sleep_ms(200)\n"
    )

    async def act(place):
        place.world.add_access_point("home", "password")
        await place.board(program)
        await place.until("status 1010")
        place.world.set_wifi(False)
        await asyncio.sleep(600)
        place.world.set_wifi(True)
        await asyncio.sleep(60)

    place = play(tmp_path, act)
    assert place.lines == [
        "not started",
        "scan [b'home']",
        "status 1001 False 0.0.0.0",
        "status 1010 True 192.168.4.23",
        "status 1001 False 0.0.0.0",  # the beacons are missed; then nothing is found
        "status 201 False 0.0.0.0",
        "status 1010 True 192.168.4.23",
    ]


def test_a_wrong_password_is_said_as_on_the_chip(tmp_path):
    async def act(place):
        place.world.add_access_point("home", "password")
        await place.board(
            "import network, time\n"
            "station = network.WLAN(network.STA_IF)\n"
            "station.active(True)\n"
            "station.connect('home', 'guess')\n"
            "time.sleep(10)\n"
            "print('status', station.status())\n"
        )
        await place.until("status")

    assert play(tmp_path, act).lines == ["status 202"]
