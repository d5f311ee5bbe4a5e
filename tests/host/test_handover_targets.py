"""Who gets what: receiver.toml's targets are read whole or refused, and keep back by reason."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import handover_world as play
from varde_host.errors import InputRefused
from varde_host.fhir import measured
from varde_host.handover import selection, targets
from varde_host.receiver import sensor_clock, timeline

WHOLE = """
[target.journal]
kind = "file"
on = true
purpose = "Oppfølging av utlån i hjemmet"
profile = "no-domain"
bundle = "collection"
municipality = "4601"
form = "bundle"
things = ["cuff", "scale"]
loans = ["loan-1"]
since = 2026-11-01
folder = "out/journal"
misses = true

[target.research]
kind = "csv"
"""


def test_a_whole_file_is_read() -> None:
    journal, research = targets.parse(tomllib.loads(WHOLE))
    assert (journal.name, journal.is_on, journal.municipality) == ("journal", True, "4601")
    assert journal.things == {"cuff", "scale"}
    assert journal.since_ms == int(dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp()) * 1000
    assert dict(journal.adapter) == {"folder": "out/journal"}
    assert not research.is_on
    assert research.loans is None
    assert targets.named([journal], "journal") is journal
    with pytest.raises(InputRefused, match="target-unknown"):
        targets.named([journal], "x")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('kind = "ftp"', "kind"),
        ("", "kind"),
        ('kind = "file"\non = 1', "on"),
        ('kind = "file"\non = true', "purpose"),
        ('kind = "file"\non = true\npurpose = "  "', "purpose"),
        ('kind = "file"\nthings = ["person"]', "things"),
        ('kind = "file"\nthings = "cuff"', "things"),
        ('kind = "file"\nloans = [1]', "loans"),
        ('kind = "file"\nmunicipality = "46"', "municipality"),
        ('kind = "file"\nsince = "2026"', "since"),
        ('kind = "file"\nsince = 2026-11-01T00:00:00Z', "since"),
        ('kind = "file"\nbundle = "heap"', "bundle"),
        ('kind = "file"\nprofile = "own"', "profile"),
        ('kind = "file"\ncheck = 1', "check"),
        ('kind = "file"\nbase = ""', "base"),
        ('kind = "csv"\nmisses = true', "misses"),
    ],
)
def test_what_is_not_known_is_refused_at_its_place(line: str, place: str) -> None:
    with pytest.raises(InputRefused) as caught:
        targets.parse(tomllib.loads(f"[target.journal]\n{line}\n"))
    assert (caught.value.code, caught.value.where) == ("target-setting", f"target.journal.{place}")


@pytest.mark.parametrize("other", ["out/journal", "./out/x/../journal/"])
@pytest.mark.parametrize("first", ["", 'folder = "out/journal"'])
def test_two_targets_have_two_folders(first: str, other: str) -> None:
    """Also where one of them has its folder by its name."""
    text = WHOLE.replace('folder = "out/journal"', first) + f'folder = "{other}"\n'
    with pytest.raises(InputRefused) as caught:
        targets.parse(tomllib.loads(text))
    assert caught.value.where == "target.research.folder"


@pytest.mark.parametrize("text", ["[target.UPPER]\nkind='file'", "target = 1", "[target]\na = 1"])
def test_what_is_no_table_of_targets_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="target-setting"):
        targets.parse(tomllib.loads(text))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
keys = st.sampled_from(["kind", "on", "purpose", "things", "loans", "since", "check", "around"])


@given(st.dictionaries(st.text(max_size=8) | st.just("journal"), st.dictionaries(keys, values)))
def test_any_settings_are_read_or_refused(tables: dict[str, object]) -> None:
    try:
        found = targets.parse({"target": tables})
    except InputRefused as error:
        assert error.code == "target-setting"  # noqa: PT017 either way is right
    else:
        assert [each.name for each in found] == sorted(tables)


FACT = play.Fact(play.HUBS[0], 1, "i", Decimal(80), at_ms=1_790_000_000_000).measured()


@pytest.mark.parametrize(
    ("changes", "settings", "subjects", "reason"),
    [
        ({}, {}, None, None),
        ({"error": "no-session"}, {}, None, "not-opened"),
        ({"error": "bad-signature"}, {}, None, "not-opened"),
        ({"error": "truncated"}, {}, None, None),
        ({"marks": (measured.TEST,)}, {}, None, "test"),
        ({"loan_id": None}, {}, None, "no-loan"),
        ({"loan_id": None}, {"of_no_loan": True}, None, None),
        ({}, {"things": ["cuff"]}, None, "not-chosen"),
        ({}, {"things": ["scale"]}, None, None),
        ({}, {"loans": ["loan-2"]}, None, "not-chosen"),
        ({}, {"loans": []}, None, "not-chosen"),
        ({}, {"loans": ["loan-1"]}, None, None),
        ({}, {}, frozenset(), "no-subject"),
        ({}, {}, frozenset({"loan-1"}), None),
        ({}, {"since": dt.date(2027, 1, 1)}, None, "before"),
        ({}, {"since": dt.date(2026, 1, 1)}, None, None),
        # Nobody knows that it was before: it is handed on.
        ({"when": timeline.Instant(None, None, 0, None)}, {"since": dt.date(2027, 1, 1)}, None,
         None),
        # The sensor's own time says that it was.
        ({"claim": sensor_clock.Claim(1_600_000_000_000, 1000, None, None)},
         {"since": dt.date(2026, 1, 1)}, None, "before"),
    ],
)  # fmt: skip
def test_why_a_measurement_is_kept_back(
    changes: dict[str, object],
    settings: dict[str, object],
    subjects: frozenset[str] | None,
    reason: str | None,
) -> None:
    each = replace(FACT, **changes)  # type: ignore[arg-type]
    assert selection.reason(each, play.target("journal", **settings), subjects) == reason


def test_a_target_that_is_to_get_something_else_looks_at_every_hub_anew() -> None:
    one = play.target("journal")
    assert one.chosen == play.target("journal", purpose="other").chosen
    for settings in ({"loans": []}, {"things": ["cuff"]}, {"profile": "phd"}, {"base": "urn:x"}):
        assert one.chosen != play.target("journal", **settings).chosen
