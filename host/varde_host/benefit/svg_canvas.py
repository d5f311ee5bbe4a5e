"""A canvas that writes SVG and takes the calls of `paper.chart`: a page and a PDF draw the same.

Only what charts use of reportlab's canvas. Points are reportlab's, from the lower left; SVG counts
from the upper left, so y is turned here and each text again, or it would stand on its head. There
is no style and no script in it: attributes alone, which a strict content policy lets through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from xml.sax import saxutils

from varde_host.paper import typeface

FAMILY: Final = "Bitstream Vera Sans, DejaVu Sans, Verdana, sans-serif"
"""Letters of the same width, where the reader has them; else they are fitted (`textLength`)."""


@dataclass(frozen=True)
class _State:
    stroke: float = 0.0
    fill: float = 0.0
    width: float = 1.0
    dash: tuple[float, ...] = ()
    font: str = typeface.PLAIN
    size: float = 10.0
    groups: int = 0  # opened since the state was saved


@dataclass
class Path:
    """A path in SVG's own words."""

    words: list[str] = field(default_factory=list)

    def moveTo(self, x: float, y: float) -> None:  # noqa: N802 (reportlab's names, all of them)
        """Begin at a point."""
        self.words.append(f"M{_n(x)} {_n(y)}")

    def lineTo(self, x: float, y: float) -> None:  # noqa: N802
        """Go to a point."""
        self.words.append(f"L{_n(x)} {_n(y)}")

    def rect(self, x: float, y: float, width: float, height: float) -> None:
        """Go around a rectangle."""
        corners = f"H{_n(x + width)}V{_n(y + height)}H{_n(x)}Z"
        self.words.append(f"M{_n(x)} {_n(y)}{corners}")

    def close(self) -> None:
        """Go back to where it began."""
        self.words.append("Z")


class SvgCanvas:
    """`width` and `height` in points; `title` and `about` are what a screen reader says."""

    def __init__(self, width: float, height: float, title: str, about: str) -> None:
        typeface.use()
        self._state = _State()
        self._saved: list[_State] = []
        self._clips = 0
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
            f'width="{_n(width)}pt" height="{_n(height)}pt" role="img">',
            f"<title>{saxutils.escape(title)}</title><desc>{saxutils.escape(about)}</desc>",
            f'<rect width="{_n(width)}" height="{_n(height)}" fill="#fff"/>',
            f'<g transform="matrix(1 0 0 -1 0 {_n(height)})">',
        ]

    def svg(self) -> bytes:
        """Return the picture."""
        return "\n".join([*self._parts, "</g></svg>", ""]).encode()

    def setStrokeGray(self, grey: float) -> None:  # noqa: N802
        """Draw lines in this grey."""
        self._state = replace(self._state, stroke=grey)

    def setFillGray(self, grey: float) -> None:  # noqa: N802
        """Fill areas and letters with this grey."""
        self._state = replace(self._state, fill=grey)

    def setLineWidth(self, width: float) -> None:  # noqa: N802
        """Draw lines so wide."""
        self._state = replace(self._state, width=width)

    def setDash(self, dash: Sequence[float]) -> None:  # noqa: N802
        """Draw lines with dashes and pauses so long."""
        self._state = replace(self._state, dash=tuple(dash))

    def setFont(self, font: str, size: float) -> None:  # noqa: N802
        """Write in this font."""
        self._state = replace(self._state, font=font, size=size)

    def beginPath(self) -> Path:  # noqa: N802
        """Return an empty path."""
        return Path()

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a line."""
        places = f'x1="{_n(x0)}" y1="{_n(y0)}" x2="{_n(x1)}" y2="{_n(y1)}"'
        self._put(f"<line {places}{self._painted(stroke=1, fill=0)}/>")

    def rect(
        self, x: float, y: float, width: float, height: float, stroke: int = 1, fill: int = 0
    ) -> None:
        """Draw a rectangle."""
        left, wide = min(x, x + width), abs(width)
        low, high = min(y, y + height), abs(height)
        place = f'x="{_n(left)}" y="{_n(low)}" width="{_n(wide)}" height="{_n(high)}"'
        self._put(f"<rect {place}{self._painted(stroke, fill)}/>")

    def circle(self, x: float, y: float, radius: float, stroke: int = 1, fill: int = 0) -> None:
        """Draw a circle."""
        place = f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"'
        self._put(f"<circle {place}{self._painted(stroke, fill)}/>")

    def drawPath(self, path: Path, stroke: int = 1, fill: int = 0) -> None:  # noqa: N802
        """Draw a path."""
        self._put(f'<path d="{"".join(path.words)}"{self._painted(stroke, fill)}/>')

    def clipPath(self, path: Path, stroke: int = 1, fill: int = 0) -> None:  # noqa: N802
        """Draw what follows within a path only, until the state is restored."""
        del stroke, fill
        self._clips += 1
        name = f"c{self._clips}"
        self._put(f'<clipPath id="{name}"><path d="{"".join(path.words)}"/></clipPath>')
        self._open(f'clip-path="url(#{name})"')

    def drawString(self, x: float, y: float, text: str) -> None:  # noqa: N802
        """Write a line of text."""
        state = self._state
        weight = ' font-weight="bold"' if state.font == typeface.BOLD else ""
        width = typeface.width(text, state.font, state.size)
        self._put(
            f'<text transform="matrix(1 0 0 -1 {_n(x)} {_n(y)})" font-family="{FAMILY}" '
            f'font-size="{_n(state.size)}"{weight} fill="{_grey(state.fill)}" '
            f'textLength="{_n(width)}" lengthAdjust="spacingAndGlyphs">'
            f"{saxutils.escape(text)}</text>"
        )

    def saveState(self) -> None:  # noqa: N802
        """Remember pens and places."""
        self._saved.append(self._state)
        self._state = replace(self._state, groups=0)

    def restoreState(self) -> None:  # noqa: N802
        """Go back to what was saved last."""
        self._put("</g>" * self._state.groups)
        self._state = self._saved.pop()

    def translate(self, x: float, y: float) -> None:
        """Let points count from here; within a saved state."""
        self._open(f'transform="translate({_n(x)} {_n(y)})"')

    def rotate(self, degrees: float) -> None:
        """Turn what follows to the left; within a saved state."""
        self._open(f'transform="rotate({_n(degrees)})"')

    def _open(self, attribute: str) -> None:
        assert self._saved, "save the state first"
        self._put(f"<g {attribute}>")
        self._state = replace(self._state, groups=self._state.groups + 1)

    def _painted(self, stroke: int, fill: int) -> str:
        state = self._state
        said = f' fill="{_grey(state.fill) if fill else "none"}"'
        if stroke:
            said += f' stroke="{_grey(state.stroke)}" stroke-width="{_n(state.width)}"'
            if state.dash:
                said += f' stroke-dasharray="{" ".join(map(_n, state.dash))}"'
        return said

    def _put(self, part: str) -> None:
        if part:
            self._parts.append(part)


def drawn(width: float, height: float, title: str, about: str, draw: Any) -> bytes:
    """Return the picture that `draw` makes on a canvas of that size."""
    canvas = SvgCanvas(width, height, title, about)
    draw(canvas)
    return canvas.svg()


def _n(value: float) -> str:
    """Two decimals are a hundredth of a point; zeros at the end are left out."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _grey(grey: float) -> str:
    part = round(min(max(grey, 0.0), 1.0) * 255)
    return f"#{part:02x}{part:02x}{part:02x}"
