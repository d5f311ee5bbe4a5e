"""What NimBLE asks of the program while the radio becomes active: its own identity key and those
of the peers it is bonded with.

On an ESP32 the handler runs in the stack's task while `active(True)` waits; here it is called
right out of it.
"""

import _air
import uos as os

_IRQ_GET_SECRET = 29
_IRQ_SET_SECRET = 30
_TYPE_PEER = 2
_TYPE_OWN_IRK = 10
_IRK_BYTES = 16


def load(ask):
    """`ask(number, *arguments)` calls the handler."""
    irk = ask(_IRQ_GET_SECRET, _TYPE_OWN_IRK, 0, b"irk")
    if irk is None or len(irk) != _IRK_BYTES:
        irk = os.urandom(_IRK_BYTES)
        if not ask(_IRQ_SET_SECRET, _TYPE_OWN_IRK, b"irk", irk):
            irk = None  # a program without bonds: NimBLE's own fixed key stays
    if irk is not None:
        _air.call("ble.own_irk", bytes(irk))
    index = 0
    while True:
        secret = ask(_IRQ_GET_SECRET, _TYPE_PEER, index, None)
        if secret is None or not _air.call("ble.peer_secret", bytes(secret)):
            return
        index += 1
