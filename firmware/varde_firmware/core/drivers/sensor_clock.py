"""A sensor's clock: read, set if it is wrong, read back; each reading becomes a clock record.

Two forms: Current Time 0x2A2B in its own service 0x1805 (CTS 1.1), and Date Time 0x2A08 inside the
measurement's service. Both are local time without a zone, for people to read, and the hub does not
know which zone they live in. So it keeps the one that the sensor shows: the multiple of half an
hour that its clock is away from UTC, if there is such a zone. A clock that is no time of this day
anywhere is set to the zone that it showed last (batteries out), else to UTC. What the receiver
makes of a stamp rests on the clock records, not on this.

The hub sets nothing while it does not know UTC.
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const

from .. import procedures
from .. import sensor_words as words

if TYPE_CHECKING:
    from typing import List, Optional

    from .. import steps

    Found = words.CharacteristicFound

SERVICE = const(0x1805)
CURRENT_TIME = const(0x2A2B)
DATE_TIME = const(0x2A08)
_DATE_TIME_BYTES = const(7)
_CURRENT_TIME_BYTES = const(10)
# "External reference time update" (Current Time 0x2A2B, adjust reason, bit 1).
_ADJUSTED = const(0x02)
# People set clocks to the minute; to correct less would not show.
RIGHT_MS = const(60_000)
# For sensors that want to be written on each connection; if need be, with what they show.
ALWAYS = const(-1)
_ZONE_STEP_MS = const(1_800_000)
_ZONE_LEAST_MS = -12 * 3_600_000
_ZONE_MOST_MS = 14 * 3_600_000
_DAY_MS = const(86_400_000)


def look_after(facts: "steps.Facts", found: "List[Found]") -> "steps.Procedure":
    """Look after the clock among `found`, the measurement's service, or in its own service."""
    clock = procedures.pick(found, DATE_TIME)
    if clock is None:
        clock = yield from procedures.seek(facts, SERVICE, CURRENT_TIME)
    if clock is not None:
        yield from look_after_one(facts, clock)


def look_after_one(
    facts: "steps.Facts", clock: "Found", right_ms: int = RIGHT_MS
) -> "steps.Procedure":
    """Read this clock, set it if it is off by more than `right_ms`, and read it back."""
    if clock.properties & procedures.READS:
        status, value = yield from procedures.read(facts, clock.value_handle)
        if status:
            facts.lacks.add(SERVICE)  # not for us: do not ask on every connection
            return
    else:
        value = b""
    yield from correct(facts, clock, value, right_ms)


def correct(
    facts: "steps.Facts", clock: "Found", value: bytes, right_ms: int
) -> "steps.Procedure":
    """Journal what the clock shows; set it and read it back if that is wrong."""
    setting = None
    if clock.properties & procedures.WRITES:
        setting = right_time(
            value, facts.utc_ms(), clock.uuid == CURRENT_TIME, right_ms, facts.zone_ms
        )
    shown_ms = zone_ms(value, facts.utc_ms())
    if shown_ms is not None:
        facts.zone_ms = shown_ms
    if value:
        occasion = records.CLOCK_READ if setting is None else records.CLOCK_BEFORE
        yield words.ClockRead(clock.uuid, value, occasion)
    if setting is not None:
        yield from set_clock(facts, clock, setting)
    elif value and right_ms == ALWAYS:
        yield from procedures.write(facts, clock.value_handle, value)


def set_clock(facts: "steps.Facts", clock: "Found", setting: bytes) -> "steps.Procedure":
    """Set it and read it back; tell if it does not show what it was set to."""
    status = yield from procedures.write(facts, clock.value_handle, setting)
    if status in (0, words.IGNORED_FIELDS):
        if not clock.properties & procedures.READS:
            return
        status, value = yield from procedures.read(facts, clock.value_handle)
        if status == 0:
            yield words.ClockRead(clock.uuid, value, records.CLOCK_AFTER)
            if is_right(value, facts.utc_ms()):
                return
    yield words.Tell(records.EVENT_CLOCK_REFUSED)


def right_time(
    value: bytes, utc_ms: "Optional[int]", with_weekday: bool, right_ms: int = RIGHT_MS,
    otherwise_ms: int = 0,
) -> "Optional[bytes]":  # fmt: skip
    """Return what to set a clock to that shows `value`, None if nothing.

    `otherwise_ms` is the zone of one that shows no time of this day.
    """
    if utc_ms is None:
        return None
    kept_ms = zone_ms(value, utc_ms)
    if kept_ms is None:
        kept_ms = otherwise_ms
    elif abs((local_ms(value) or 0) - utc_ms - kept_ms) <= right_ms:
        return None
    return encode(utc_ms + kept_ms, with_weekday)


def zone_ms(value: bytes, utc_ms: "Optional[int]") -> "Optional[int]":
    """Return the zone that a clock shows, ahead of UTC; None if it is no time of this day."""
    shown_ms = local_ms(value)
    if shown_ms is None or utc_ms is None:
        return None
    nearest_ms = (shown_ms - utc_ms + _ZONE_STEP_MS // 2) // _ZONE_STEP_MS * _ZONE_STEP_MS
    return nearest_ms if _ZONE_LEAST_MS <= nearest_ms <= _ZONE_MOST_MS else None


def is_right(value: bytes, utc_ms: "Optional[int]") -> bool:
    """True if a clock that shows `value` is right in some zone."""
    return right_time(value, utc_ms, False) is None


def local_ms(value: bytes) -> "Optional[int]":
    """Return the time that a clock shows, in ms as if it were UTC; None if it shows none."""
    if len(value) < _DATE_TIME_BYTES:
        return None
    year, month, day = value[0] | value[1] << 8, value[2], value[3]
    if year < 1582 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None  # 0 is "not known" (Date Time 0x2A08)
    days = _days(year, month, day)
    return days * _DAY_MS + ((value[4] * 60 + value[5]) * 60 + value[6]) * 1000


def encode(at_ms: int, with_weekday: bool) -> bytes:
    """Return `at_ms` as Date Time, with a weekday as Current Time."""
    days, rest_ms = divmod(at_ms, _DAY_MS)
    year, month, day = _date(days)
    seconds = rest_ms // 1000
    value = bytes(
        (year & 0xFF, year >> 8, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60)
    )
    if with_weekday:  # Monday is 1, and 1970 began on a Thursday
        value += bytes(((days + 3) % 7 + 1, rest_ms % 1000 * 256 // 1000, _ADJUSTED))
    return value


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date; years are counted from March on."""
    if month <= 2:
        year -= 1
        month += 12
    of_year = (153 * (month - 3) + 2) // 5 + day - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719_468


def _date(days: int) -> "tuple[int, int, int]":
    """Return the date so many days after 1970-01-01."""
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and _days(year, month + 1, 1) <= days:
        month += 1
    return year, month, days - _days(year, month, 1) + 1
