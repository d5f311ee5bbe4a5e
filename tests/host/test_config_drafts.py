"""Drafts: what a setting may be, two people at the same hub, and power cuts at every write."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.cut_process import cut
from varde_host import errors
from varde_host.commands import setting_text
from varde_host.fleet import desired, desk, drafts
from varde_protocols import hub_config

HUB = "07d1c3e5a9b2f480"
SECRET = "correct horse"
PUBLISHED: dict[str, Any] = {
    **desired.DEFAULTS,
    "networks": [["hjemme", SECRET]],
    "collector_host": "varde.fjord.example",
    "heartbeat_s": 900,
    "sensors": [[2, None, "SBM69", 0x1810, [0x2A35], "", hub_config.BOND_NONE, None, None]],
}


def edit(text: str) -> desired.Edit:
    field, value = setting_text.read(text)
    return lambda _plain: {field: value}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("collector-host=c.example", "collector_host", "c.example"),
        (" heartbeat_s = 60", "heartbeat_s", 60),
        ("Board=t-sim7670g", "board", "t-sim7670g"),
        ("local-time=+01:00/eu", "local_time", [60, hub_config.RULE_EU]),
        ("local-time=-02:30", "local_time", [-150, hub_config.RULE_NONE]),
        ("quiet=22:00-07:00", "quiet", [1320, 420]),
        ("quiet=none", "quiet", None),
        ("window=01:00-05:30", "window", [60, 330]),
        ("reminders=20:00 mon-fri slot=2; 08:00", "reminders", [[480, 127, 0], [1200, 31, 2]]),
        ("reminders=none", "reminders", []),
        ("data-budget-kib=20480", "data_budget_kib", 20480),
        ("allowance-kib=none", "allowance_kib", None),
        ("allowance-kib=400", "allowance_kib", 400),
        ("source=https://code.example/varde", "source", ["code.example", 443, "/varde"]),
        ("source=none", "source", None),
        ("modem=none", "modem", None),
    ],
)
def test_settings_as_people_write_them(text: str, field: str, value: object):
    assert setting_text.read(text) == (field, value)
    if field != "modem":
        setting = setting_text.BY_FIELD[field]
        shown = setting.show(value)
        assert setting_text.read(f"{setting.name}={shown}") == (field, value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("heartbeat-s", "setting-form"),
        ("heartbeat=900", "setting-unknown"),
        ("hub-id=1", "setting-unknown"),
        ("=3", "setting-unknown"),
        ("heartbeat-s=15 min", "setting-value"),
        ("heartbeat-s=٣", "setting-value"),
        ("heartbeat-s=1" + "0" * 5000, "setting-value"),
        ("quiet=22-7", "hours"),
        ("local-time=Oslo", "local-time"),
        ("reminders=8", "reminder"),
        (f"networks=hjemme:{SECRET}", "setting-file"),
        (f"modem=telenor {SECRET}", "setting-file"),
        (f"sensors=slot=1,passkey=123456{SECRET}", "setting-file"),
        ("spo2-min=90", "patient-limit"),
        ("spo2=90", "patient-limit"),
        ("max-pulse=120", "patient-limit"),
        ("systolic_limit=180", "patient-limit"),
        ("blodtrykk-grense=180", "patient-limit"),
        ("vekt=3", "patient-limit"),
        ("alarm=on", "patient-limit"),
        ("news2=5", "patient-limit"),
        ("pasient-id=3", "patient-limit"),
    ],
)
def test_settings_that_are_refused(text: str, code: str):
    with pytest.raises(errors.InputRefused) as refused:
        setting_text.read(text)
    assert refused.value.code == code
    assert SECRET not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_is_a_bug(text: str):
    try:
        field, _ = setting_text.read(text)
    except errors.InputRefused:
        return
    assert field in desired.FIELDS


@given(st.sampled_from(sorted(setting_text.BY_NAME)), st.text(max_size=30))
def test_no_value_is_a_bug(name: str, value: str):
    try:
        field, plain = setting_text.read(f"{name}={value}")
    except errors.InputRefused:
        return
    with contextlib.suppress(errors.InputRefused):
        desired.config_of({**PUBLISHED, field: plain}, "hub")


def test_all_settings_are_known_and_in_order():
    assert tuple(setting.field for setting in setting_text.ALL) == desired.FIELDS


def test_a_draft_holds_what_differs():
    draft = desired.edited(
        PUBLISHED, desired.Draft(), [edit("heartbeat-s=60"), edit("quiet=none")]
    )
    assert draft == desired.Draft({"heartbeat_s": 60}, {"heartbeat_s": 900})
    assert desired.wanted(PUBLISHED, draft)["heartbeat_s"] == 60
    assert desired.changed(PUBLISHED, desired.wanted(PUBLISHED, draft)) == ["heartbeat_s"]
    assert desired.edited(PUBLISHED, draft, [edit("heartbeat-s=900")]) == desired.Draft()


@pytest.mark.parametrize(
    ("theirs", "conflicting"),
    [
        ({}, []),
        ({"ntp_host": "ntp.example"}, []),
        ({"heartbeat_s": 60}, []),
        ({"heartbeat_s": 120}, ["heartbeat_s"]),
        ({"heartbeat_s": 120, "board": "x"}, ["heartbeat_s", "board"]),
    ],
)
def test_what_somebody_else_published_meanwhile(theirs: dict, conflicting: list[str]):
    edits = [edit("heartbeat-s=60"), edit("board=t-sim7670g")]
    draft = desired.edited(PUBLISHED, desired.Draft(), edits)
    now = {**PUBLISHED, **theirs}
    assert desired.conflicts(now, draft) == conflicting
    if not conflicting:
        assert desired.wanted(now, draft) == {
            **PUBLISHED, **theirs, "heartbeat_s": 60, "board": "t-sim7670g",
        }  # fmt: skip
    again = desired.edited(now, draft, edits)
    assert desired.conflicts(now, again) == []


def test_from_nothing_a_hub_gets_what_is_named_and_defaults():
    edits = [edit("collector-host=c"), lambda _plain: {"networks": [["a", ""]]}]
    draft = desired.edited(None, desired.Draft(), edits)
    config = desired.config_of(desired.wanted(None, draft), "hub")
    assert (config.collector_host, config.local_time) == ("c", [60, hub_config.RULE_EU])
    assert desired.conflicts(PUBLISHED, draft) == ["collector_host", "networks"]
    with pytest.raises(errors.InputRefused, match="collector_host"):
        desired.config_of(desired.wanted(None, desired.Draft()), "hub")


@pytest.mark.parametrize(
    "texts",
    [
        ["heartbeat-s=59"], ["heartbeat-s=86401"], ["collector-port=0"], ["board="],
        ["collector-host=a b"], ["reminders=08:00 slot=9"], ["quiet=07:00-07:00"],
        ["local-time=+15:00"], ["collector-host=" + "a" * 254],
    ],
)  # fmt: skip
def test_what_no_hub_may_run_is_refused_by_the_hubs_own_code(texts: list[str]):
    draft = desired.edited(PUBLISHED, desired.Draft(), map(edit, texts))
    with pytest.raises(errors.InputRefused) as refused:
        desired.config_of(desired.wanted(PUBLISHED, draft), "hub")
    assert refused.value.code == "config-refused"


def test_secrets_that_changed_are_named_by_what_may_be_shown():
    new = [["hjemme", "another secret"], ["hytta", SECRET]]
    assert desired.changed_secrets("networks", PUBLISHED["networks"], new) == ["hjemme"]
    assert desired.changed_secrets("modem", ["a", "", "x", ""], ["a", "", "y", ""]) == ["a"]
    assert desired.changed_secrets("board", "a", "b") == []
    for value in (PUBLISHED["networks"], new):
        assert SECRET not in setting_text.BY_FIELD["networks"].show(value)


def test_a_draft_is_for_its_owner_and_not_for_git(tmp_path: Path):
    draft = desired.edited(PUBLISHED, desired.Draft(), [lambda _: {"networks": [["x", SECRET]]}])
    drafts.save(tmp_path, HUB, draft)
    assert drafts.load(tmp_path, HUB) == draft
    assert SECRET not in repr(draft)
    folder = desk.folder(tmp_path) / desk.DRAFTS
    (file,) = folder.glob("*.cbor")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"
    assert drafts.listing(tmp_path) == [HUB]
    drafts.save(tmp_path, HUB, desired.Draft())
    assert drafts.listing(tmp_path) == []
    assert not drafts.remove(tmp_path, HUB)
    assert drafts.load(tmp_path, "00" * 8) == desired.Draft()


@pytest.mark.parametrize(
    "data", [b"", b"\xa0", b"\xa2\x01\xa0\x02\xa0", b"\xa2\x01A\xa1\x02A\xa0"]
)
def test_a_draft_that_is_none_is_refused(tmp_path: Path, data: bytes):
    desk.write(desk.folder(tmp_path) / desk.DRAFTS / f"{HUB}.cbor", data)
    with pytest.raises(errors.InputRefused, match="draft-malformed"):
        drafts.load(tmp_path, HUB)
    assert drafts.remove(tmp_path, HUB)


@given(st.binary(max_size=80))
def test_bytes_that_are_no_draft_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
):
    place = tmp_path_factory.getbasetemp()
    desk.write(desk.folder(place) / desk.DRAFTS / f"{HUB}.cbor", data)
    with contextlib.suppress(errors.InputRefused):
        assert isinstance(drafts.load(place, HUB), desired.Draft)


OLD = desired.Draft({"heartbeat_s": 60}, {"heartbeat_s": 900})
NEW = desired.Draft({"networks": [["x", SECRET]]}, {"networks": [["hjemme", SECRET]]})


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize(("before", "after"), [({}, NEW), (OLD, NEW), (OLD, desired.Draft())])
def test_killed_at_any_write_the_old_draft_or_the_new_stands(
    tmp_path: Path, before: desired.Draft, after: desired.Draft, torn: bool
):
    old = before or desired.Draft()
    for at in range(50):
        place = tmp_path / str(at)
        drafts.save(place, HUB, old)
        was_cut = cut(lambda place=place: drafts.save(place, HUB, after), at, torn=torn)
        assert drafts.load(place, HUB) in ([old, after] if was_cut else [after])
        folder = desk.folder(place) / desk.DRAFTS
        assert not list(folder.glob("*.cbor*")) or (folder / ".gitignore").read_text() == "*\n"
        drafts.save(place, HUB, OLD)  # nothing is left that stops the next
        assert drafts.load(place, HUB) == OLD
        drafts.remove(place, HUB)
        assert not list(folder.glob("*.cbor*"))  # nor any secret
        if not was_cut:
            assert at >= 2
            return
    pytest.fail("it does not end")
