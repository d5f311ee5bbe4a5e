"""A label in ZPL II, for label printers of the Zebra kind: 62 x 66 mm at 203 dots an inch.

Letters travel as UTF-8 (`^CI28`); what ZPL takes for a command (`^`, `~`, `_` as the escape) is
written as `_XX` under `^FH`.
"""

from __future__ import annotations

from varde_host.paper import label as labels

DOTS_PER_MM = 8
WIDTH_MM, HEIGHT_MM = 62, 66
_SPECIAL = "^~_\\"


def label(one: labels.Label, language: str) -> bytes:
    """Return what is sent to the printer as it is."""
    words = labels.speaker(language)
    beside = 31
    rows = [
        _text(2, 2, 30, one.municipality, 57),
        # Model 2, eight dots a module; Q: error level, A: automatic input mode.
        f"^FO{2 * DOTS_PER_MM},{8 * DOTS_PER_MM}^BQN,2,8^FDQA,{_escaped(one.kit_id)}^FS",
        _text(beside, 9, 26, words.text("label.kit-word"), 29),
        _text(beside, 13, 48, one.kit_id, 29),
        _text(beside, 21, 26, words.text(labels.LEVELS[one.level]), 29),
        _text(beside, 25, 24, words.text("label.next-check-word"), 29),
        _text(beside, 29, 26, words.text("label.date", date=one.next_check), 29),
        _text(2, 36, 34, words.text("label.fault", phone=one.fault_phone), 57),
        _text(2, 41, 26, words.text("label.hours", hours=one.hours), 57),
        f"^FO{2 * DOTS_PER_MM},{49 * DOTS_PER_MM}^GB{57 * DOTS_PER_MM},{13 * DOTS_PER_MM},3^FS",
        _text(4, 52, 32, words.text("label.emergency", number=labels.EMERGENCY), 53),
    ]
    head = f"^XA^CI28^PW{WIDTH_MM * DOTS_PER_MM}^LL{HEIGHT_MM * DOTS_PER_MM}^LH0,0"
    return "\n".join([head, *rows, "^XZ", ""]).encode("utf-8")


def _text(left_mm: int, top_mm: int, height: int, text: str, room_mm: int) -> str:
    """Return a field of one line, or of two where the text needs them."""
    place = f"^FO{left_mm * DOTS_PER_MM},{top_mm * DOTS_PER_MM}^A0N,{height},{height}"
    return f"{place}^FB{room_mm * DOTS_PER_MM},2,0,L^FH^FD{_escaped(text)}^FS"


def _escaped(text: str) -> str:
    return "".join(f"_{ord(letter):02X}" if letter in _SPECIAL else letter for letter in text)
