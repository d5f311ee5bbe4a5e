"""Local times of a config and an assignment as a person writes and reads them.

    08:00 mon-fri slot=1     a reminder; without weekdays every day, without slot for any sensor
    22:00-07:00              hours: quiet, or a window
    +01:00/eu                local time: ahead of UTC, and summer time by the European rule
    blobs.example.no:443/v1  a source of blobs

Weekdays may be written in English, bokmål or nynorsk, as their first three letters, in lists
(`mon,wed` or `mon wed`), ranges (`fri-mon`) or both. What is read comes out of `...shown` in one
spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from varde_host import errors
from varde_host.commands import patient_limits
from varde_protocols import hub_config

DEFAULT_LOCAL_TIME = "+01:00/eu"
EVERY_DAY = 0x7F

_SHOWN_CHARACTERS = 40
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LOCAL_TIME = re.compile(r"([+-])(\d\d):([0-5]\d)(/eu)?")
_SOURCE = re.compile(r"([^/:]+)(?::(\d{1,5}))?(/.*)?")
_HTTPS_PORT = 443
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = {
    name: number
    for names in (
        _WEEKDAYS,
        ("man", "tir", "ons", "tor", "fre", "lør", "søn"),
        ("mån", "tys", "ons", "tor", "fre", "lau", "sun"),
    )
    for number, name in enumerate(names)
}
_DAY_MINUTES = 1440


def reminder(text: str, where: str) -> list[int]:
    """Return [local minute, weekday bits, slot]. Raises InputRefused `reminder`."""
    first, *rest = text.split() or [""]
    clock = _CLOCK.fullmatch(first)
    if clock is None:
        raise errors.InputRefused("reminder", _place(text, where))
    weekdays, slot = 0, hub_config.ANY_SLOT
    for word in rest:
        name, separator, number = word.partition("=")
        patient_limits.refuse(name, where)
        if name == "slot" and not slot and number.isascii() and number.isdigit():
            slot = int(number)
        elif not separator:
            weekdays |= _weekdays(word, text, where)
        else:
            raise errors.InputRefused("reminder", _place(text, where))
    return [_minute(clock), weekdays or EVERY_DAY, slot]


def reminders(texts: Iterable[str], where: str) -> list[list[int]]:
    """Return them as a config has them: ascending. Raises InputRefused `reminder`."""
    return sorted(reminder(text, where) for text in texts)


def hours(text: str, where: str) -> list[int]:
    """Return [from, to] in local minutes of the day. Raises InputRefused `hours`."""
    clocks = [_CLOCK.fullmatch(part.strip()) for part in text.split("-")]
    found = [_minute(clock) for clock in clocks if clock is not None]
    if len(clocks) != 2 or len(found) != 2:
        raise errors.InputRefused("hours", _place(text, where))
    return found


def local_time(text: str, where: str) -> list[int]:
    """Return [minutes ahead of UTC, rule]. Raises InputRefused `local-time`."""
    match = _LOCAL_TIME.fullmatch(text)
    if match is None:
        raise errors.InputRefused("local-time", _place(text, where))
    ahead_min = int(match[2]) * 60 + int(match[3])
    rule = hub_config.RULE_EU if match[4] else hub_config.RULE_NONE
    return [-ahead_min if match[1] == "-" else ahead_min, rule]


def source(text: str, where: str) -> list[object]:
    """Return [host, port, path] of an https server. Raises InputRefused `source`."""
    match = _SOURCE.fullmatch(text.removeprefix("https://"))
    if match is None:
        raise errors.InputRefused("source", _place(text, where))
    return [match[1], int(match[2] or _HTTPS_PORT), (match[3] or "").rstrip("/")]


def reminder_shown(row: Sequence[int]) -> str:
    """Return a reminder as `reminder` reads it."""
    minute, weekdays, slot = row
    words = [_clock_shown(minute)]
    if weekdays != EVERY_DAY:
        words.append(",".join(name for n, name in enumerate(_WEEKDAYS) if weekdays >> n & 1))
    return " ".join(words if slot == hub_config.ANY_SLOT else [*words, f"slot={slot}"])


def hours_shown(pair: Sequence[int]) -> str:
    """Return hours as `hours` reads them."""
    return f"{_clock_shown(pair[0])}-{_clock_shown(pair[1])}"


def local_time_shown(pair: Sequence[int]) -> str:
    """Return a local time as `local_time` reads it."""
    ahead_min, rule = pair
    sign = "-" if ahead_min < 0 else "+"
    return f"{sign}{_clock_shown(abs(ahead_min))}{'/eu' if rule == hub_config.RULE_EU else ''}"


def source_shown(parts: Sequence[object]) -> str:
    """Return a source as `source` reads it."""
    host, port, path = parts
    return f"{host}:{port}{path}"


def _minute(clock: re.Match[str]) -> int:
    return int(clock[1]) * 60 + int(clock[2])


def _clock_shown(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _weekdays(word: str, text: str, where: str) -> int:
    bits = 0
    for part in word.split(","):
        ends = [_NUMBERS.get(name) for name in part.lower().split("-")]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            raise errors.InputRefused("reminder", _place(text, where))
        for number in range(first, first + (last - first) % 7 + 1):
            bits |= 1 << number % 7
    return bits


def _place(text: str, where: str) -> str:
    return f"{where}: {text[:_SHOWN_CHARACTERS]!a}"
