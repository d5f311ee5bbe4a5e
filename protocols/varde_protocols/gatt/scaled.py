"""Numbers that the wire carries as a count of fixed steps, such as 0.005 kg."""

from varde_protocols._compat import TYPE_CHECKING

from . import number

if TYPE_CHECKING:
    from typing import Tuple

    Step = Tuple[int, int]  # mantissa and exponent of one count: 0.005 is (5, -3)


class Scaled(number.Number):
    """An exact decimal in its shortest form: 79.96, not 79.960; 70, not 70.0 and not 7E+1."""

    def _check(self) -> None:
        if self.exponent > 0 or (self.exponent < 0 and self.mantissa % 10 == 0):
            raise ValueError("%d x 10^%d is not shortest" % (self.mantissa, self.exponent))

    @classmethod
    def parse(cls, text: str) -> "Scaled":
        """Return the value written as `text`, made shortest; ValueError if it is no decimal."""
        mantissa, exponent = number.split(text)
        return shortest(mantissa, exponent)


def shortest(mantissa: int, exponent: int) -> Scaled:
    """Return mantissa x 10^exponent with no trailing zeros after the point."""
    if exponent > 0:
        mantissa *= 10**exponent
        exponent = 0
    while exponent < 0 and mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    return Scaled(mantissa, exponent)


def from_count(count: int, step: "Step") -> Scaled:
    """Return `count` steps."""
    return shortest(count * step[0], step[1])


def to_count(value: Scaled, step: "Step") -> int:
    """Return how many steps `value` is; ValueError if it lies between two steps."""
    places = value.exponent - step[1]
    last_digits: int = value.mantissa * 10 ** max(places, 0)
    if places < 0 or last_digits % step[0]:
        raise ValueError("%s is not a whole number of %dE%d" % (value.text(), step[0], step[1]))
    return last_digits // step[0]


def count_of(value: object, step: "Step") -> int:
    """Return how many steps a Scaled or a whole number is; TypeError or ValueError (ours)."""
    if isinstance(value, int):
        value = Scaled(value, 0)
    if not isinstance(value, Scaled):
        raise TypeError("a scaled field takes a Scaled, not %r" % (value,))
    return to_count(value, step)
