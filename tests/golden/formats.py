"""Hypothesis strategies for our formats, and the golden messages to mutate."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from golden.vectors import VECTORS
from varde_protocols import assigned, exchange, hub_config, records, sealing


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def sized(low: int, high: int | None = None) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=low, max_size=low if high is None else high)


SEQS = st.integers(0, records.MAX_SEQ)
BOOTS = st.integers(0, records.MAX_BOOT)
MS = st.integers(0, records.MAX_MS)
SLOTS = st.integers(0, records.MAX_SLOT)
VERIFICATIONS = st.just(b"") | sized(records.VERIFICATION_BYTES)
UINT16 = st.integers(0, 0xFFFF)
NUMBERS = st.integers(0, assigned.MAX_NUMBER)
OF_SENSORS = NUMBERS.filter(lambda number: number != assigned.TEST)
UINT32 = st.integers(0, (1 << 32) - 1)
HEARTBEATS = st.integers(exchange.MIN_HEARTBEAT_S, exchange.MAX_HEARTBEAT_S)
PLACE = (SEQS, BOOTS, MS)
TEXT = st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"])


def text_of(low: int, high: int) -> st.SearchStrategy[str]:
    """Text of low..high bytes of UTF-8."""
    some = st.text(TEXT, min_size=low, max_size=high)
    return some.filter(lambda text: low <= len(text.encode()) <= high)


def built(kind: Any, *fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As st.builds, which would look at the annotations and miss `typing`."""
    return st.tuples(*fields).map(lambda values: kind(*values))


PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 64), (1 << 64) - 1), sized(0, 40),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.floats(allow_nan=False),
)  # fmt: skip
KEYS = st.one_of(st.integers(-(1 << 64), (1 << 64) - 1), sized(0, 9), st.text(TEXT, max_size=9))
TREES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)

# The members of a map with some taken out, others put in: labels of all three types, that a parser
# may neither compare nor expect.
HEADERS = st.builds(
    lambda right, other: {**right, **other},
    st.sampled_from([{}, {1: -8}, {1: -8, 4: bytes(8)}, {1: 30}, {5: bytes(13)}]),
    st.dictionaries(KEYS | st.integers(0, 9), TREES, max_size=3),
)

READINGS = built(records.Reading, *PLACE, SLOTS, NUMBERS, SEQS, sized(1, records.MAX_SEALED_BYTES),
                 VERIFICATIONS)  # fmt: skip
ANCHORS = built(records.Anchor, *PLACE, MS, st.integers(0, 255), MS)
CLOCKS = built(records.Clock, *PLACE, SLOTS, NUMBERS, sized(1, 32), st.integers(0, 255))
EVENTS = built(records.Event, *PLACE, UINT16, SEQS)
SESSIONS = built(records.Session, *PLACE, sized(32), sized(8))
GAPS = built(
    records.Gap, *PLACE,
    st.lists(SEQS, min_size=1, max_size=31, unique=True).map(lambda seqs: joined(sorted(seqs))),
    st.sets(st.tuples(SLOTS, NUMBERS), min_size=1, max_size=31).map(
        lambda sources: [list(each) for each in sorted(sources)]
    ),
    st.integers(0, 255),
)  # fmt: skip
NUMERALS = st.integers(-(1 << 64), (1 << 64) - 1)
SCALARS = st.none() | st.booleans() | NUMERALS | sized(0, 20) | text_of(0, 20)
FACTS = st.one_of(SCALARS, st.lists(SCALARS | st.lists(SCALARS, max_size=4), max_size=4))
REPORTS = built(
    records.Report, *PLACE, st.dictionaries(st.integers(1, 255), FACTS, min_size=1, max_size=8)
)
UNKNOWNS = built(
    records.Unknown, st.sampled_from([0, 8, 9, 254, 255]), *PLACE, st.none() | sized(0, 300)
)
RECORDS = st.one_of(READINGS, ANCHORS, CLOCKS, GAPS, EVENTS, SESSIONS, REPORTS, UNKNOWNS)
CONTENTS = built(sealing.Content, sized(0, 512), NUMBERS, sized(7), text_of(0, 24))


@st.composite
def requests(draw: st.DrawFn, count: int | None = None) -> exchange.Request:
    first, following = sorted([draw(SEQS), draw(SEQS)])
    number = draw(st.integers(0, exchange.MAX_RECORDS)) if count is None else count
    return exchange.Request(draw(sized(16)), draw(BOOTS), draw(MS), first, following, number,
                            draw(UINT32))  # fmt: skip


