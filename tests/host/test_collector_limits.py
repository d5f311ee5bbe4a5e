"""What is bounded: what waits, what one hub may send, what is kept of it; and what is told."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from prometheus_client import parser

from host.conftest import NOW_MS, Bench, collector
from host.virtual_hub import VirtualHub, read_answer
from varde_host import cli, rate_limit
from varde_host.collector import (
    app,
    batch,
    committer,
    database,
    openapi,
    quarantine,
    refusal,
    registry,
    strangers,
)
from varde_host.collector.batch import Batch, Committed
from varde_host.fleet import hub_truth
from varde_protocols import exchange

DATABASES = ("sqlite", "postgresql")


def _error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


# --- one hub too often ---------------------------------------------------------------------------


def test_a_hub_that_comes_too_often_is_told_when_to_come_again(
    opened: database.Database,
):
    with collector(opened, rate=rate_limit.Rate(2, 3)) as bench:
        hub, other = bench.enrol(VirtualHub(1)), bench.enrol(VirtualHub(2))
        sent = hub.body([hub.event()])
        assert [bench.post(sent).status_code for _ in range(3)] == [200] * 3
        response = bench.post(sent)
        assert _error(response) == (429, "too-often")
        assert response.headers["retry-after"] == "1"
        assert bench.post(other.body([])).status_code == 200
        bench.clock.now_ms += 1000 * int(response.headers["retry-after"])
        assert [bench.post(sent).status_code for _ in range(3)] == [200, 200, 429]


def test_nobody_uses_up_what_a_hub_may_send_by_its_name_alone(opened: database.Database):
    with collector(opened, rate=rate_limit.Rate(1, 1)) as bench:
        hub = bench.enrol(VirtualHub(1))
        sent = hub.body([])
        for _ in range(5):
            assert _error(bench.post(sent[:-1] + bytes([sent[-1] ^ 1]))) == (400, "bad-signature")
        assert bench.post(sent).status_code == 200


def test_the_rate_holds_for_good_and_a_clock_that_is_set_back_locks_nobody_out():
    limit = rate_limit.RateLimit(rate_limit.Rate(2, 10))
    taken = sum(not limit.take(1, at_ms) for at_ms in range(0, 100_000, 10))
    assert taken == 10 + 199
    assert limit.take(1, 100_000 - 3_600_000) == 0


def test_without_a_rate_there_is_no_limit():
    limit = rate_limit.RateLimit(rate_limit.Rate(0, 1))
    assert not any(limit.take(1, 0) for _ in range(1000))


def test_a_rate_limit_remembers_only_so_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_limit, "MAX_REMEMBERED", 100)
    limit = rate_limit.RateLimit(rate_limit.Rate(1, 1))
    for hub in range(1000):
        limit.take(hub, 0)
    assert len(limit._due_ms) <= 100
    assert limit.take(999, 0)  # the last ones are remembered
    for hub in range(1000, 1100):
        limit.take(hub, 10_000)
    assert set(limit._due_ms) <= set(range(1000, 1100))


# --- more than can be done -----------------------------------------------------------------------


def test_what_waits_for_a_slow_database_is_bounded_and_the_rest_comes_later(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(committer, "MAX_WAITING", 3)
    go_on = threading.Event()

    def store(batches: list[Batch]) -> list[Committed]:
        go_on.wait(10)
        return [Committed([each.hub], []) for each in batches]

    async def run() -> list[object]:
        made = committer.Committer(store)
        async with made.running():
            tasks = []
            for number in range(6):
                submitted = made.submit(Batch(number, 0, [], [], []))
                tasks.append(asyncio.create_task(submitted))
                await asyncio.sleep(0.01)
            assert made.depth() == 3
            tasks[1].cancel()  # has given up: not stored for nobody
            go_on.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    first, given_up, *others = asyncio.run(run())
    assert first == Committed([0], [])
    assert isinstance(given_up, asyncio.CancelledError)
    assert others[:2] == [Committed([2], []), Committed([3], [])]
    for each in others[2:]:
        assert isinstance(each, refusal.RequestRefused)
        assert (each.status, each.code) == (503, "busy")
        assert each.retry_after_s


def test_one_request_that_strikes_a_fault_of_ours_takes_no_other_with_it():
    def store(batches: list[Batch]) -> list[Committed]:
        if any(each.hub == 2 for each in batches):
            raise ZeroDivisionError
        return [Committed([each.hub], []) for each in batches]

    async def run() -> list[object]:
        made = committer.Committer(store)
        submitted = [made.submit(Batch(number, 0, [], [], [])) for number in range(5)]
        async with made.running():
            return await asyncio.gather(*submitted, return_exceptions=True)

    outcomes = asyncio.run(run())
    assert isinstance(outcomes.pop(2), ZeroDivisionError)
    assert outcomes == [Committed([number], []) for number in (0, 1, 3, 4)]


def test_more_requests_at_once_than_have_room_are_told_to_come_later(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "MAX_REQUESTS", 4)
    responses = bench.post_all([hub.body([])] * 10)
    statuses = sorted(response.status_code for response in responses)
    assert statuses == [200] * 4 + [503] * 6
    again = {int(r.headers["retry-after"]) for r in responses if r.status_code == 503}
    assert again <= set(range(20, 61))
    assert len(again) > 1
    assert bench.post(hub.body([])).status_code == 200


def test_more_strangers_at_once_than_can_be_listed_are_sent_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(strangers, "MAX_STRANGERS_WAITING", 2)
    responses = bench.post_all([VirtualHub(number).body([]) for number in range(10)])
    assert {_error(response) for response in responses} == {(403, "unknown-hub"), (503, "busy")}
    seen = bench.database.read(registry.strangers)
    assert len(seen) == [response.status_code for response in responses].count(403)


# --- bad records without end ---------------------------------------------------------------------


def _bad(hub: VirtualHub, count: int, size: int = 60) -> list[bytes]:
    """Return records that are not signed, each another one."""
    tail = b"\x58" + bytes([size]) + bytes(size)
    return [b"\x82\x18" + bytes([30 + number]) + tail for number in range(count)]


def test_one_hubs_quarantine_is_bounded_and_the_oldest_is_kept(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(quarantine, "MAX_RECORDS_A_HUB", 5)
    other = bench.enrol(VirtualHub(2))
    raws = _bad(hub, 8)
    bench.post(hub.body(raws[:3]))
    response = bench.post(hub.body([*raws, hub.event()]))
    answer = read_answer(response.content)
    assert (answer.acknowledged, len(answer.refused)) == ([[1, 1]], 8)
    bench.post(other.body(_bad(other, 1)))
    assert {raw for _, _, raw in bench.quarantined()} == set(raws[:5])
    assert bench.database.read(quarantine.overflows) == {
        hub.hub_id: quarantine.Overflow(3, sum(map(len, raws[5:])))
    }
    bench.post(hub.body(raws[:5]))  # what is kept already is no overflow
    bench.post(hub.body(raws[5:]))
    assert bench.database.read(quarantine.overflows)[hub.hub_id].records == 6
    command = ["hub", "refused", "--database", str(bench.database.address)]
    assert cli.main(["--language", "en", *command]) == 0
    printed = capsys.readouterr().out
    assert f"{hub.hub_id.hex()}: 6 more were refused and not kept" in printed


def test_one_hubs_quarantine_is_bounded_in_bytes(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(quarantine, "MAX_BYTES_A_HUB", 1000)
    bench.post(hub.body(_bad(hub, 10, 240)))
    assert sum(len(raw) for _, _, raw in bench.quarantined()) == 4 * 245
    [overflow] = bench.database.read(quarantine.overflows).values()
    assert overflow == quarantine.Overflow(6, 6 * 245)


# --- what is told --------------------------------------------------------------------------------


def _metrics(bench: Bench) -> dict[str, float]:
    response = bench.request("GET", "/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_metrics_count_what_happened(bench: Bench, hub: VirtualHub):
    raws = [hub.event(seq=1), hub.event(seq=2), hub.event(seq=3)]
    bench.post(hub.body(raws[:2]))
    bench.post(hub.body([*raws, b"\xff", hub.event(detail=9, seq=1)]))
    bench.post(VirtualHub(9).body([]))
    bench.post(b"\x00")
    told = _metrics(bench)
    expected = {
        "varde_requests_total acknowledged": 2,
        "varde_requests_total unknown-hub": 1,
        "varde_records_total stored": 3,
        "varde_records_total repeated": 2,
        "varde_records_total refused-malformed": 1,
        "varde_records_total refused-conflict": 1,
        "varde_verify_seconds_count": 2,
        "varde_commit_seconds_count": 2,
        "varde_request_seconds_count": 4,
        "varde_queue_depth": 0,
        "varde_requests_in_flight": 0,
        "varde_database_errors_total": 0,
    }
    assert {name: told[name] for name in expected} == expected
    assert told["varde_last_commit_age_seconds"] < 60
    assert "process_resident_memory_bytes" in told
    assert hub.hub_id.hex() not in bench.request("GET", "/metrics").text


def test_metrics_count_failures_of_the_database(bench: Bench, hub: VirtualHub, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(database, "statements", lambda _connection: 1 / 0)
        assert bench.post(hub.body([])).status_code == 500
    told = _metrics(bench)
    assert told["varde_database_errors_total"] == 1
    assert told["varde_requests_total bug"] == 1


def test_the_description_of_the_interface_names_what_is_answered(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    described = bench.request("GET", "/openapi.json").json()
    assert described == openapi.DOCUMENT
    served = {route.path for route in app.create(bench.settings).routes}
    assert set(described["paths"]) == served
    said = described["paths"][exchange.PATH]["post"]["responses"]
    monkeypatch.setattr(rate_limit, "DEFAULT", rate_limit.Rate(1, 1))
    for response in (
        bench.post(hub.body([])),
        bench.post(b""),
        bench.post(VirtualHub(5).body([])),
        bench.post(bytes(70_000)),
    ):
        media_type = response.headers["content-type"]
        assert media_type in said[str(response.status_code)]["content"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", (404, "not-found")),
        ("DELETE", "/health", (405, "method")),
        ("GET", exchange.PATH, (405, "method")),
    ],
)
def test_what_is_not_there_is_refused_in_the_same_words(
    bench: Bench, method: str, path: str, expected: tuple[int, str]
):
    response = bench.request(method, path)
    assert _error(response) == expected
    assert expected[0] == 404 or response.headers["allow"]


def test_a_length_that_is_none_is_no_fault_of_ours(bench: Bench):
    headers = {"content-type": exchange.REQUEST_TYPE, "content-length": "9" * 5000}
    response = bench.request("POST", exchange.PATH, content=b"", headers=headers)
    assert _error(response) == (413, "body-too-large")


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_an_older_file_is_brought_up_with_what_is_in_it(tmp_path: Path, version: str):
    opened = database.Database(tmp_path / "old.sqlite")
    opened.prepare(is_current=True)
    hub = VirtualHub()
    raw = hub.event()
    with opened.writing() as connection:
        database.migrations.VERSIONS.upgrade(connection, version)
        registry.enrol(connection, hub.public, NOW_MS)
        columns = "hub, seq, boot, kind, uptime_ms, received_ms, record"
        connection.exec_driver_sql(
            f"INSERT INTO records ({columns}) VALUES (1, 1, 0, 4, 0, 0, ?)", (raw,)
        )
    opened.close()
    opened = database.open_database(tmp_path / "old.sqlite")
    with collector(opened) as bench:
        assert bench.stored() == [(1, raw)]
        answer = read_answer(bench.post(hub.body([raw, hub.event(detail=2, seq=1)])).content)
        assert (answer.acknowledged, answer.config_number) == ([[1, 1]], 0)
        assert [reason for _, reason, _ in bench.quarantined()] == [batch.CONFLICT]
        assert hub_truth.truths(opened)[hub.hub_id].last_heard_ms == 0
    opened.close()
