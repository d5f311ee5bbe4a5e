"""The reference manometer on its serial port, and the bulb and the cuff on its hose."""

from collections.abc import Callable

from varde_simulator.instruments.manometer_stand import MAX_PRESSURE, ManometerStand, StandError
from varde_simulator.practice.hand import Hand, HandError, Seen
from varde_simulator.practice.table_sensors import TableSensor

LABEL = "manometer"
WHOLE_LEAK = 1.0
"""What a good cuff on a good hose loses, in mmHg/min at 250 mmHg."""
HANDS = (
    Hand("pump", "mmHg", 0, MAX_PRESSURE, 150), Hand("release", "mmHg", 0, MAX_PRESSURE, 100),
    Hand("vent"), Hand("new-cuff"),
)  # fmt: skip


class Hose:
    """`shown_on` is the cuff on it, whose display follows the pressure once a hand has pumped."""

    def __init__(self, stand: ManometerStand, shown_on: TableSensor | None) -> None:
        self.stand = stand
        self._shown_on = shown_on
        self._deeds: dict[str, Callable[[str], None]] = {
            "pump": lambda rest: stand.say(f"pump {HANDS[0].number(rest):g}"),
            "release": lambda rest: stand.say(f"release {HANDS[1].number(rest):g}"),
            "vent": lambda _rest: stand.say("vent"),
            "new-cuff": lambda _rest: self._change(),
        }

    @property
    def is_used(self) -> bool:
        """There is a cuff for it."""
        return self._shown_on is not None

    @property
    def seen(self) -> Seen:
        """The manometer; its own display says nothing before the cuff's was read."""
        lies = "plugged" if self.stand.path else "unplugged"
        return Seen(LABEL, "manometer", lies=lies, hands=HANDS)

    def look(self) -> None:
        """Let the cuff show what it feels, as long as it is in use on the hose."""
        if self._shown_on is not None and self._is_in_use:
            self._shown_on.display = f"{self.stand.display()} mmHg"

    _is_in_use = False

    def say(self, word: str, rest: str) -> None:
        """Raises HandError."""
        if word not in self._deeds:
            raise HandError(f"{word} {LABEL}: with it a hand can {', '.join(self._deeds)}")
        self._is_in_use = True
        self._deeds[word](rest)
        self.look()

    def spoil(self, word: str, rest: str) -> None:
        """`leak MMHG_PER_MIN`, or a fault of the manometer. Raises HandError."""
        try:
            self.stand.say(f"{word} {rest}".strip())
        except StandError as error:
            raise HandError(str(error)) from error

    def _change(self) -> None:
        self.stand.say(f"leak {WHOLE_LEAK:g}")
        self.stand.say("vent")
