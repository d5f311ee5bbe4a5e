"""Plans of rollouts: what is read, and what is refused with the line at fault."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde_host import errors
from varde_host.fleet import groups, plan_file, ring_members, simulation
from varde_host.fleet.plan_file import HOUR_MS

PLAN = """\
name = "vinter-2026"
release = {folder = "../release-7"}
source = "https://code.example/varde/"
window = "01:00-05:00"

[[ring]]
name = "bench"
group = "bench"
soak_h = 24
deadline_h = 48

[[ring]]
name = "hjem"
hubs = ["00112233445566aa", "00112233445566bb"]
soak_h = 0.5
deadline_h = 48
window = "23:30-04:00"
allowance_kib = 900

[[ring]]
name = "resten"
percent = 100
soak_h = 0
deadline_h = 72
"""


def decode(text: str) -> plan_file.Plan:
    return plan_file.decode(text.encode(), Path("planer/plan.toml"))


def refused(text: str) -> tuple[str, str]:
    """The code, and the line."""
    with pytest.raises(errors.InputRefused) as caught:
        decode(text)
    assert caught.value.where.startswith("planer/plan.toml:")
    return caught.value.code, caught.value.where.rpartition(":")[2]


def test_a_whole_plan():
    plan = decode(PLAN)
    assert plan.name == "vinter-2026"
    assert plan.release.folder == Path("planer/../release-7")
    assert plan.source == ("code.example", 443, "/varde")
    assert plan.sha256 == hashlib.sha256(PLAN.encode()).digest()
    bench, homes, everybody = plan.rings
    assert (bench.rule, bench.members, bench.window) == ("group", "bench", (60, 300))
    assert (homes.window, homes.allowance_kib) == ((1410, 240), 900)
    assert (homes.soak_ms, homes.deadline_ms) == (HOUR_MS // 2, 48 * HOUR_MS)
    assert (everybody.rule, everybody.members, everybody.soak_ms) == ("percent", 100, 0)


def test_a_release_by_number_and_digest():
    digest = "ab" * 32
    text = PLAN.replace('{folder = "../release-7"}', f'{{number = 7, digest = "{digest}"}}')
    named = decode(text).release
    assert (named.number, named.digest, named.folder) == (7, bytes.fromhex(digest), None)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('name = "vinter-2026"', 'name = "../vinter"', 1),
        ('name = "vinter-2026"', 'name = "a b"', 1),
        ('name = "vinter-2026"', "", 1),
        ('name = "vinter-2026"', 'name = "' + "a" * 33 + '"', 1),
        ('{folder = "../release-7"}', '"../release-7"', 2),
        ('{folder = "../release-7"}', "{number = 7}", 2),
        ('{folder = "../release-7"}', '{number = 7, digest = "AB"}', 2),
        ('{folder = "../release-7"}', '{number = true, digest = "' + "a" * 64 + '"}', 2),
        ('{folder = "../release-7"}', '{folder = "x", hash = "y"}', 2),
        ("https://code.example/varde/", "http://code.example/", 3),
        ("https://code.example/varde/", "https://user@code.example/", 3),
        ("https://code.example/varde/", "https://code.example:port/", 3),
        ("https://code.example/varde/", "https://code.example/?a=b", 3),
        ('window = "01:00-05:00"', 'window = "1-5"', 4),
        ('window = "01:00-05:00"', 'window = "01:00-01:00"', 4),
        ('window = "01:00-05:00"', 'windov = "01:00-05:00"', 4),
        ('name = "bench"', 'name = "' + "b" * 17 + '"', 7),
        ('name = "hjem"', 'name = "bench"', 13),
        ('group = "bench"', 'group = ""', 8),
        ('group = "bench"', 'group = "bench"\npercent = 3', 9),
        ('group = "bench"\n', "", 7),
        ('group = "bench"', 'groups = ["bench"]', 8),
        ("soak_h = 24", "soak_h = -1", 9),
        ("soak_h = 24", "soak_h = nan", 9),
        ("soak_h = 24", 'soak_h = "24"', 9),
        ("soak_h = 24\n", "", 6),
        ("deadline_h = 48\n\n", "deadline_h = 0\n\n", 10),
        ('"00112233445566bb"', '"00112233445566aa"', 14),
        ('"00112233445566bb"', '"0011"', 14),
        ("percent = 100", "percent = 101", 22),
        ("percent = 100", "percent = 10.5", 22),
        ("allowance_kib = 900", "allowance_kib = 0", 18),
        ("allowance_kib = 900", "soak_h = 3", 18),  # twice: TOML's own error
        ("[[ring]]", "[ring]", 6),
    ],
)
def test_what_is_wrong_is_refused_by_its_line(old: str, new: str, line: int):
    assert old in PLAN
    text = PLAN[: PLAN.index('[[ring]]\nname = "hjem"')] if old == "[[ring]]" else PLAN
    code, found = refused(text.replace(old, new, 1))
    assert (code, found) == ("plan-syntax" if "soak_h = 3" in new else "plan-field", str(line))


@pytest.mark.parametrize(
    ("text", "line"),
    [("name = ", "1"), ("\n\nname = \xff", "3"), ("a = 1\na = 2", "2"), ("x = " + "9" * 5000, "1"),
     ("x = " + "[" * 9000, "1")],
)  # fmt: skip
def test_what_is_no_toml_is_refused(text: str, line: str):
    with pytest.raises(errors.InputRefused) as caught:
        plan_file.decode(text.encode("latin-1"), Path("p"))
    assert (caught.value.code, caught.value.where) == ("plan-syntax", f"p:{line}")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_plan_or_refused(data: bytes):
    with pytest.raises(errors.InputRefused):
        plan_file.decode(data, Path("p"))


@given(st.integers(0, len(PLAN) - 1), st.integers(0, len(PLAN)), st.text(max_size=6))
def test_any_change_of_a_plan_is_a_plan_or_refused(start: int, end: int, text: str):
    changed = PLAN[:start] + text + PLAN[max(start, end) :]
    try:
        plan_file.decode(changed.encode("utf-8", "surrogatepass"), Path("p"))
    except errors.InputRefused as error:
        assert error.code in {"plan-field", "plan-syntax"}  # noqa: PT017


# --- who is in which ring ------------------------------------------------------------------------

HUBS = simulation.hub_ids(300)


def percents(*shares: int, name: str = "a") -> plan_file.Plan:
    rings = tuple(
        plan_file.Ring(f"r{at}", plan_file.PERCENT, share, 0, HOUR_MS)
        for at, share in enumerate(shares)
    )
    return plan_file.Plan(name, plan_file.NamedRelease(), rings, b"")


def test_percents_are_of_all_and_add_up():
    found = ring_members.members(percents(10, 50, 100), HUBS, groups.Groups())
    assert [len(ring) for ring in found] == [30, 120, 150]
    assert sorted(hub for ring in found for hub in ring) == sorted(HUBS)


@given(st.permutations(HUBS[:40]))
def test_who_is_in_does_not_depend_on_who_asks(hubs: list[str]):
    plan = percents(10, 100)
    expected = ring_members.members(plan, HUBS[:40], groups.Groups())
    assert ring_members.members(plan, hubs, groups.Groups()) == expected


def test_a_hub_that_comes_or_goes_moves_one_other_at_most():
    plan = percents(10, 100)
    before = set(ring_members.members(plan, HUBS[:200], groups.Groups())[0])
    after = set(ring_members.members(plan, HUBS[:201], groups.Groups())[0])
    assert len(before ^ after) <= 2


def test_another_plan_begins_with_others():
    first, second = (
        ring_members.members(percents(10, name=name), HUBS, groups.Groups())[0]
        for name in ("vinter", "sommer")
    )
    assert len(set(first) & set(second)) < 15


def test_ten_percent_of_three_is_one():
    found = ring_members.members(percents(10, 100), HUBS[:3], groups.Groups())
    assert [len(ring) for ring in found] == [1, 2]


def test_a_ring_of_nobody_is_refused():
    with pytest.raises(errors.InputRefused, match="ring-empty"):
        ring_members.members(percents(50, 50), HUBS, groups.Groups())


def test_a_hub_that_is_not_enrolled_is_refused():
    ring = plan_file.Ring("a", plan_file.HUBS, ("00" * 8,), 0, HOUR_MS)
    plan = plan_file.Plan("a", plan_file.NamedRelease(), (ring,), b"")
    with pytest.raises(errors.InputRefused, match="ring-hub"):
        ring_members.members(plan, HUBS, groups.Groups())
