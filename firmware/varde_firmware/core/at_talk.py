"""Reads what a modem says to a command: ITU-T V.250 section 5.7, 3GPP TS 27.007.

One command at a time. Its answer is a final line (OK, ERROR, CONNECT ...), before it perhaps one
line of information, which begins with the command's own name. Everything else is passed over: the
echo, words that nobody asked for, hiss. A line is taken without bytes that are no text, because a
spike on the line is no reason to miss an OK; one that is too long is not taken at all.
"""

from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

if TYPE_CHECKING:
    from typing import List, Optional

OK = const(0)
ERROR = const(1)  # `code` says which, UNKNOWN where the modem does not
CONNECT = const(2)  # what follows is no text any more
NO_CARRIER = const(3)
SILENT = const(4)  # no final line in time: said by who waited
UNKNOWN = const(-1)

# 3GPP TS 27.007 section 9.2
CME_SIM_MISSING = const(10)
CME_PIN_WANTED = const(11)
CME_PUK_WANTED = const(12)
CME_SIM_FAILURE = const(13)
CME_SIM_BUSY = const(14)
CME_WRONG_PIN = const(16)

# The longest line that is read for its content, of +CGDCONT, has 90.
MAX_LINE_BYTES = const(128)
# 2024-01-01 and 2068-01-19: an earlier or later time is the modem's own invention. Unset clocks of
# SIMCom's show 1970 or 1980.
_EARLIEST_YEAR = const(24)
_LATEST_YEAR = const(68)
_DAYS_1970_TO_2000 = const(10_957)
_QUARTER_MS = const(900_000)
_MOST_QUARTERS = const(56)  # +14 h


class Answer(Value):
    """What came of a command; `text` is its line of information, without name, or ""."""

    FIELDS = ("result", "code", "text")
    result: int
    code: int
    text: str


class Talk:
    """`begin` a command, then `receive` until there is an answer."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._name = ""
        self._dials = False
        self._text = ""

    def begin(self, command: str) -> None:
        """Expect the answer to this; what was not read to its end is forgotten."""
        self._line = bytearray()
        start = command.rfind("+")
        end = start + 1
        while start >= 0 and end < len(command) and command[end].isalpha():
            end += 1
        self._name = command[start:end] + ":" if start >= 0 else ""
        self._dials = command[:3] == "ATD"
        self._text = ""

    def receive(self, data: bytes) -> "Optional[Answer]":
        """Return the answer once it is whole; what comes after it is dropped."""
        for byte in data:
            if byte in (0x0D, 0x0A):
                answer = self._take()
                if answer is not None:
                    return answer
            elif 0x20 <= byte < 0x7F and len(self._line) <= MAX_LINE_BYTES:
                self._line.append(byte)
        return None

    def _take(self) -> "Optional[Answer]":
        line = bytes(self._line).decode()
        self._line = bytearray()
        if len(line) > MAX_LINE_BYTES:
            return None
        if self._name and line.startswith(self._name):
            self._text = line[len(self._name) :].strip()
        result, code = OK, 0
        if line == "ERROR" or line[:11] == "+CMS ERROR:":
            result, code = ERROR, UNKNOWN
        elif line[:11] == "+CME ERROR:":
            result, code = ERROR, number(line[11:].strip())
        elif self._dials and line[:7] == "CONNECT":
            result = CONNECT
        elif self._dials and line in ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE"):
            result = NO_CARRIER
        elif line != "OK":
            return None
        return Answer(result, code, self._text)


def number(text: str) -> int:
    """Return a number in 0..99999, UNKNOWN if the text is none."""
    return int(text) if text.isdigit() and len(text) <= 5 else UNKNOWN


def registration(text: str) -> int:
    """Return <stat> of +CREG or +CEREG (27.007 sections 7.2, 10.1.22).

    The answer has <n> before it; what the modem says by itself meanwhile has not.
    """
    fields = text.split(",")
    if len(fields) > 1 and fields[1][:1] != '"':
        return number(fields[1].strip())
    return number(fields[0].strip())


def signal_dbm(text: str) -> "Optional[int]":
    """Return the strength of +CSQ (27.007 section 8.5), None if it is not known."""
    steps = number(text.partition(",")[0].strip())
    return 2 * steps - 113 if 0 <= steps <= 31 else None


def tries_left(text: str) -> int:
    """Return how many wrong PINs the card would still take (+SPIC), UNKNOWN if not said."""
    return number(text.partition(",")[0].strip())


def utc_ms(text: str) -> "Optional[int]":
    """Return Unix time of +CCLK (27.007 section 8.15), None if it is no time.

    `"yy/MM/dd,hh:mm:ss+zz"` is local time, and zz how many quarters of an hour it is ahead.
    """
    text = text.strip().strip('"')
    sign = text[17:18]
    separators = text[2:3] + text[5:6] + text[8:9] + text[11:12] + text[14:15]
    if len(text) != 20 or separators != "//,::" or sign not in "+-":
        return None
    fields: "List[int]" = [
        number(text[at : at + 2]) if text[at : at + 2].isdigit() else UNKNOWN
        for at in (0, 3, 6, 9, 12, 15, 18)
    ]
    year, month, day, hour, minute, second, quarters = fields
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR or not 1 <= month <= 12:
        return None
    if not 1 <= day <= _days_in(month, year) or not 0 <= hour < 24 or not 0 <= minute < 60:
        return None
    if not 0 <= second < 61 or not 0 <= quarters <= _MOST_QUARTERS:
        return None
    ahead_ms = quarters * _QUARTER_MS if sign == "+" else -quarters * _QUARTER_MS
    days = _DAYS_1970_TO_2000 + 365 * year + (year + 3) // 4 + day - 1
    for earlier in range(1, month):
        days += _days_in(earlier, year)
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 - ahead_ms


def _days_in(month: int, year: int) -> int:
    """Return the days of a month of 2000 + year; every fourth year is a leap year until 2100."""
    if month == 2:
        return 29 if year % 4 == 0 else 28
    return 30 if month in (4, 6, 9, 11) else 31
