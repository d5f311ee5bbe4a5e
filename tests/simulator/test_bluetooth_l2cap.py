"""L2CAP channels between two hub VMs: what stops a sender, what ends a channel, what refuses."""

from simulator.air_place import Place, in_place

PEER = """
import errno
def code(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode.get(error.errno, error.errno)
ble.active(True)
def peripheral():
    ble.gap_advertise(20_000, b"\\x02\\x01\\x06")
    return wait(1)[0]
def central():
    ble.gap_connect(0, bytes.fromhex(sys.stdin.readline().strip()))
    return wait(7)[0]
"""


def between(listener, connector, listener_lines, connector_lines):
    """Runs both scripts; the connector gets the listener's address on its input."""

    async def story(place: Place) -> None:
        first = await place.hub(PEER + listener, "listener", VARDE_BLE_L2CAP="1")
        ready = (await first.until("ready"))[-1]
        second = await place.hub(PEER + connector, "connector", VARDE_BLE_L2CAP="1")
        second.process.stdin.write(ready.split()[1].encode() + b"\n")
        assert await second.finish() == connector_lines
        assert await first.finish() == listener_lines

    in_place(story)


READY = """
say("ready", ble.config("mac")[1].hex())
conn = peripheral()
"""


def test_a_slow_reader_stops_its_peer_and_loses_nothing():
    listener = READY + """
ble.l2cap_listen(0x25, 400)
_, cid, psm, ours, theirs = wait(23)
say(psm, ours, theirs)
wait(25)
time.sleep_ms(300)
got = bytearray()
buffer = bytearray(150)
say(0 < ble.l2cap_recvinto(conn, cid, None) <= 800)  # what two credits carry, and no more
while len(got) < 4000:
    count = ble.l2cap_recvinto(conn, cid, buffer)
    got += buffer[:count]
    if not count:
        wait(25)
say(got == bytes(n % 251 for n in range(4000)))
say(wait(24)[2:])
wait(2)
"""
    connector = """
conn = central()
time.sleep_ms(50)
ble.l2cap_connect(conn, 0x25, 300)
_, cid, psm, ours, theirs = wait(23)
say(psm, ours, theirs)
data = bytes(n % 251 for n in range(4000))
stalls = 0
start = time.ticks_ms()
for at in range(0, 4000, 400):
    if not ble.l2cap_send(conn, cid, data[at : at + 400]):
        stalls += 1
        if stalls == 1:
            say(code(lambda: ble.l2cap_send(conn, cid, b"x")))  # EBUSY, which errno does not name
        say(wait(26) == (conn, cid, 0)) if stalls == 1 else wait(26)
say(stalls > 3, time.ticks_diff(time.ticks_ms(), start) > 200)
time.sleep_ms(200)
ble.l2cap_disconnect(conn, cid)
say(wait(24)[2:])
ble.gap_disconnect(conn)
wait(8)
"""
    between(
        listener, connector,
        ["37 400 300", "True", "True", "(37, 0)"],
        ["37 300 400", "16", "True", "True True", "(37, 0)"],
    )  # fmt: skip


def test_who_refuses_is_asked_again_and_who_is_not_there_says_so():
    listener = """
answers = [1, 0]
def deciding(number, args):
    handler(number, args)
    if number == 22:
        return answers.pop(0)
ble.irq(deciding)
""" + READY + """
ble.l2cap_listen(0x25, 100)
say(code(lambda: ble.l2cap_listen(0x26, 100)), code(lambda: ble.l2cap_connect(conn, 0x26, 100)))
cid = wait(23)[1]
say(answers)
say(wait(24)[2:])
say(wait(2)[0] == conn)
"""
    connector = """
conn = central()
time.sleep_ms(50)
ble.l2cap_connect(conn, 0x77, 100)
say(code(lambda: ble.l2cap_connect(conn, 0x25, 100)))
say(wait(24)[2:])
ble.l2cap_connect(conn, 0x25, 100)
say(wait(24)[2:])
ble.l2cap_connect(conn, 0x25, 100)
cid = wait(23)[1]
for call in (
    lambda: ble.l2cap_send(conn, cid + 1, b"x"), lambda: ble.l2cap_send(conn, cid, bytes(101)),
    lambda: ble.l2cap_recvinto(conn + 1, cid, bytearray(1)), lambda: ble.l2cap_disconnect(9, cid),
    lambda: ble.l2cap_connect(99, 0x25, 100), lambda: ble.l2cap_send(conn, cid, bytes(4001)),
):
    say(code(call))
say(ble.l2cap_recvinto(conn, cid, bytearray(5)), ble.l2cap_recvinto(conn, cid, None))
ble.gap_disconnect(conn)
say(wait(24)[2:])  # before the connection's own end
say(wait(8)[0] == conn)
"""
    between(
        listener, connector,
        ["EALREADY EALREADY", "[]", "(37, 0)", "True"],
        ["EALREADY", "(119, 8)", "(37, 6)", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "ENOTCONN",
         "ENOMEM", "0 0", "(37, 0)", "True"],
    )  # fmt: skip


def test_a_connection_that_breaks_ends_its_channel_and_the_next_one_works():
    listener = READY + """
ble.l2cap_listen(0x25, 100)
for _ in range(2):
    cid = wait(23)[1]
    say(wait(24)[2:])
    wait(2)
    say("broken")
    ble.gap_advertise(20_000)
"""
    connector = """
line = sys.stdin.readline().strip()
for _ in range(2):
    ble.gap_connect(0, bytes.fromhex(line), 10_000)
    conn = wait(7)[0]
    time.sleep_ms(50)
    ble.l2cap_connect(conn, 0x25, 100)
    cid = wait(23)[1]
    ble.l2cap_send(conn, cid, b"half of it")
    ble.active(False)
    ble.active(True)
    try:
        ble.l2cap_recvinto(conn, cid, None)
    except OSError:
        say("gone")
"""
    between(listener, connector, ["(37, 0)", "broken"] * 2, ["gone"] * 2)


def test_without_the_switch_there_are_no_channels_as_on_the_chip():
    async def story(place: Place) -> None:
        hub = await place.hub("""
say([name for name in dir(bluetooth.BLE) if "l2cap" in name or "hci" in name])
""")
        assert await hub.finish() == ["[]"]

    in_place(story)


def test_what_a_connection_brings_waits_for_the_handler_of_the_connection():
    listener = """
def slow(number, args):
    handler(number, args)
    if number == 1:
        time.sleep_ms(300)
        ble.l2cap_listen(0x25, 100)
ble.irq(slow)
""" + READY + """
say(wait(23)[2])
wait(2)
"""
    connector = """
conn = central()
ble.l2cap_connect(conn, 0x25, 100)
say(wait(23)[2])
ble.gap_disconnect(conn)
wait(8)
"""
    between(listener, connector, ["37"], ["37"])
