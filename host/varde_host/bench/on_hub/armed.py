"""Runs on the hub: what would take an update back, and what its board can. Changes nothing.

Before it may be set:  board = "generic"    the name of its pins, as the config has it
Last line:  varde-bench: {"state", "slot", "release", "spare", "supervisor", "interpreters", "can"}
            state: of the update record; spare: the release in the other slot, null without one
            supervisor: path to SHA-256 of what lies beside the slots; interpreters: places for one
            can: which of battery, modem, light, buzzer and button the board has
"""

import hashlib
import json

import esp32
import machine

SUPERVISOR = ("/boot.py", "/choice.py", "/main.py")
CAN = ("BATTERY_ADC", "MODEM", "LIGHT", "BUZZER", "BUTTON")


def supervisor():
    """Return the SHA-256 of each file that is there, by path."""
    found = {}
    for path in SUPERVISOR:
        try:
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read())
            found[path] = digest.digest().hex()
        except OSError:  # noqa: PERF203  (not there)
            pass
    return found


def run(board):
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.core import update_record
    from varde_firmware.ports import update_store

    record = update_record.load(update_store.UpdateStore())
    pins = __import__("boards." + board, None, None, ("LIGHT",))
    can = {name.split("_")[0].lower(): getattr(pins, name, None) is not None for name in CAN}
    can["battery"] = can["battery"] and hasattr(machine, "ADC")  # as ports/hub_facts.py asks
    return {
        "state": record.state,
        "slot": "ab"[record.slot],
        "release": record.release,
        "spare": record.spare_release if record.is_spare_whole else None,
        "supervisor": supervisor(),
        "interpreters": len(esp32.Partition.find(esp32.Partition.TYPE_APP)),
        "can": can,
    }


try:
    result = run(globals().get("board", "generic"))
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
