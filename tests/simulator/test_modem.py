"""A virtual modem as a hub's program has it: UART, AT commands, and its bad days."""

import dataclasses

import pytest

from simulator.board_place import needs_vm
from simulator.modem_place import READY, run
from varde_simulator import interpreter, scenario_links
from varde_simulator.modem.wiring import T_SIM7670G_S3

pytestmark = needs_vm


def test_commands_answer_in_the_manuals_forms(tmp_path):
    program = """
for command in ("AT", "ATI", "AT+CGMM", "AT+CSQ", "AT+CREG?", "AT+COPS?", "AT+CGATT?", "AT+CNMP?",
                "AT+CFUN?", "AT+SPIC", "AT+CMEE=1", "AT+CPIN=\\"1234\\"", "AT+NONSENSE",
                "AT+CSQ;+CFUN?", "AT+" + "A" * 600):
    print(command[:16], at(command)[-3:])
"""
    assert run(tmp_path, READY + program) == [
        "AT ['OK']",
        "ATI ['Revision: 2374B04SIM767XM5A_M', 'IMEI: 860000000000001', 'OK']",
        "AT+CGMM ['SIM7670G-MNGV', 'OK']",
        "AT+CSQ ['+CSQ: 20,99', 'OK']",
        "AT+CREG? ['+CREG: 0,1', 'OK']",
        "AT+COPS? ['+COPS: 0,0,\"Fjellnett\",7', 'OK']",
        "AT+CGATT? ['+CGATT: 1', 'OK']",
        "AT+CNMP? ['+CNMP: 2', 'OK']",
        "AT+CFUN? ['+CFUN: 1', 'OK']",
        "AT+SPIC ['+SPIC: 3,10,3,10', 'OK']",
        "AT+CMEE=1 ['OK']",
        "AT+CPIN=\"1234\" ['+CME ERROR: 3']",
        "AT+NONSENSE ['ERROR']",
        "AT+CSQ;+CFUN? ['+CSQ: 20,99', '+CFUN: 1', 'OK']",
        "AT+AAAAAAAAAAAAA ['ERROR']",
    ]


def test_echo_and_unasked_words(tmp_path):
    program = """
start()
uart.read()
uart.write(b"AT+CREG=1\\r")
time.sleep_ms(200)
print(uart.read())
print(until("+CREG", 90000)[-1], until("+CREG", 90000)[-1])
"""
    assert run(tmp_path, program) == [
        "b'AT+CREG=1\\r\\r\\nOK\\r\\n'",
        "+CREG: 1 timeout",
    ]


def test_the_operators_time(tmp_path):
    program = """
start()
print(at("AT+CCLK?")[0][:16], at("AT+CTZU=1"), at("AT+CTZR=1"))
print(register())
print(until("+CTZV", 9000)[-1])
print(at("AT+CCLK?")[0][:21])
"""
    assert run(tmp_path, program) == [
        "+CCLK: \"70/01/01 ['OK'] ['OK']",
        "+CEREG: 0,1",
        "+CTZV: +04",
        '+CCLK: "26/03/02,07:0',  # an hour ahead of UTC: the place begins at 06:00
    ]


def test_another_beginning_of_time_and_a_clock_set_by_hand(tmp_path):
    program = """
start()
print(at("AT+CCLK?")[0][:16], at('AT+CCLK="26/07/01,12:00:00+08"'), at("AT+CCLK?")[0][-22:])
print(at("AT+CCLK=12"))
"""
    assert run(tmp_path, program, clock_begins="1980") == [
        '+CCLK: "80/01/06 [\'OK\'] "26/07/01,12:00:00+08"',
        "['+CME ERROR: Incorrect parameters']",
    ]


