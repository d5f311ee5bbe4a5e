"""Groups and rings: a file for git, and the words by which commands name hubs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.cut_process import cut
from host.terminal import Terminal
from varde_host import errors, messages
from varde_host.collector import database, registry
from varde_host.fleet import desk, groups, selection
from varde_host.site import files
from varde_protocols.crypto import ed25519

A, B, C, REVOKED = "0a" * 8, "0b" * 8, "1c" * 8, "1d" * 8
KNOWN = (A, B, C)
GROUPS = groups.Groups(
    {
        A: groups.Member("nord", "bench"),
        B: groups.Member("nord"),
        C: groups.Member("sør", "all"),
        REVOKED: groups.Member("old", "all"),
    }
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (selection.Selection(hubs=[A]), [A]),
        (selection.Selection(hubs=["1"]), [C]),
        (selection.Selection(hubs=["0B", "1c1"]), [B, C]),
        (selection.Selection(groups=["nord"]), [A, B]),
        (selection.Selection(groups=["nord", "sør"]), [A, B, C]),
        (selection.Selection(rings=["all"]), [C]),
        (selection.Selection(everything=True), [A, B, C]),
    ],
)
def test_words_choose(asked: selection.Selection, found: list[str]):
    assert asked.of(KNOWN, GROUPS) == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (selection.Selection(), "selection-none"),
        (selection.Selection(hubs=[A], everything=True), "selection-mixed"),
        (selection.Selection(groups=["nord"], rings=["bench"]), "selection-mixed"),
        (selection.Selection(hubs=["0"]), "hub-prefix"),
        (selection.Selection(hubs=["2"]), "hub-unknown"),
        (selection.Selection(hubs=[""]), "hub-unknown"),
        (selection.Selection(hubs=[".*"]), "hub-unknown"),
        (selection.Selection(hubs=[REVOKED]), "hub-unknown"),
        (selection.Selection(groups=["norge"]), "selection-empty"),
        (selection.Selection(groups=[""]), "selection-empty"),
        (selection.Selection(groups=["old"]), "selection-empty"),
    ],
)
def test_words_that_choose_nothing_certain_are_refused(asked: selection.Selection, code: str):
    with pytest.raises(errors.InputRefused) as refused:
        asked.of(KNOWN, GROUPS)
    assert refused.value.code == code


def test_no_hubs_at_all():
    with pytest.raises(errors.InputRefused, match="selection-empty"):
        selection.Selection(everything=True).of((), groups.Groups())


def test_assigning_keeps_what_is_not_named(tmp_path: Path):
    groups.assign(tmp_path, [B, A], group="nord")
    groups.assign(tmp_path, [A], ring="bench")
    assert groups.load(tmp_path).hubs == {A: GROUPS.of(A), B: GROUPS.of(B)}
    assert groups.load(tmp_path).names("group") == ["nord"]
    assert groups.load(tmp_path).in_ring("bench") == [A]
    groups.assign(tmp_path, [A, B], group="")
    assert groups.load(tmp_path).hubs == {A: groups.Member("", "bench")}


def test_the_file_is_sorted_and_a_line_a_hub(tmp_path: Path):
    groups.assign(tmp_path, [C, A], group="nord", ring="10-prosent")
    text = (desk.folder(tmp_path) / desk.GROUPS).read_text()
    assert text.splitlines()[2:] == [
        "[hubs]",
        f'"{A}" = {{group = "nord", ring = "10-prosent"}}',
        f'"{C}" = {{group = "nord", ring = "10-prosent"}}',
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Kari Nordmann", "Storgata 5", "a/b", "-a", "a-", "a_b", 'a"b', "a\nb", "01019012345",
        "x010190-12345", "å" * 9, "\N{KELVIN SIGN} ", "a,b", "..",
    ],
)  # fmt: skip
def test_names_that_are_no_names_change_nothing(tmp_path: Path, name: str):
    with pytest.raises(errors.InputRefused) as refused:
        groups.assign(tmp_path, [A], ring=name)
    assert refused.value.code in {"group-name", "birth-number"}
    assert groups.load(tmp_path) == groups.Groups()


@pytest.mark.parametrize(
    "text",
    [
        "x", "hubs = 3", "[other]", '[hubs]\n"0A" = {}', f'[hubs]\n"{A}" = 3',
        f'[hubs]\n"{A}" = {{group = 3}}', f'[hubs]\n"{A}" = {{note = "Kari"}}',
        f'[hubs]\n"{A}" = {{group = "Kari N"}}', "\udcff",
    ],
)  # fmt: skip
def test_a_file_that_somebody_edited_badly_is_refused_and_kept(tmp_path: Path, text: str):
    path = desk.folder(tmp_path) / desk.GROUPS
    path.parent.mkdir()
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(errors.InputRefused) as refused:
        groups.assign(tmp_path, [B], group="nord")
    assert refused.value.code in {"groups-file", "group-name"}
    assert path.read_bytes() == text.encode(errors="surrogateescape")


NAMES = st.from_regex(r"[a-zA-Z0-9æøåÆØÅ]{1,5}(-[a-zæøå0-9]{1,3}){0,1}", fullmatch=True)
MEMBERS = st.builds(groups.Member, NAMES | st.just(""), NAMES | st.just(""))
HUB_IDS = st.binary(min_size=8, max_size=8).map(bytes.hex)


@given(st.dictionaries(HUB_IDS, MEMBERS.filter(lambda member: member != groups.Member())))
@settings(max_examples=50)
def test_what_is_written_is_read(hubs: dict[str, groups.Member]):
    read = tomllib.loads(groups.encode(groups.Groups(hubs)).decode())["hubs"]
    assert {hub: groups.Member(**said) for hub, said in read.items()} == hubs


@pytest.mark.parametrize("torn", [False, True])
def test_killed_at_any_write_the_old_file_or_the_new_stands(tmp_path: Path, torn: bool):
    for at in range(50):
        place = tmp_path / str(at)
        groups.assign(place, [A], group="nord")
        was_cut = cut(lambda place=place: groups.assign(place, [A], group="sør"), at, torn=torn)
        groups.assign(place, [B], ring="bench")  # nothing is left that stops the next
        assert groups.load(place).of(A).group in ({"nord", "sør"} if was_cut else {"sør"})
        if not was_cut:
            assert at >= 4
            return
    pytest.fail("it does not end")


def enrol(site: Path, count: int) -> list[str]:
    opened = database.open_database(site / files.DATABASE)
    with opened.writing() as connection:
        ids = [
            registry.enrol(connection, ed25519.SigningKey(bytes([n]) * 32).public, 1).hex()
            for n in range(1, count + 1)
        ]
    opened.close()
    return sorted(ids)


def test_the_commands(terminal: Terminal, made: Path):
    first, *others = enrol(made, 3)
    site = ("--site", made)
    status, rows = terminal.json("config", "group", "nord", "--all", *site)
    assert (status, [row["group"] for row in rows]) == (0, ["nord"] * 3)
    status, rows = terminal.json("config", "ring", "bench", "--hub", first[:9], *site)
    assert rows == [{"hub": first, "group": "nord", "ring": "bench"}]
    status, rows = terminal.json("config", "group", "none", "--ring", "bench", *site)
    assert rows == [{"hub": first, "group": "", "ring": "bench"}]
    terminal.run("hub", "keys", "revoke", others[0], *site)
    status, listed = terminal.json("config", "groups", *site)
    assert listed["not_enrolled"] == [others[0]]
    assert [row["hub"] for row in listed["hubs"]] == [first, others[1]]
    status, out, _ = terminal.run("config", "groups", *site)
    assert status == 0
    assert others[0] in out
    status, out, _ = terminal.run("config", "group", "", "--all", *site)
    assert (status, out) == (0, messages.text("config.left.group", count=2) + "\n")
    status, _, told = terminal.run("config", "set", "quiet=none", "--group", "sør", *site)
    assert (status, "'sør'" in told) == (1, True)


def test_a_command_without_hubs_names_the_options(terminal: Terminal, made: Path):
    enrol(made, 1)
    status, error = terminal.json("config", "group", "nord", "--site", made)
    assert (status, error["error"]) == (1, "selection-none")
