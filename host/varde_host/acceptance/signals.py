"""Light, sound and button: the hub plays (`on_hub/signals.py`), and a person says what there was.

No program sees a light. Each is asked for by itself, Enter is yes, `! REASON` is "cannot be done";
what the board does not have is not asked for. The button is pressed, and the hub says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from varde_host.bench import events, faults
from varde_host.bench.taking_back.return_sensors import YES
from varde_host.bench.work import Evidence, Work

SEEN: Final = ("light", "sound")
BUTTON: Final = "button"
PRESS_S: Final = 30
"""For somebody to find the button and press it."""
_NEEDS: Final = {"light": "light", "sound": "buzzer", "button": "button"}
ABSENT: Final = "absent"
"""What a board does not have."""


async def ask(work: Work, can: Mapping[str, Any]) -> Evidence:
    """Return what a person saw and heard, and that the button was pressed; `can` as `armed.py`.

    The hub is at its prompt. Raises Fault `sig-01`, `cannot`, `script-failed`.
    """
    found: dict[str, Any] = {}
    for what in SEEN:
        if not can.get(_NEEDS[what]):
            found[what] = ABSENT
            continue
        await work.on_hub("signals", what=what)
        if (await work.ask(f"accept.ask.{what}")).lower() not in YES:
            raise faults.Fault("sig-01", said=what)
        found[what] = True
    if not can.get(_NEEDS[BUTTON]):
        return {**found, BUTTON: ABSENT}
    work.tell(events.PERSON, question="accept.ask.button", seconds=PRESS_S)
    said = await work.on_hub("signals", what=BUTTON, seconds=PRESS_S, timeout_s=PRESS_S + 30.0)
    if said.get("pressed") is not True:
        raise faults.Fault("sig-01", said=BUTTON)
    return {**found, BUTTON: True}
