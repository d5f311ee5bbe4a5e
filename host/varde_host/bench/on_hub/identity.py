"""Runs on the hub: who it is; makes its key if it has none. The seed never leaves the chip.

Before it may be set:  board = "generic"     the file of pins, until an assignment says it
Last line:             varde-bench: {"hub", "public", "made", "entropy", "radio_on", "machine"}

`os.urandom` is the ESP32's hardware generator, which is a true one only while a radio is on
(ESP-IDF Programming Guide, "Random Number Generation"): it is switched on first, and must say that
it is.
"""

import json
import os
import sys

import esp32
import network


def keep_board(name):
    """Remember which pins this board has, for the light, until there is an assignment."""
    __import__("boards." + name)
    nvs = esp32.NVS("varde")
    nvs.set_blob("board", name.encode())
    nvs.commit()


def run():
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.ports import flash_store, identity_store
    from varde_firmware.shell import identity

    if globals().get("board"):
        keep_board(board)  # noqa: F821
    radio = network.WLAN(network.STA_IF)
    radio.active(True)
    if not radio.active():
        raise OSError("the radio is off: no key is made without it")
    store = identity_store.IdentityStore()
    is_new = store.seed() is None
    seed = identity.seed_of(store, os.urandom, flash_store.find())
    if store.seed() != seed:
        raise OSError("the key does not read back")
    who = identity.Identity(seed, 0)
    radio.active(False)
    return {
        "hub": who.hub_id.hex(),
        "public": who.signing_key.public.hex(),
        "made": is_new,
        "entropy": "os.urandom",
        "radio_on": True,
        "machine": sys.implementation[2],
    }


try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
