"""Whether a sensor has got the confirmation of its last value.

It shows in two ways. *Proven*: the sensor has answered a request that was sent after the
confirmation; ATT and the link keep their order. Else by how the connection ends. Hung up by us and
answered at once: all before that was acknowledged, packet by packet. Hung up by the sensor: it had
what it waited for. Not answered, or broken before we hung up: in doubt. The stack does not say
which it was, but a link that breaks with a value is reported a supervision timeout after it.
"""

from varde_protocols._compat import const

from . import sensor_words as words

# A sensor that is there answers within some connection intervals of 30 to 50 ms. If it is not, we
# hear it when the supervision timeout ends: 2.56 s as NimBLE asks for it, of which a quiet second
# has passed, and before that the 0.3 s that keeping the value may take.
PROMPT_MS = const(800)
# So long after its last value a disconnection is the supervision timeout's, and not the sensor's.
LOST_FROM_MS = const(2_200)
LOST_TO_MS = const(2_800)
# On the chip the handler that kept a value may not have returned yet when main code hears of it,
# and the confirmation leaves only then; a request sent so much later comes after it.
REST_MS = const(200)


class Sureness:
    """Hears of values, answers and the end."""

    def __init__(self) -> None:
        self.is_proven = False
        self._value_ms: "int | None" = None  # when the last value was heard of
        self._prompt_until_ms = 0

    def value(self, now_ms: int) -> None:
        """A value has come."""
        self._value_ms = now_ms
        self.is_proven = False

    def answered(self, status: int, asked_ms: int) -> None:
        """A request sent at `asked_ms` is over; an ATT error is an answer as good as any."""
        is_answer = status == 0 or status & words.ATT_ERROR
        if is_answer and self._value_ms is not None and asked_ms >= self._value_ms + REST_MS:
            self.is_proven = True

    def left(self, now_ms: int) -> bool:
        """The connection ended without our doing: is it sure?"""
        return self.is_proven or not self._is_lost(now_ms)

    def hang_up(self, now_ms: int) -> None:
        """We hang up."""
        self._prompt_until_ms = now_ms + PROMPT_MS

    def late_value(self, now_ms: int) -> None:
        """A value has come after we hung up, which may have overtaken its confirmation."""
        self.value(now_ms)
        self._prompt_until_ms = now_ms - 1

    def hung_up(self, now_ms: int) -> bool:
        """The connection that we hung up has ended: is it sure?"""
        # if the link had gone before we hung up, that is prompt, too
        is_prompt = now_ms <= self._prompt_until_ms and not self._is_lost(now_ms)
        return self.is_proven or is_prompt

    def _is_lost(self, now_ms: int) -> bool:
        since_ms = now_ms - (self._value_ms or 0)
        return LOST_FROM_MS <= since_ms <= LOST_TO_MS
