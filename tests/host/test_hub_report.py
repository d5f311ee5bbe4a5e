"""How a hub is: its newest report, only if it signed it, in words and in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from host.conftest import Bench
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host.collector import schema
from varde_host.receiver import reports, source
from varde_protocols import records

FACTS = {
    records.FACT_APPLICATION: "0.1.0",
    records.FACT_RESET_CAUSE: 3,
    records.FACT_LINK: records.LINK_MODEM,
    records.FACT_EXTERNAL_POWER: False,
    records.FACT_SENSORS: [[1, 40, None, -60], [2, None, 80, None]],
    records.FACT_CLOCK: [2, 31, 60_000],
    records.FACT_UPDATE: [2, 7, 6, 14, 11, 40, 1],
    records.FACT_REMINDERS: [5, 3, 1],
    200: b"\x01\x02",
}


def report(hub: VirtualHub, facts: dict[int, Any]) -> bytes:
    return hub.sign(records.Report(hub.take_seq(), hub.boot, hub.uptime_ms, facts))


def states(bench: Bench) -> list[tuple[bytes, reports.State | None]]:
    with bench.database.reading() as connection:
        return list(source.states(connection, None))


def test_the_newest_report_counts_whatever_came_between(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), report(hub, {1: "0.1.0"}), report(hub, FACTS), hub.event()]
    bench.post(hub.body(raws))
    ((hub_id, state),) = states(bench)
    assert (hub_id, state.report.seq, state.report.facts) == (hub.hub_id, 3, FACTS)


def test_a_hub_without_a_report_is_listed(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start()]))
    assert states(bench) == [(hub.hub_id, None)]


def test_a_report_that_the_database_invented_is_passed_over(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), report(hub, {1: "true"}), report(hub, {1: "mended"})]))
    with bench.database.writing() as connection:
        table = schema.records
        (record,) = connection.scalars(sa.select(table.c.record).where(table.c.seq == 3))
        forged = record.replace(b"mended", b"forged")
        connection.execute(sa.update(table).where(table.c.seq == 3).values(record=forged))
    ((_, state),) = states(bench)
    assert state.named() == {"application": "true"}


def test_it_is_said_in_words_and_in_json(
    bench: Bench, hub: VirtualHub, terminal: Terminal, tmp_path: Path
):
    bench.post(hub.body([hub.start(), report(hub, FACTS)]))
    command = ("--language", "en", "hub", "report", "--database", tmp_path / "collector.sqlite")
    _, out, _ = terminal.run(*command)
    for words in ("watchdog", "4G", "1: heard 40 s ago", "2: heard – s ago, battery 80 %",
                  "collector, ± 31 ms, 60000 ms ago",
                  "application 7: waiting, failed tries: 1, 11 of 40 blocks: readings go first",
                  "5 due, 3 silenced by the button, 1 missed", "200", "0102"):  # fmt: skip
        assert words in out, words
    _, out, _ = terminal.run(*command, "--json")
    (state,) = json.loads(out)
    assert state["facts"] == {
        "application": "0.1.0", "reset-cause": 3, "external-power": False, "link": 2,
        "sensors": [[1, 40, None, -60], [2, None, 80, None]], "clock": [2, 31, 60_000],
        "update": [2, 7, 6, 14, 11, 40, 1], "reminders": [5, 3, 1], "200": "0102",
    }  # fmt: skip


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
                    lambda inner: st.lists(inner, max_size=8)))  # fmt: skip
def test_whatever_stands_in_a_fact_has_words(value: Any):
    facts = {records.FACT_UPDATE: value, records.FACT_REMINDERS: value}
    record = records.Report.__new__(records.Report)
    record.facts = facts
    words = reports.State(bytes(8), record, 0).in_words()
    assert all(name and isinstance(said, str) for name, said in words)
