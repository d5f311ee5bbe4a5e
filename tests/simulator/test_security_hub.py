"""Pairing of hub VMs, with sensors in Python and with each other, by `bluetooth.BLE`."""

import ast
import asyncio
import dataclasses
import random

import pytest
from bumble import smp

from simulator.air_place import Place, in_place
from simulator.security_programs import NAMED, SECURE, SERVER, hub_lines
from simulator.security_stations import Peripheral, malformed
from varde_simulator.air.bonds import SECRET_BYTES
from varde_simulator.air.security import PairingRules
from varde_simulator.sensors import models
from varde_simulator.sensors.model import RANDOM_PASSKEY, Security


async def sensor(place: Place, rules: PairingRules | None, name: str = "secure") -> Peripheral:
    peripheral = Peripheral(place.air, name, rules)
    await peripheral.station.start()
    await peripheral.advertise(NAMED)
    return peripheral


def test_hub_pairs_with_a_sensor_and_meets_it_again_after_a_restart():
    first = """
ble.config(bond=True)
ble.active(True)
conn = connect("secure")
table = characteristics(conn)
open_, encrypted = table[UUID(0xAA01)][0], table[UUID(0xAA02)][0]
say(read(conn, open_), read(conn, encrypted))
asked.clear()
ble.gap_pair(conn)
say(*secured(conn))
say(read(conn, encrypted))
say([a[:2] for a in asked], [a[3] for a in asked if a[0] == 30])
print("secrets", secrets)
ble.gap_disconnect(conn)
wait(8)
"""
    second = """
secrets.update(%r)
ble.config(bond=True)
ble.active(True)
say([a[:3] for a in asked])
asked.clear()
conn = connect("secure")
table = characteristics(conn)
say(read(conn, table[UUID(0xAA02)][0]))
ble.gap_pair(conn)
say(*secured(conn))
say(read(conn, table[UUID(0xAA02)][0]))
say([a[:3] for a in asked])
"""

    async def story(place: Place) -> None:
        peripheral = await sensor(place, PairingRules())
        lines = await (await place.hub(SECURE + first)).finish()
        assert lines[:3] == ["0 261", "1 0 1 16", "0"]
        assert lines[3] == f"[(29, 2), (30, 1), (30, 2)] {[SECRET_BYTES] * 2}"
        secrets = ast.literal_eval(lines[4].removeprefix("secrets "))
        assert sorted(kind for kind, _ in secrets) == [1, 2, 10]
        assert SECRET_BYTES <= 120  # a hub stores them one by one
        peripheral.station.pairing.accepts = lambda: False
        await peripheral.advertise(NAMED)
        lines = await (await place.hub(SECURE + second % (secrets,))).finish()
        assert lines[0] == "[(29, 10, 0), (29, 2, 0), (29, 2, 1)]"
        assert lines[1:4] == ["271", "1 0 1 16", "0"]
        assert lines[4] == "[(29, 2, 0)]"

    in_place(story)


CENTRAL = """
ble.config(bond=True, mitm=True, io=%d, le_secure=%s)
ble.active(True)
conn = connect("secure")
table = characteristics(conn)
ble.gap_pair(conn)
%s
say(*secured(conn))
say(read(conn, table[UUID(0xAA03)][0]))
ble.gap_disconnect(conn)
wait(8)
"""
PERIPHERAL = """
ble.config(bond=True, mitm=True, io=%d, le_secure=%s)
ble.active(True)
serve()
shout()
conn = wait(1)[0]
%s
say(*secured(conn))
wait(2)
"""
YES, NO = "1 1 1 16", "0 0 0 0"
REFUSED = 0x100 + 0x05


