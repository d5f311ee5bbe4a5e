"""What a hub's program sees of networks that are not as they should be."""

import asyncio

import pytest

from simulator import hub_place
from simulator.board_place import needs_vm
from simulator.modem_place import with_wifi

pytestmark = needs_vm

# Joins, and tells each status once, as it comes.
JOIN = """
station = network.WLAN(network.STA_IF)
station.active(True)

def watch(seconds, step_ms=100):
    said, last = [], None
    for _ in range(seconds * 1000 // step_ms):
        status = station.status()
        if status != last:
            said.append(status)
            last = status
        time.sleep_ms(step_ms)
    return said

def rssi():
    try:
        return station.status("rssi")
    except OSError as error:
        return error.errno

station.connect("home", "password")
"""


def run(folder, program, fault="", act=None, **keys):
    """The lines of a program beside a network with a fault."""

    async def story(place):
        network = place.place.world.add_access_point("home", "password")
        network.fault = fault
        for key, value in keys.items():
            setattr(network, key, value)
        await place.on()
        if act is not None:
            await act(place, network)
        await place.place.until("end", 100_000)

    lines = with_wifi(folder, JOIN + program + "\nprint('end')\n", story)
    assert lines[-1] == "end", lines
    return lines[:-1]


SEEN = "print(watch(20), rssi(), station.ifconfig()[0], ask(b'hello')[1])"

FAULTS = [
    ("", ["[1001, 1010] -58 192.168.4.23 b'hello'"]),
    ("wrong-password", ["[1001, 202] -12303 0.0.0.0 -202"]),
    ("not-found", ["[1001, 201] -12303 0.0.0.0 -202"]),
    ("hidden", ["[1001, 1010] -58 192.168.4.23 b'hello'"]),
    ("no-dhcp", ["[1001] -58 0.0.0.0 -202"]),
    ("no-internet", ["[1001, 1010] -58 192.168.4.23 -202"]),
]


@pytest.mark.parametrize(("fault", "lines"), FAULTS)
def test_each_fault_is_seen_by_the_hub(tmp_path, fault, lines):
    assert run(tmp_path, SEEN, fault) == lines


def test_a_hidden_network_has_no_name_in_the_scan(tmp_path):
    lines = run(tmp_path, "print([row[0] for row in station.scan()])", "hidden")
    assert lines == ["[b'']"]


def test_a_look_up_that_nobody_answers_blocks_for_seconds(tmp_path):
    program = """
watch(10)
begun = time.ticks_ms()
print(ask(b"x")[1], time.ticks_diff(time.ticks_ms(), begun) // 1000)
"""
    assert run(tmp_path, program, "no-internet") == ["-202 7"]


def test_a_captive_portal_redirects_and_shows_a_certificate_that_is_not_ours(tmp_path):
    program = f"""
watch(10)
raw, answer = ask(b"GET / HTTP/1.1\\r\\n\\r\\n")
print(answer[:18])
import tls, select
info = socket.getaddrinfo("anything.example", 443)[0]
raw = socket.socket(info[0], info[1], info[2])
raw.connect(info[-1])
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_REQUIRED
context.load_verify_locations({hub_place._root("ours")})
try:
    context.wrap_socket(raw, server_hostname="collector.example")
except (OSError, ValueError) as error:
    print(type(error).__name__, "trusted CA" in str(error))
"""
    lines = run(tmp_path, program, "captive-portal")
    assert lines == ["b'HTTP/1.1 302 Found'", "ValueError True"]


def test_roaming_drops_for_a_moment_and_keeps_what_is_open(tmp_path):
    program = """
watch(10)
raw, answer = ask(b"one")
print(watch(3600, 1000).count(1001) > 2, talk(raw, b"two"))
"""
    assert run(tmp_path, program, "roaming") == ["True b'two'"]


def test_a_weak_network_drops_breaks_connections_and_is_slow(tmp_path):
    program = """
watch(10)
print(rssi())
raw, answer = ask(b"one")
said = watch(3600, 1000)
print(said.count(1001) > 2, talk(raw, b"two"))
while not station.isconnected():
    time.sleep(1)
begun = time.ticks_ms()
raw, answer = ask(bytes(8000))
print(time.ticks_diff(time.ticks_ms(), begun) > 1900)
"""
    assert run(tmp_path, program, "weak")[:2] == ["-89", "True 104"]


PHASES = [  # the network's fault, and what is seen from then on
    ("", "[1001, 1010] b'x'"),
    ("no-internet", "[1010] -202"),
    ("", "[1010] b'x'"),
    ("no-dhcp", "[1010, 1001] -202"),
    ("", "[1001, 1010] b'x'"),
    ("wrong-password", "[1010, 1001, 202] -202"),
    ("", "[202, 1010] b'x'"),
    ("not-found", "[1010, 1001, 201] -202"),
]


def test_faults_come_and_go_while_the_hub_is_there(tmp_path):
    async def act(place, network):
        for said, (fault, _) in enumerate(PHASES):
            while len(place.place.lines) < said:
                await asyncio.sleep(0.05)
            network.fault = fault
            place.board.wifi.access_points_changed()

    program = f"for _ in range({len(PHASES)}):\n    print(watch(60), ask(b'x')[1])"
    assert run(tmp_path, program, act=act) == [seen for _, seen in PHASES]


def test_the_last_reason_stays_until_another_network_gives_its_own(tmp_path):
    program = """
print(watch(10))
station.connect("other", "password")
print(watch(10))
station.disconnect()
print(station.status())
"""

    async def act(place, network):
        place.place.world.add_access_point("other", "password")

    assert run(tmp_path, program, "wrong-password", act) == [
        "[1001, 202]",
        "[202, 1010]",
        "1000",
    ]
