"""The hub's exchange with servers that mean no good: it ends, in time, and lets go of nothing.

All cases of a test share one interpreter and its one heap, some at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from firmware import hostile_servers, hub_vm, tls_servers
from firmware.hostile_servers import Case, Lane

LANES = 8
LIMIT_MS = 10_000  # as good as none
SHORT_LIMIT_MS = 800  # for what runs into it
BUSY_MS = 25_000  # what a busy machine takes beside; less than what does not end goes on
# What one case may leave behind is nothing; interned names and the like are once.
MOST_GROWTH_BYTES = 12_000
# What TLS sends in a handshake: both its flights, 1217 bytes, and a little of what comes then.
HANDSHAKE_BYTES = 1300
# Every byte takes a minute: by hand, VARDE_HANDSHAKE_STEP=1.
STEP = int(os.environ.get("VARDE_HANDSHAKE_STEP", "7"))
MOST_CASES = 500  # of one interpreter
# In which no other task of the hub had its turn; its dog bites after a minute.
MOST_DEAF_MS = 5000
RECORDS = 12


class Bench:
    def __init__(self, folder: Path) -> None:
        authority = tls_servers.Authority("first")
        self._root = folder / "first.der"
        self._root.write_bytes(authority.der)
        self._certificate = authority.issue("localhost", folder, -1, 1)

    def results(self, cases: list[Case], limit_ms: int = LIMIT_MS) -> dict[str, tuple[str, str]]:
        """Result and reason of each case by name, after what must hold of all was checked."""
        dealt = [cases[n::LANES] for n in range(LANES)]
        with ExitStack() as stack:
            lanes = [stack.enter_context(Lane(self._certificate, part)) for part in dealt if part]
            places = [f"{lane.port}:{len(lane.cases)}" for lane in lanes]
            flash = str(Path(__file__).parent)
            told = hub_vm.run_script(
                "hostile_server.py", str(self._root), str(limit_ms), *places, path=flash
            )
        *rounds, last = [line.split() for line in told.splitlines()]
        assert len(rounds) == len(cases)
        assert last[:2] == ["left", str(RECORDS)]
        assert int(last[3]) < MOST_GROWTH_BYTES
        assert int(last[5]) < MOST_DEAF_MS
        found = {}
        for lane, number, result, why, ms in rounds:
            case = dealt[int(lane)][int(number)]
            assert result in {"Failed", "TurnedAway"}, case.name
            # connecting, sending and the answer have the limit each
            assert int(ms) < 3 * limit_ms + BUSY_MS, case.name
            found[case.name] = (result, why)
        assert len(found) == len(cases)
        return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    return Bench(tmp_path_factory.mktemp("hostile"))


def test_responses_that_are_none(bench: Bench) -> None:
    found = bench.results(
        hostile_servers.lengths() + hostile_servers.heads() + hostile_servers.fuzzed(1, 60)
    )
    named = {name: why for name, (_, why) in found.items() if not name.startswith("fuzzed")}
    assert set(named.values()) == {"response/HttpError"}, named


def test_whole_responses_that_acknowledge_nothing(bench: Bench) -> None:
    found = bench.results(hostile_servers.answers())
    assert {why for name, (_, why) in found.items() if name.startswith("body")} <= {
        "answer/CborError", "answer/CoseError", "answer/ExchangeError",
    }  # fmt: skip


def test_what_does_not_end(bench: Bench) -> None:
    found = bench.results(hostile_servers.floods(), SHORT_LIMIT_MS)
    for name in ("silence", "headers without end, slowly", "a byte now and then"):
        assert found[name] == ("Failed", "link/OSError")
    assert {result for result, _why in found.values()} == {"Failed"}


def test_tls_that_is_none(bench: Bench) -> None:
    bench.results(hostile_servers.records(), SHORT_LIMIT_MS)


def test_a_handshake_that_is_cut_or_altered_anywhere(bench: Bench) -> None:
    places = range(0, HANDSHAKE_BYTES, STEP)
    cases = [Case(f"cut {n}", spoil=hostile_servers.cut_at(n)) for n in places]
    cases += [Case(f"flip {n}", spoil=hostile_servers.flip_at(n)) for n in places]
    for first in range(0, len(cases), MOST_CASES):
        bench.results(cases[first : first + MOST_CASES], SHORT_LIMIT_MS)
