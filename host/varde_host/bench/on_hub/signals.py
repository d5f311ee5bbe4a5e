"""Runs on the hub: its light, its buzzer or its button, for somebody who says what there was.

Before it may be set:  what = "light"   red, green and blue, twice; "sound": three tones; "button"
                       seconds = 30     for somebody to press it
Last line:  varde-bench: {"board", "what", "played"}, or with "pressed" for the button
            played: false if the board has none. What there was to see, only a person can say.
"""

import json
import time

import esp32

COLOURS = ((48, 0, 0), (0, 48, 0), (0, 0, 48))
DARK = (0, 0, 0)
SHOW_MS = 700
TONES = 3
TONE_MS = 300
LOOK_MS = 20


def board_name():
    """Return which board the bench said that this is, as the supervisor has it."""
    name = bytearray(32)
    try:
        return bytes(name[: esp32.NVS("varde").get_blob("board", name)]).decode()
    except OSError:
        return "generic"


def light(name):
    from varde_firmware.ports import board

    shown = board.Board(name)
    for rgb in COLOURS * 2:
        shown.show(rgb)
        time.sleep_ms(SHOW_MS)
    shown.show(DARK)
    return {"played": True}


def sound(name):
    from varde_firmware.ports import signals

    buzzer = signals.Signals(name)
    for _ in range(TONES):
        end = buzzer.tone()
        time.sleep_ms(TONE_MS)
        end()
        time.sleep_ms(TONE_MS)
    return {"played": True}


def button(name, seconds):
    """Wait until it has been seen up, and then down: one that sticks is not pressed."""
    from varde_firmware.ports import board

    asked = board.Board(name)
    was_up = False
    end_ms = time.ticks_add(time.ticks_ms(), seconds * 1000)
    while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
        is_down = asked.is_pressed()
        if is_down and was_up:
            return {"played": True, "pressed": True}
        was_up = was_up or not is_down
        time.sleep_ms(LOOK_MS)
    return {"played": True, "pressed": False}


def run(what, seconds):
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    name = board_name()
    pins = __import__("boards." + name, None, None, ("LIGHT",))
    said = {"board": name, "what": what, "played": False}
    if what == "light" and pins.LIGHT is not None:
        said.update(light(name))
    elif what == "sound" and pins.BUZZER is not None:
        said.update(sound(name))
    elif what == "button" and pins.BUTTON is not None:
        said.update(button(name, seconds))
    return said


try:
    names = globals()
    result = run(names.get("what"), names.get("seconds", 30))
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
