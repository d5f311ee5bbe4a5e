"""A virtual modem as a hub's program has it: UART, AT commands, PPP, sockets, and its bad days."""

from simulator.board_place import needs_vm
from simulator.modem_place import with_modem

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
print("end")
"""
    seen = []

    async def act(place):
        await place.place.until("end")
        seen.append(place.modem.network.traffic)

    lines = with_modem(tmp_path, program, act)
    assert lines == [
        "['*ATREADY: 1', '+CPIN: READY']",
        "['OK'] ['+CPIN: READY', 'OK'] ['OK']",
        "+CEREG: 0,1",
        "['CONNECT 115200']",
        "True 10.1.17.42",
        "b'hello'",
        "False -202",
        "NO CARRIER",
        "end",
    ]
    assert (seen[0].connections, seen[0].up_bytes, seen[0].down_bytes) == (1, 5, 5)
