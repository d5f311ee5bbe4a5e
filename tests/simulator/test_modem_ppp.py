"""PPP over the virtual modem: calls, sockets, the way out, and how they end."""

import asyncio

from simulator.board_place import needs_vm
from simulator.modem_place import READY, run, to_the_end

pytestmark = needs_vm


def test_it_starts_registers_dials_and_carries_a_connection(tmp_path):
    program = """
print(start())
print(at("ATE0"), at("AT+CPIN?"), at("AT+CGDCONT=1,\\"IP\\",\\"internet\\""))
print(register())
link = dial()
print(link.isconnected(), link.ifconfig()[0])
raw, answer = ask(b"hello")
print(answer)
raw.close()
link.active(False)
print(link.isconnected(), ask(b"again")[1])
print(until("NO CARRIER", 3000)[-1])
"""
    seen = []

    async def act(place):
        await to_the_end(place)
        seen.append(place.modem.network.traffic)

    assert run(tmp_path, program, after=act) == [
        "['*ATREADY: 1', '+CPIN: READY']",
        "['OK'] ['+CPIN: READY', 'OK'] ['OK']",
        "+CEREG: 0,1",
        "['CONNECT 115200']",
        "True 10.1.17.42",
        "b'hello'",
        "False -202",
        "NO CARRIER",
    ]
    assert (seen[0].connections, seen[0].up_bytes, seen[0].down_bytes) == (1, 5, 5)


def test_a_wrong_apn_or_login_is_refused(tmp_path):
    program = """
for apn in ("wrong", "right"):
    at('AT+CGDCONT=1,"IP","%s"' % apn)
    at("ATD*99#", 10000)
    link = network.PPP(uart)
    link.active(True)
    link.connect(authmode=link.AUTH_PAP, username="user", password="key")
    time.sleep(8)
    print(apn, link.isconnected())
    link.active(False)
    time.sleep(1)
"""
    lines = run(tmp_path, READY + program, apn="right", login=("user", "key"))
    assert lines == ["wrong False", "right True"]


def test_a_call_that_nobody_answers_ends_by_itself(tmp_path):
    program = """
print(at("ATD*99#", 10000))
time.sleep(31)
heard = uart.read()
print(heard.count(b"\\xff}#\\xc0!"), heard[-14:])
"""
    assert run(tmp_path, READY + program) == ["['CONNECT 115200']", "10 b'\\r\\nNO CARRIER\\r\\n'"]


def test_escape_online_and_dtr(tmp_path):
    program = """
link = dial()
link._stream.taker = None  # as if the hub had been reset: its PPP is gone, the modem's call is not
print(at("AT", 1000))
time.sleep(2)
uart.write(b"+++")
print(until("OK", 3000)[-1], at("AT+CGACT?")[0], at("ATO"))
print(at("AT&D2", 500))
time.sleep(2)
uart.write(b"+++")
print(until("OK", 3000)[-1], at("AT&D2"), at("ATO"))
dtr.value(1)
print(until("NO CARRIER", 1000)[-1], at("ATO"))
"""
    assert run(tmp_path, READY + program) == [
        "['CONNECT 115200']",
        "['timeout']",
        "OK +CGACT: 1,1 ['CONNECT 115200']",
        "['timeout']",
        "OK ['OK'] ['CONNECT 115200']",
        "NO CARRIER ['NO CARRIER']",
    ]


def test_a_reset_of_the_hub_leaves_the_modem_in_its_call(tmp_path):
    program = """
if machine.reset_cause() == machine.PWRON_RESET:
    start(); at("ATE0"); register()
    dial()
    machine.reset()
print(at("AT", 1000))
time.sleep(2)
uart.write(b"+++")
print(until("OK", 3000)[-1], at("ATH"), at("AT"))
"""
    assert run(tmp_path, program) == [
        "['CONNECT 115200']", "['timeout']", "OK ['OK'] ['OK']",
    ]  # fmt: skip


def test_time_leaps_over_a_modem_that_is_idle_or_in_a_quiet_call(tmp_path):
    leaps = []

    async def act(place):
        await place.place.until("up")
        before = place.board.clock.leaps
        await asyncio.sleep(6 * 86_400)
        leaps.append(place.board.clock.leaps - before)
        await place.place.until("end", 2 * 86_400)

    program = READY + "link = dial(); print('up'); time.sleep(7 * 86400); print(ask(b'still')[1])"
    lines = run(tmp_path, program, after=act)
    assert lines == ["['CONNECT 115200']", "up", "b'still'"]
    assert leaps[0] < 100  # no timer of the modem runs then