FAULTS = [
    ("no-sim", {}, "start(); print(at('AT+CPIN?'), register(20000))",
     ["['+CME ERROR: SIM not inserted'] ['+CEREG: 0,0', 'OK']"]),
    ("sim-busy", {"busy_s": 60},
     "press(key, 1, 500); print(until('*ATREADY', 20000)[-1]); print(at('AT+CPIN?'))\n"
     "time.sleep(60); print(at('AT+CPIN?'))",
     ["*ATREADY: 1", "['+CME ERROR: SIM busy']", "['+CPIN: READY', 'OK']"]),
    ("silent", {}, "print(start()); print(at('AT'))", ["['timeout']", "['timeout']"]),
    ("registration-denied", {}, "start(); print(register())", ["+CEREG: 0,3"]),
    ("no-network", {}, "start(); print(register(), at('AT+CSQ')[0], at('ATD*99#'))",
     ["['+CEREG: 0,2', 'OK'] +CSQ: 99,99 ['NO CARRIER']"]),
    ("roams", {}, "start(); print(register())", ["+CEREG: 0,5"]),
    ("slow-registration", {"register_s": 300},
     "start(); print(register(250000)); print(register())",
     ["['+CEREG: 0,2', 'OK']", "+CEREG: 0,1"]),
    ("weak", {}, "start(); print(register(), at('AT+CSQ')[0])", ["+CEREG: 0,1 +CSQ: 2,99"]),
    ("power-key-ignored", {}, "print(start())", ["['timeout']"]),
    ("no-time", {}, "start(); at('AT+CTZU=1'); register(); time.sleep(9)\n"
     "print(at('AT+CCLK?')[0][:16])", ['+CCLK: "70/01/01']),
    ("wrong-time", {"by_s": 7200}, "start(); at('AT+CTZU=1'); register(); time.sleep(9)\n"
     "print(at('AT+CCLK?')[0][:19])", ['+CCLK: "26/03/02,09']),
    ("echo-comes-back", {}, "start(); at('ATE0')\n"
     "for _ in range(6):\n    uart.read(); uart.write(b'AT\\r'); time.sleep_ms(200)\n"
     "    print(uart.read())",
     ["b'\\r\\nOK\\r\\n'"] * 3 + ["b'AT\\r\\r\\nOK\\r\\n'"] * 3),
    ("ppp-refused", {}, READY + "link = dial(9000); print(link.isconnected())\n"
     "link.active(False); print(at('AT'))", ["['CONNECT 115200']", "False", "['OK']"]),
    ("ppp-drops", {"after_s": 20}, READY + "link = dial(); raw, _ = ask(b'one'); time.sleep(25)\n"
     "print(link.isconnected(), talk(raw, b'two')); link.active(False); print(at('AT'))",
     ["['CONNECT 115200']", "False 104", "['OK']"]),
    ("ppp-stalls", {"after_s": 20}, READY + "link = dial(); raw, a = ask(b'one'); time.sleep(25)\n"
     "print(a, link.isconnected(), talk(raw, b'two'), ask(b'three')[1])\n"
     "link.active(False); time.sleep(1); print(at('AT'))",
     ["['CONNECT 115200']", "b'one' True silence -202", "['OK']"]),
    ("hangs", {}, READY + "link = dial(); link.active(False); time.sleep(1); print(at('AT'))\n"
     "press(key, 1, 3000); time.sleep(5); print(start())\n"
     "press(reset, 0, 2600); print(until('+CPIN', 30000)[-1])",
     ["['CONNECT 115200']", "['timeout']", "['timeout']", "+CPIN: READY"]),
    ("hangs", {"after_s": 10}, READY + "link = dial(); time.sleep(15); print(link.isconnected())\n"
     "begun = time.ticks_ms(); link.active(False)\n"
     "print(time.ticks_diff(time.ticks_ms(), begun) // 1000, link.isconnected())",
     ["['CONNECT 115200']", "True", "4 False"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "program", "lines"), FAULTS)
def test_each_misbehaviour_is_seen_by_the_hub(tmp_path, name, parameters, program, lines):
    assert run(tmp_path, program, (name, parameters)) == lines


def test_a_sim_counts_wrong_pins_and_wants_its_puk_then(tmp_path):
    program = """
start()
at("AT+CMEE=1")
print(at("AT+CPIN?"), at('AT+CPIN="0000"'), at("AT+SPIC")[0], at('AT+CPIN="1234"'))
print(until("+CPIN", 3000)[-1], register())
at("AT+CFUN=1,1")
print(until("+CPIN", 30000)[-1], at("AT+CMEE=1"))
for pin in ("1", "22", "333"):
    print(at('AT+CPIN="%s"' % pin), at("AT+SPIC")[0])
print(at("AT+CPIN?"), at('AT+CPIN="12345678","4321"'), until("+CPIN", 3000)[-1])
"""
    assert run(tmp_path, program, pin="1234") == [
        "['+CPIN: SIM PIN', 'OK'] ['+CME ERROR: 16'] +SPIC: 2,10,3,10 ['OK']",
        "+CPIN: READY +CEREG: 0,1",
        "+CPIN: SIM PIN ['OK']",
        "['+CME ERROR: 16'] +SPIC: 2,10,3,10",
        "['+CME ERROR: 16'] +SPIC: 1,10,3,10",
        "['+CME ERROR: 12'] +SPIC: 0,10,3,10",
        "['+CPIN: SIM PUK', 'OK'] ['OK'] +CPIN: READY",
    ]


def test_a_pin_that_is_never_right(tmp_path):
    program = "start(); print(at('AT+CPIN?')[0], at('AT+CPIN=\"4711\"'), at('AT+SPIC')[0])"
    lines = run(tmp_path, program, ("wrong-pin", {}))
    assert lines == ["+CPIN: SIM PIN ['+CME ERROR: incorrect password'] +SPIC: 2,10,3,10"]


def test_garbage_spoils_some_answers_and_a_stubborn_program_gets_through(tmp_path):
    program = """
start()
good = sum(at("AT+CSQ", 500)[-2:] == ["+CSQ: 20,99", "OK"] for _ in range(60))
print(good)
"""
    (good,) = run(tmp_path, program, ("garbage", {"share": 0.4}))
    assert 5 < int(good) < 55


def test_a_power_cut_switches_the_modem_off(tmp_path):
    program = "print(machine.reset_cause(), at('AT', 1000)); print(start()[-1])"

    async def act(place):
        await place.place.until("end")
        await place.board.cut_power()
        assert not place.modem.is_on
        place.place.lines.clear()
        await place.on()
        await place.place.until("end")

    assert run(tmp_path, program, after=act) == ["1 ['timeout']", "+CPIN: READY"]


def test_the_line_has_a_speed_and_a_buffer(tmp_path):
    program = """
begun = time.ticks_ms()
at("ATI;I;I;I;I;I;I;I")
print(time.ticks_diff(time.ticks_ms(), begun) > 60)
uart.init(115200, tx=11, rx=10, rxbuf=256)
uart.write(b"ATI;I;I;I;I;I;I;I\\r")
time.sleep(1)
print(uart.any(), uart.lost_bytes > 0)
uart.init(9600, tx=11, rx=10)
uart.read()
uart.write(b"AT\\r")
time.sleep(1)
print(uart.read() != b"\\r\\nOK\\r\\n")
uart.init(115200, tx=17, rx=16)
uart.write(b"AT\\r")
time.sleep(1)
print(uart.read())
"""
    assert run(tmp_path, READY + program) == ["True", "384 True", "True", "None"]


def test_asyncio_and_poll_wait_for_the_line(tmp_path):
    program = """
import asyncio, select
poller = select.poll()
poller.register(uart, select.POLLIN)
print(poller.poll(1000))
uart.write(b"AT\\r")
print(poller.poll(1000)[0][1], uart.readline(), uart.readline())
async def main():
    stream = asyncio.StreamReader(uart)
    stream.write(b"AT+CSQ\\r")
    await stream.drain()
    lines = []
    for _ in range(4):
        lines.append(await stream.readline())
    print(lines)
    try:
        await asyncio.wait_for(stream.readline(), 600)
    except asyncio.TimeoutError:
        print("ten minutes of silence")
asyncio.run(main())
"""
    assert run(tmp_path, READY + program) == [
        "[]",
        "1 b'\\r\\n' b'OK\\r\\n'",
        "[b'\\r\\n', b'+CSQ: 20,99\\r\\n', b'\\r\\n', b'OK\\r\\n']",
        "ten minutes of silence",
    ]


def test_it_is_soldered_to_the_pins_that_the_firmwares_board_names():
    path = interpreter.ROOT / "firmware" / "boards" / f"{scenario_links.MODEM_BOARD}.py"
    names: dict = {}
    exec(path.read_text(), names)
    wiring = dataclasses.asdict(T_SIM7670G_S3)
    same = {"tx", "rx", "dtr", "ring", "power_key", "reset", "baud"}
    assert {name: wiring[name] for name in same} == {name: names["MODEM"][name] for name in same}
    assert wiring["power_key_pressed"] == names["MODEM"]["power_key_level"]
    assert wiring["reset_pressed"] == names["MODEM"]["reset_level"]
