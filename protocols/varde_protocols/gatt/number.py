"""Decimal numbers as the wire carries them: a mantissa times a power of ten, never a float.

The hub's floats have 32 bits and nobody's binary float holds 0.1, so a measured number stays two
integers from the sensor's frame to the printed digit. There are two sorts, because they know
different things about their last digit:

- `sfloat.Sfloat`: the device chose the exponent, so it says how precise the value is. 2.0 and
  2.00 are different readings (HL7 PHD implementation guide, "FLOATS"), and stay so.
- `scaled.Scaled`: a count of the format's fixed steps. The step is the specification's, not the
  device's, so trailing zeros would claim digits that nobody measured: shortest exact form.
"""

from varde_protocols.value import Value


class Number(Value):
    """`mantissa` x 10^`exponent`, exactly."""

    FIELDS = ("mantissa", "exponent")
    mantissa: int
    exponent: int

    def __init__(self, mantissa: int, exponent: int) -> None:
        # The same as Value's, written out: decoders build several of these for every frame.
        self.mantissa = mantissa
        self.exponent = exponent
        self._check()

    def text(self) -> str:
        """Return a JSON number with every digit of the mantissa, and none that it has not.

        A positive exponent is written as such ("2E+2"): "200" would claim two more digits.
        So the mantissa and the exponent can be read back from the text, by `split`.
        """
        exponent = self.exponent
        if exponent > 0:
            return "%dE+%d" % (self.mantissa, exponent)
        if exponent == 0:
            return str(self.mantissa)
        digits = str(abs(self.mantissa))
        digits = "0" * (1 - exponent - len(digits)) + digits
        sign = "-" if self.mantissa < 0 else ""
        return sign + digits[:exponent] + "." + digits[exponent:]


def split(text: str) -> "tuple[int, int]":
    """Return mantissa and exponent of a plain decimal such as "79.96", "-3" or "2E+2".

    Raises ValueError (ours: the texts come from scenarios and tests, not from peers).
    """
    digits, _, power = text.upper().partition("E")
    whole, _, decimals = digits.partition(".")
    return int(whole + decimals), int(power or "0") - len(decimals)
