"""Parts of hub programs that pair and keep secrets, for tests."""

import ast

from simulator.air_place import Place

# A program that keeps secrets, and waits for events without losing others.
SECURE = """
import errno
secrets = {}
asked = []
def secure(number, args):
    if number == 29:
        kind, index, key = args
        asked.append((29, kind, index, key and bytes(key)))
        if key is not None:
            return secrets.get((kind, bytes(key)))
        found = [k for k in secrets if k[0] == kind]
        found.sort()
        return secrets[found[index]] if index < len(found) else None
    if number == 30:
        kind, key, value = args
        asked.append((30, kind, bytes(key), value and len(value)))
        if value is None:
            return secrets.pop((kind, bytes(key)), None) is not None
        secrets[kind, bytes(key)] = bytes(value)
        return True
    events.append((number, copied(args)))
ble.irq(secure)
def read(conn, handle):
    ble.gattc_read(conn, handle)
    return wait(16)[2]
def secured(conn):
    return wait(28)[1:]
def answer(conn, action, number):
    asked_conn, asked_action, shown = wait(31)
    say("asked", asked_conn == conn, asked_action, shown > 0)
    try:
        ble.gap_passkey(conn, action, number)
    except OSError as error:
        assert error.errno == errno.ENOENT  # the peer has given up meanwhile
"""
# A hub that serves: what wants nothing, encryption, authentication.
SERVER = """
def serve():
    ((open_, encrypted, authenticated),) = ble.gatts_register_services(
        ((UUID(0xAA00), (
            (UUID(0xAA01), 0x0A), (UUID(0xAA02), 0x120A | 0x200), (UUID(0xAA03), 0x240A | 0x400),
        )),)
    )
    return open_, encrypted, authenticated
def shout():
    ble.gap_advertise(20000, b"\\x02\\x01\\x06\\x07\\x09secure")
"""
NAMED = b"\x02\x01\x06\x07\x09secure"


async def hub_lines(place: Place, script: str, secrets: dict | None = None) -> tuple:
    """What a hub with these secrets says, and the secrets it has at the end."""
    text = SECURE + f"secrets.update({secrets or {}!r})\n" + script + "print(secrets)\n"
    lines = await (await place.hub(text)).finish()
    return lines[:-1], ast.literal_eval(lines[-1])
