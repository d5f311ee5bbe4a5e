"""Hypothesis strategies for signed documents."""

from __future__ import annotations

import functools

from hypothesis import strategies as st

from golden import formats, site
from varde_protocols import assignment, release, trust, wipe_record
from varde_protocols.crypto import ed25519, x25519

WORDS = st.text("abcz059-_.", min_size=1, max_size=32)
NUMBERS = st.integers(1, (1 << 32) - 1)
DIGESTS = formats.sized(32)
PATHS = st.just("") | st.text("az09-_.~:", min_size=1, max_size=30).map(lambda text: "/v1/" + text)


@functools.cache
def public(number: int) -> bytes:
    return ed25519.SigningKey(bytes([number]) * 32).public


@st.composite
def trusts(draw: st.DrawFn) -> trust.Trust:
    keys = draw(st.permutations([public(number) for number in range(14)]))
    roles, taken = {}, 0
    for role in (1, 2, 3, 4) if draw(st.booleans()) else (1, 3, 4):
        least = 2 if role == 2 else 1
        count = draw(st.integers(least, 3))
        threshold = 1 if role == 4 else draw(st.integers(least, count))
        roles[role] = [threshold, sorted(keys[taken : taken + count])]
        taken += count
    roots = [formats.root_of(mark, draw(st.integers(260, 2048)))
             for mark in range(draw(st.integers(2, 4)))]  # fmt: skip
    return trust.Trust(
        draw(NUMBERS), draw(formats.sized(8)), roles, roots, keys[taken],
        x25519.public_key(draw(formats.sized(32))), trust.EDDSA, draw(formats.MS),
    )  # fmt: skip


def components(kind: int) -> st.SearchStrategy[release.Component]:
    return formats.built(
        release.Component, st.just(kind), st.integers(1, 1 << 21), DIGESTS,
        st.integers(1024, 65536), DIGESTS, st.integers(0, (1 << 32) - 1),
    )  # fmt: skip


@st.composite
def releases(draw: st.DrawFn) -> release.Release:
    kinds = draw(st.sampled_from([[1], [2], [1, 2]]))
    number = draw(NUMBERS)
    return release.Release(
        number, draw(formats.text_of(1, 32)), draw(WORDS), [draw(components(k)) for k in kinds],
        draw(st.integers(0, number)), draw(formats.MS),
    )  # fmt: skip


ASSIGNMENTS = formats.built(
    assignment.Assignment, formats.sized(8), NUMBERS, st.none() | formats.sized(8),
    formats.configs(), st.none() | st.tuples(NUMBERS, DIGESTS).map(list), formats.MS,
    st.none() | formats.HOURS, st.none() | st.integers(0, 1 << 30),
    st.none() | st.tuples(formats.HOSTS, formats.PORTS, PATHS).map(list), formats.text_of(0, 16),
)  # fmt: skip


@st.composite
def wipe_records(draw: st.DrawFn) -> wipe_record.WipeRecord:
    times = sorted(draw(st.lists(formats.MS, min_size=3, max_size=3)))
    unsent = draw(st.integers(0, (1 << 31) - 1))
    readings = draw(st.integers(0, unsent))
    decided = st.lists(WORDS, min_size=2, max_size=2)
    steps = st.tuples(WORDS, st.just(times[1]), DIGESTS).map(list)
    return wipe_record.WipeRecord(
        draw(formats.sized(8)), draw(formats.sized(8)), draw(formats.sized(6)),
        draw(st.none() | formats.text_of(1, 32)), times[0], times[2], unsent, readings,
        draw(decided if readings else st.none() | decided),
        draw(st.lists(steps, min_size=1, max_size=8)), draw(formats.text_of(1, 64)),
    )  # fmt: skip


VALUES = st.one_of(trusts(), releases(), ASSIGNMENTS, wipe_records())
MESSAGES = [site.signed(kind, value, *signers) for kind, value, signers in site.rows()]
