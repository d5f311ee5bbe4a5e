"""What a hand can do with a thing on the bench, as it is told to whoever draws the buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class HandError(Exception):
    """A line that no hand can do; says which there are, or what is missing."""


@dataclass(frozen=True)
class Hand:
    """`word` is the beginning of the line, `unit` what of a number must follow ("" none), `among`
    the words of which one may follow that; `usual` is the number to begin with."""

    word: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    usual: float = 0.0
    among: Sequence[str] = ()

    def told(self, label: str) -> dict[str, Any]:
        """As a field of the news: `do` is the line itself, but for number and word."""
        told: dict[str, Any] = {"hand": self.word, "do": f"{self.word} {label}"}
        if self.unit:
            told["asks"] = {
                "unit": self.unit, "low": self.low, "high": self.high, "usual": self.usual,
            }  # fmt: skip
        if self.among:
            told["among"] = list(self.among)
        return told

    def number(self, text: str) -> float:
        """Comma or point. Raises HandError."""
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            raise HandError(
                f"{self.word}: {text[:20]!r} is no number from {self.low:g} to {self.high:g} "
                f"{self.unit}"
            )
        return value


@dataclass(frozen=True)
class Seen:
    """How a thing looks: `display` is what stands on it, `lies` a word for where it is or how,
    `code` what a scanner reads from it."""

    label: str
    kind: str
    display: str = ""
    lies: str = ""
    code: str = ""
    hands: tuple[Hand, ...] = ()

    def told(self) -> dict[str, Any]:
        """As a row of the news `table`."""
        return {
            "thing": self.label, "kind": self.kind, "display": self.display, "lies": self.lies,
            "code": self.code, "hands": [hand.told(self.label) for hand in self.hands],
        }  # fmt: skip
