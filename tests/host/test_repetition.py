"""One measurement that a hub has twice is shown once, and two measurements never are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rich.console

from host.conftest import Bench
from host.virtual_hub import RECEIVER, VirtualHub
from varde_host import cli, messages, output
from varde_host.commands import readings as readings_command
from varde_host.receiver import opening, repetition, source
from varde_protocols.crypto import x25519

VALUE = readings_command._COLUMNS.index("value")
SAME, OTHER = b"\x00\x61\x00\x48\xf0", b"\x00\x62\x00\x48\xf0"
STAMPED = bytes.fromhex("015e005800ea070715120000")  # 2A5E of 2026-07-21T18:00:00
NOT_SET = b"\x11" + STAMPED[1:]
OTHER_ADDRESS = bytes.fromhex("00a1a2a3a4a5a7")

# Each line is what a hub journals, in order; the session is number 1, so the first is number 2.
Step = Callable[[VirtualHub], bytes]


def read(value: bytes = SAME, **other) -> Step:
    return lambda hub: hub.reading(value, **other)


def unsettled(seq: int) -> Step:
    return lambda hub: hub.unsettled(seq)


def boot(hub: VirtualHub) -> bytes:
    return hub.start()


def repeated(bench: Bench, hub: VirtualHub) -> dict[int, int]:
    """The repetitions that the receiver sees: number to number of the first."""
    with bench.database.reading() as connection:
        found = source.rows(connection, RECEIVER, hub.hub_id)
        return {row.seq: row.repeats for row in found if row.repeats is not None}


MERGED = {
    "after a reboot": ([read(), unsettled(2), boot, read()], {5: 2}),
    "in the same boot": ([read(), unsettled(2), read()], {4: 2}),
    "with others in between": (
        [read(), unsettled(2), read(slot=2), read(characteristic=0x2A5F), read()],
        {6: 2},
    ),
    "another device in that slot in between": (
        [read(), unsettled(2), read(address=OTHER_ADDRESS), read()],
        {5: 2},
    ),
    "sent three times": ([read(), unsettled(2), read(), unsettled(4), read()], {4: 2, 6: 4}),
    "said twice, merged once": ([read(), unsettled(2), unsettled(2), read(), read()], {5: 2}),
    "a value with a date, though nothing was said": (
        [read(STAMPED, characteristic=0x2A5E)] * 2 + [boot, read(STAMPED, characteristic=0x2A5E)],
        {3: 2, 5: 2},
    ),
    "another hub start before it": ([read(), unsettled(2), boot, boot, read()], {6: 2}),
}
NOT_MERGED = {
    "a date, but another device": [
        read(STAMPED, characteristic=0x2A5E),
        read(STAMPED, characteristic=0x2A5E, address=OTHER_ADDRESS),
    ],
    "a date, but the clock is not set": [read(NOT_SET, characteristic=0x2A5E)] * 2,
    "nothing was said": [read(), boot, read()],
    "it was said of another": [read(), read(OTHER), unsettled(3), read()],
    "other bytes": [read(), unsettled(2), read(OTHER)],
    "other bytes first": [read(), unsettled(2), read(OTHER), read()],
    "another slot": [read(), unsettled(2), read(slot=2)],
    "another characteristic": [read(), unsettled(2), read(characteristic=0x2A5F)],
    "another device": [read(), unsettled(2), read(address=OTHER_ADDRESS)],
    "said after the second": [read(), read(), unsettled(2)],
    "said before the first": [unsettled(3), read(), read()],
    "said of no reading": [boot, unsettled(2), read(), read()],
    "said of itself": [read(), unsettled(3), read()],
    "the event is another one": [read(), lambda hub: hub.event(2, code=8), read()],
    "nothing came": [read(), unsettled(2)],
}


@pytest.mark.parametrize("case", MERGED)
def test_it_is_shown_once(bench: Bench, hub: VirtualHub, case: str):
    steps, expected = MERGED[case]
    bench.post(hub.body([step(hub) for step in [boot, *steps]]))
    assert repeated(bench, hub) == expected


@pytest.mark.parametrize("case", NOT_MERGED)
def test_it_is_two_measurements(bench: Bench, hub: VirtualHub, case: str):
    bench.post(hub.body([step(hub) for step in [boot, *NOT_MERGED[case]]]))
    assert repeated(bench, hub) == {}


def test_another_hub_says_nothing_of_this_one(bench: Bench, hub: VirtualHub):
    other = bench.enrol(VirtualHub(2, x25519.public_key(RECEIVER)))
    bench.post(hub.body([hub.start(), hub.reading(), hub.reading(), hub.reading()]))
    bench.post(other.body([other.start(), other.event(), other.unsettled(2)]))
    assert repeated(bench, hub) == {}


def test_the_order_of_arrival_does_not_matter(bench: Bench, hub: VirtualHub):
    session, first, event, second = (
        hub.start(), hub.reading(), hub.unsettled(2), hub.reading(),
    )  # fmt: skip
    for record in (second, first, event):
        bench.post(hub.body([record]))
        assert repeated(bench, hub) == {}  # what is not open is not compared
    bench.post(hub.body([session]))
    assert repeated(bench, hub) == {4: 2}


def test_what_cannot_be_opened_may_be_the_repetition(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), hub.reading(), hub.unsettled(2)]
    hub.start()  # its session record is still on the way
    raws.append(hub.reading())
    bench.post(hub.body([*raws, hub.start(), hub.reading()]))
    assert repeated(bench, hub) == {}


def test_an_altered_event_merges_nothing(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.reading(), hub.unsettled(2), hub.reading()]))
    with bench.database.writing() as connection:
        query = "SELECT record FROM records WHERE seq = 3"
        record = bytearray(connection.exec_driver_sql(query).scalar_one())
        record[-1] ^= 1
        update = "UPDATE records SET record = ? WHERE seq = 3"
        connection.exec_driver_sql(update, (bytes(record),))
    assert repeated(bench, hub) == {}


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    named = ("--server-name", "c.test", "--no-passphrase")
    assert cli.main(["site", "init", str(tmp_path / "site"), *named]) == 0
    capsys.readouterr()
    return tmp_path / "site"


def test_only_a_repetition_with_the_sensors_own_time_is_certain():
    stamped = {"spo2": 97, "timestamp": "2026-07-21T18:00:00"}
    assert repetition.is_certain(opening.Row(b"", 7, "verified", fields=stamped, repeats=4))
    assert not repetition.is_certain(opening.Row(b"", 7, "verified", fields=stamped))
    for unknown in (None, "0000-04-17T20:41:59", "2026-00-02T00:00:00", "0000-00-00T00:00:00"):
        fields = {"spo2": 97, "timestamp": unknown}
        assert not repetition.is_certain(opening.Row(b"", 7, "verified", fields=fields, repeats=4))


def test_a_repetition_that_is_not_certain_is_shown_and_marked(
    bench: Bench, site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages.speaker, "language", "nb")
    monkeypatch.setattr("varde_host.site.files.Site.receiver_private", lambda *_: RECEIVER)
    hub = bench.enrol(VirtualHub(3, x25519.public_key(RECEIVER)))
    bench.post(hub.body([step(hub) for step in (boot, read(), unsettled(2), read())]))
    command = ["readings", "--site", str(site), "--database", str(bench.database.address)]
    assert cli.main([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(row["seq"], row["repeats"]) for row in shown] == [(2, None), (4, 2)]
    assert cli.main(command) == 0
    assert "gjentar kanskje 2" in capsys.readouterr().out


def test_the_command_leaves_it_out_unless_all_is_asked_for(
    bench: Bench, site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages.speaker, "language", "nb")
    monkeypatch.setattr("varde_host.site.files.Site.receiver_private", lambda *_: RECEIVER)
    hub = bench.enrol(VirtualHub(3, x25519.public_key(RECEIVER)))
    stamped = read(STAMPED, characteristic=0x2A5E)
    bench.post(hub.body([step(hub) for step in (boot, stamped, unsettled(2), stamped, read())]))
    command = ["readings", "--site", str(site), "--database", str(bench.database.address)]
    assert cli.main([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(row["seq"], row["repeats"]) for row in shown] == [(2, None), (5, None)]
    assert cli.main([*command, "--json", "--all"]) == 0
    everything = json.loads(capsys.readouterr().out)
    assert [(row["seq"], row["repeats"]) for row in everything] == [(2, None), (4, 2), (5, None)]
    assert [row for row in everything if row["repeats"] is None] == shown
    assert cli.main(command) == 0
    table = capsys.readouterr().out
    assert "gjentar" not in table
    assert "1 som en sensor sendte en gang til, er utelatt" in table
    assert cli.main([*command, "--all"]) == 0
    table = capsys.readouterr().out
    assert "(gjentar 2)" in table
    assert "utelatt" not in table


def test_a_repetition_is_dim_and_says_so_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    row = opening.Row(b"", 7, "verified", fields={"spo2": 97}, repeats=4)
    cells = readings_command._cells(row, is_narrow=False)
    assert cells[VALUE] == "97 % SpO₂ (gjentar kanskje 4)"
    console = rich.console.Console(force_terminal=True, color_system="standard")
    monkeypatch.setattr(output.rich.console, "Console", lambda **_: console)
    output.table(["column.seq"], [("first",), ("second",)], {1})
    printed = capsys.readouterr().out.splitlines()
    [first] = [line for line in printed if "first" in line]
    [second] = [line for line in printed if "second" in line]
    assert "\x1b[2m" in second
    assert "\x1b[2m" not in first