@pytest.mark.parametrize(
    ("central", "peripheral", "result"),
    [
        # io, then what is answered: (action, number)
        ((2, (2, 123456)), (0, (3, 123456)), YES),  # typed at the central
        ((0, (3, 0)), (2, (2, 0)), YES),  # typed at the peripheral
        ((2, (2, 42)), (0, (3, 43)), NO),
        ((4, (4, 1)), (4, (4, 1)), YES),  # the same number on both
        ((4, (4, 0)), (4, (4, 1)), NO),
        ((4, (4, 1)), (4, (4, 0)), NO),
        ((3, None), (0, None), "1 0 1 16"),  # nothing to type with: just works
    ],
)
@pytest.mark.parametrize("secure", [True, False])
def test_two_hubs_pair_by_passkey_and_by_comparison(central, peripheral, result, secure):
    if not secure and central[0] == peripheral[0] == 4:
        central, peripheral = (4, (3, 7)), (4, (2, 7))  # legacy compares nothing
        result = YES

    def script(text: str, side: tuple) -> str:
        io, given = side
        return text % (io, secure, f"answer(conn, {given[0]}, {given[1]})" if given else "")

    async def story(place: Place) -> None:
        server = await place.hub(SECURE + SERVER + script(PERIPHERAL, peripheral), "server")
        client = await place.hub(SECURE + script(CENTRAL, central), "client")
        lines = await client.finish()
        status = 0 if result == YES else REFUSED
        compares = bool(central[1]) and central[1][0] == 4
        question = [f"asked True {central[1][0]} {compares}"] if central[1] else []
        assert lines == [*question, result, str(status)]
        assert (await server.finish())[-1] == result

    in_place(story)


KEEPS = """
ble.config(bond=True)
ble.active(True)
asked.clear()
"""


PAIR = """
conn = connect("secure")
ble.gap_pair(conn)
say(*secured(conn))
ble.gap_disconnect(conn)
wait(8)
"""


def test_bond_lost_by_the_sensor_and_made_anew():
    async def story(place: Place) -> None:
        rules = PairingRules(accepts=lambda: ready)
        ready = True
        peripheral = await sensor(place, rules)
        _, secrets = await hub_lines(place, KEEPS + PAIR)
        peripheral.station.bonds.forget_all()
        ready = False
        await peripheral.advertise(NAMED)
        lines, secrets = await hub_lines(
            place, KEEPS + PAIR + "say([a[0] for a in asked])\n", secrets
        )
        assert lines == [NO, "[29]"]  # the key was refused; nothing is deleted by the stack
        assert peripheral.changes[-1].encrypted is True  # of the first time
        ready = True
        for key in list(secrets):
            if key[0] in (1, 2):
                del secrets[key]
        await peripheral.advertise(NAMED)
        lines, secrets = await hub_lines(place, KEEPS + PAIR, secrets)
        assert lines == ["1 0 1 16"]
        assert len(secrets) == 3

    in_place(story)


def test_hub_that_lost_its_secrets_pairs_anew():
    async def story(place: Place) -> None:
        peripheral = await sensor(place, PairingRules())
        for _ in range(2):
            lines, _ = await hub_lines(place, KEEPS + PAIR)
            assert lines == ["1 0 1 16"]
            await peripheral.advertise(NAMED)
        assert len(peripheral.station.bonds) == 1

    in_place(story)


def test_sensor_asks_for_security_twice_and_only_the_first_time_pairs():
    script = (
        KEEPS
        + """
conn = connect("secure")
say(*secured(conn))
say([a[:2] for a in asked])
ble.gap_disconnect(conn)
wait(8)
"""
    )

    async def story(place: Place) -> None:
        peripheral = await sensor(place, PairingRules())
        greet = peripheral.station.on_connection

        def asks(connection: object) -> None:
            greet(connection)
            peripheral.station.request_security(connection.handle)

        peripheral.station.on_connection = asks
        lines, secrets = await hub_lines(place, script)
        assert lines == ["1 0 1 16", "[(29, 2), (30, 1), (30, 2)]"]
        await peripheral.advertise(NAMED)
        lines, _ = await hub_lines(place, script, secrets)
        assert lines == ["1 0 1 16", "[(29, 2)]"]

    in_place(story)


def test_serving_hub_keeps_its_bond_over_a_restart_and_replaces_it():
    """As the peripheral: asks for security, is met again, is paired anew."""
    server = (
        KEEPS
        + """
ble.config(io=3)
serve()
shout()
conn = wait(1)[0]
ble.gap_pair(conn)
say(*secured(conn))
wait(2)
say([a[:2] for a in asked])
"""
    )
    client = (
        KEEPS
        + """
conn = connect("secure")
say(*secured(conn))
table = characteristics(conn)
say(read(conn, table[UUID(0xAA02)][0]))
ble.gap_disconnect(conn)
wait(8)
"""
    )

    async def story(place: Place) -> None:
        kept: dict[str, dict] = {"server": {}, "client": {}}
        asked = []
        for forgets in (False, False, True):
            if forgets:
                kept["client"] = {}
            text = SECURE + SERVER + f"secrets.update({kept['server']!r})\n" + server
            serving = await place.hub(text + "print(secrets)\n", "server")
            lines, kept["client"] = await hub_lines(place, client, kept["client"])
            assert lines == ["1 0 1 16", "0"]
            lines = await serving.finish()
            assert lines[0] == "1 0 1 16"
            asked.append(ast.literal_eval(lines[1]))
            kept["server"] = ast.literal_eval(lines[2])
        find, own, peer = (29, 2), (30, 1), (30, 2)
        assert asked[0] == [find, own, peer]
        assert asked[1] == [(29, 1)]
        # The old bond goes first: each kind deleted until there is none, then looked for again.
        assert asked[2] == [find, own, own, peer, peer, find, own, peer]

    in_place(story)