def test_bytes_take_the_time_of_a_4g_line_and_longer_when_it_is_weak(tmp_path):
    program = """
link = dial()
for _ in range(2):
    raw, _ = ask(b"x")
    begun = time.ticks_ms()
    raw.send(bytes(20000))
    got = 0
    while got < 20000:
        got += len(raw.recv(4096))
    print(time.ticks_diff(time.ticks_ms(), begun) // 1000)
    raw.close()
    print("next")
    time.sleep(60)
"""

    async def act(place):
        await place.place.until("next")
        place.modem.fault("weak")
        await place.place.until("end")

    lines = run(tmp_path, READY + program, after=act)
    assert lines[2] == lines[4] == "next"
    assert 3 <= int(lines[1]) <= 6
    assert 18 <= int(lines[3]) <= 25


def test_ppp_has_the_ports_pitfalls(tmp_path):
    program = """
link = network.PPP(uart)
for attempt in (lambda: link.connect(), lambda: network.PPP(1)):
    try:
        attempt()
    except OSError as error:
        print(error)
link.active(True)
try:
    link.connect(authmode=7)
except ValueError as error:
    print(error)
print(link.ifconfig(), link.status(), link.active(), hasattr(link, "disconnect"))
link.active(False)
print(link.ifconfig(), "freezes")
machine.WDT(timeout=5000)
link.active(True)
"""

    async def act(place):
        await place.place.until("PPP: active(True) again")
        await asyncio.sleep(10)
        assert place.board.watchdog_bites == 1
        place.place.lines.append("end")
        await place.board.cut_power()

    lines = run(tmp_path, READY + program, after=act)
    assert lines[:5] == [
        "must be active",
        "stream operation not supported",
        "invalid auth",
        "('0.0.0.0', '0.0.0.0', '255.255.255.255', '0.0.0.0') None True False",
        "(None, None, None, None) freezes",
    ]


def test_the_way_out_is_as_lwip_has_it(tmp_path):
    program = (
        """
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "password")
"""
        + READY
        + """
over_wifi, _ = ask(b"wifi")
at("ATD*99#", 10000)
link = network.PPP(uart)
link.active(True)
link.connect()
print("begins", ask(b"x")[1])
while not link.isconnected():
    time.sleep(1)
over_modem, answer = ask(b"modem")
print(answer, talk(over_wifi, b"still"))
link.active(False)
print("freed", ask(b"x")[1], station.isconnected(), talk(over_wifi, b"still"))
station.disconnect()
station.connect("home", "password")
while not station.isconnected():
    time.sleep(1)
print(ask(b"again")[1])
"""
    )
    seen = []

    async def act(place):
        place.place.world.add_access_point("home", "password")
        await to_the_end(place)
        seen.extend(wire.traffic.up_bytes for wire in place.board.links.wires)

    assert run(tmp_path, program, after=act) == [
        "begins -202",  # the route is PPP's before there is PPP
        "b'modem' b'still'",
        "freed -202 True b'still'",  # and nobody's when it is freed
        "b'again'",
    ]
    assert seen == [4 + 5 + 5 + 5, 5]


def test_the_ppp_of_1_26_closes_without_blocking_and_can_be_used_again(tmp_path):
    program = """
def wait(ppp, wanted, seconds):
    begun = time.ticks_ms()
    while ppp.isconnected() != wanted and time.ticks_diff(time.ticks_ms(), begun) < seconds * 1000:
        time.sleep_ms(100)
    return ppp.isconnected()

at("ATD*99#", 10000)
ppp = network.PPP(uart)
print(ppp.status(), ppp.poll())
ppp.connect(security=ppp.SEC_PAP, user="u", key="k")
print(ppp.status(), wait(ppp, True, 9), ppp.status(), ask(b"one")[1])
begun = time.ticks_ms()
ppp.disconnect()
print(time.ticks_diff(time.ticks_ms(), begun) < 500, wait(ppp, False, 3), ppp.status())
print(until("NO CARRIER", 3000)[-1], at("ATD*99#", 10000))
ppp.connect()
print(wait(ppp, True, 9), ask(b"two")[1])
"""
    lines = run(tmp_path, READY + program, ppp_of="1.26", login=("u", "k"))
    assert lines == [
        "0 -1",
        "3 True 4 b'one'",
        "True False 0",
        "NO CARRIER ['CONNECT 115200']",
        "False -202",  # without the login
    ]


def test_the_ppp_of_1_26_gives_up_on_a_silent_modem_after_a_while(tmp_path):
    program = """
ppp = dial()
print("silent")
time.sleep(60)
ppp.disconnect()
time.sleep(9)
print(ppp.isconnected())
time.sleep(4)
print(ppp.isconnected(), ppp.status())
"""

    async def act(place):
        await place.place.until("silent")
        place.modem.fault("silent")
        await to_the_end(place)

    lines = run(tmp_path, READY + program, after=act, ppp_of="1.26")
    assert lines == ["['CONNECT 115200']", "silent", "True", "False 0"]