def joined(ascending: list[int]) -> list[list[int]]:
    """Inclusive ranges; numbers that follow each other share one."""
    ranges: list[list[int]] = []
    for number in ascending:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


@st.composite
def answers(draw: st.DrawFn) -> tuple[exchange.Answer, list[int]]:
    """An answer and the sequence numbers that were sent, in which it holds."""
    sent = draw(st.lists(SEQS | st.integers(0, 15), max_size=12, unique=True))
    taken = [draw(st.booleans()) for _ in sent]
    kept = sorted(seq for seq, yes in zip(sent, taken, strict=True) if yes)
    refused = [
        [index, draw(st.sampled_from([seq, None])), draw(st.integers(0, 255))]
        for index, (seq, yes) in enumerate(zip(sent, taken, strict=True))
        if not yes and draw(st.booleans())
    ]
    answer = exchange.Answer(
        draw(sized(16)), draw(sized(8)), joined(kept), draw(MS),
        draw(HEARTBEATS), draw(UINT32), refused,
    )  # fmt: skip
    return answer, sent


HOSTS = st.text("abcxyzABC0189-.:", min_size=1, max_size=60)
PASSWORDS = st.just("") | text_of(8, 63) | st.text("0123456789abcdefABCDEF", min_size=64,
                                                   max_size=64)  # fmt: skip
NETWORKS = built(hub_config.Network, text_of(1, 32), PASSWORDS)
PORTS = st.integers(1, 0xFFFF)


def root_of(mark: int, size: int) -> bytes:
    return b"\x30\x82" + (size - 4).to_bytes(2, "big") + bytes([mark]) * (size - 4)


@st.composite
def sensors(draw: st.DrawFn, slot: int) -> hub_config.Sensor:
    address = bytes([slot % 2, slot]) + draw(sized(5))
    own = chr(0xA1 + slot)  # so that no name begins as another
    name = draw(st.none() | text_of(0, 27).map(lambda rest: own + rest))
    characteristics = draw(st.lists(OF_SENSORS, min_size=1, max_size=8, unique=True))
    shown = draw(st.none() | st.just(address)) if name is not None else address
    bond = draw(st.integers(0, 2))
    passkeys = st.none() | st.integers(0, 999_999) if bond == 2 else st.none()
    users = st.none() | st.tuples(st.integers(0, 254), st.integers(0, 9999)).map(list)
    model = draw(st.text("abcz059-", max_size=24))
    return hub_config.Sensor(slot, shown, name, draw(OF_SENSORS), characteristics, model, bond,
                             draw(passkeys), draw(users), draw(VERIFICATIONS))  # fmt: skip


LOGINS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"'),
                 max_size=63)  # fmt: skip
PINS = st.just("") | st.text("0123456789", min_size=4, max_size=8)
MODEMS = built(hub_config.Modem, st.text("a-z.9", min_size=1, max_size=63), LOGINS, LOGINS, PINS)


MINUTES = st.integers(0, 1439)
HOURS = st.lists(MINUTES, min_size=2, max_size=2, unique=True)


def reminders(slots: list[int]) -> st.SearchStrategy[list[list[int]]]:
    each = st.tuples(MINUTES, st.integers(1, 127), st.sampled_from(slots))
    return st.sets(each, max_size=12).map(lambda found: [list(row) for row in sorted(found)])


@st.composite
def configs(draw: st.DrawFn) -> hub_config.HubConfig:
    modem = draw(st.none() | MODEMS)
    least = 0 if modem else 1
    networks = draw(st.lists(NETWORKS, min_size=least, max_size=8, unique_by=lambda n: n.ssid))
    slots = draw(st.lists(st.integers(0, 254), max_size=6, unique=True))
    return hub_config.HubConfig(
        networks, draw(HOSTS), draw(PORTS), draw(HEARTBEATS),
        [draw(sensors(slot)) for slot in slots], draw(HOSTS), draw(PORTS), draw(text_of(1, 32)),
        modem, draw(st.integers(0, 1 << 30)),
        draw(st.tuples(st.integers(-720, 840), st.integers(0, 1)).map(list)),
        draw(reminders([0, *slots])), draw(st.none() | HOURS),
    )  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """One of the originals with some bytes changed, taken out, put in or cut off."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 4)))
        data[start:end] = draw(sized(0, 4))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)