def test_hub_that_hangs_up_at_once_has_left_a_bond_on_both_sides():
    script = (
        KEEPS
        + """
def hasty(number, args):
    if number == 28:
        ble.gap_disconnect(args[0])
    return secure(number, args)
ble.irq(hasty)
conn = connect("secure")
ble.gap_pair(conn)
wait(8)
"""
    )

    async def story(place: Place) -> None:
        for n in range(3):
            peripheral = await sensor(place, PairingRules(secure_connections=n != 1), f"s{n}")
            _, secrets = await hub_lines(place, script)
            assert len(secrets) == 3
            await place.settle(lambda p=peripheral: p.connection is None, "hung up")
            assert len(peripheral.station.bonds) == 1
            peripheral.station.power_off()

    in_place(story)


def test_errors_of_pairing_calls():
    script = """
def code(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]
say(code(lambda: ble.gap_pair(1)))
ble.active(True)
say(code(lambda: ble.gap_pair(99)), code(lambda: ble.gap_passkey(1, 2, 3)))
say(code(lambda: ble.gap_passkey(1, 1, 3)), code(lambda: ble.config(io=9)))
conn = connect("secure")
ble.gap_pair(conn)
say(code(lambda: ble.gap_pair(conn)))
say(*secured(conn))
"""

    async def story(place: Place) -> None:
        await sensor(place, PairingRules())
        lines, _ = await hub_lines(place, script)
        assert lines == ["ENODEV", "ENOTCONN ENOENT", "EINVAL EINVAL", "EALREADY", "1 0 0 16"]

    in_place(story)


def test_hub_survives_a_hostile_sensor():
    async def story(place: Place) -> None:
        chance = random.Random(7)
        peripheral = await sensor(place, PairingRules())
        hub = await place.hub(
            SECURE
            + KEEPS
            + """
conn = connect("secure")
table = characteristics(conn)
try:
    ble.gap_pair(conn)
except OSError as error:
    assert error.errno == __import__("errno").EALREADY  # one of those PDUs was a security request
time.sleep_ms(300)
say(read(conn, table[UUID(0xAA01)][0]))
"""
        )
        await place.settle(lambda: peripheral.connection is not None, "connected")
        for _ in range(200):
            pdu = malformed(chance)
            channel = peripheral.station.device
            if peripheral.connection is not None:
                channel.send_l2cap_pdu(peripheral.connection.handle, smp.SMP_CID, pdu)
            await asyncio.sleep(0.001)
        assert await hub.finish() == ["0"]

    in_place(story)


def test_hub_killed_in_a_pairing_leaves_no_bond_and_no_closed_door():
    """The digits were asked for and never typed: the sensor pairs with the next hub."""
    script = """
def pair():
    ble.active(True)
    ble.config(bond=True, mitm=True, io=2)
    conn = connect("Varde Thermometer")
    ble.gap_pair(conn)
    wait(31)
    say("asked")
    ble.gap_passkey(conn, 2, int(sys.stdin.readline()))
    say(wait(28)[1:4])
pair()
"""

    async def story(place):
        security = Security(passkey=RANDOM_PASSKEY, needs_button=False)
        model = dataclasses.replace(models.MODELS["thermometer"](), security=security, idle_s=60)
        sensor = await place.sensor(model)
        for node, dies in (("one", True), ("two", False)):
            sensor.wake()
            hub = await place.hub(script, node)
            await hub.until("asked")
            if dies:
                await hub.kill()
                await place.settle(lambda: not sensor.is_connected, "supervision")
                assert [change.status for change in sensor.bonding.changes] == [7]
                assert len(sensor.station.bonds) == 0
                assert place.air.pairs_of(sensor.station.controller) == []
            else:
                hub.process.stdin.write(b"%06d\n" % sensor.bonding.shown)
                assert await hub.finish() == ["(1, 1, 1)"]
        assert len(sensor.station.bonds) == 1

    in_place(story)
