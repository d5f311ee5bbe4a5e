"""Whatever happens inside the collector, the hub is answered and the log says where."""

from __future__ import annotations

import json

import pytest

from host.conftest import Bench
from host.virtual_hub import VirtualHub, read_answer
from varde_host.collector import commit, judgement, log
from varde_protocols import cbor, exchange


def _error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


def _broken(*_: object) -> bytes:
    raise ZeroDivisionError("a secret value")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (judgement, "split"),
        (judgement, "judge"),
        (commit, "transact"),
        (exchange, "encode_answer"),
    ],
)
def test_what_nobody_foresaw_is_answered_500_and_logged_without_content(
    bench: Bench, hub: VirtualHub, monkeypatch, caplog, module, name: str
):
    sent = hub.body([hub.event()])
    with monkeypatch.context() as patch, caplog.at_level("ERROR"):
        patch.setattr(module, name, _broken)
        response = bench.post(sent)
    assert _error(response) == (500, "bug")
    assert response.headers["retry-after"]
    [line] = [log.JsonLines(bench.clock).format(record) for record in caplog.records]
    assert json.loads(line)["error"] == "ZeroDivisionError"
    assert json.loads(line)["at"][-1].startswith("test_collector_faults.py:")
    assert "secret" not in line
    assert read_answer(bench.post(sent).content).acknowledged == [[1, 1]]  # it goes on


def test_an_illegal_answer_of_ours_is_not_the_hubs_fault(bench: Bench, hub: VirtualHub):
    sent = hub.body([hub.event()])
    bench.clock.now_ms = -1
    assert _error(bench.post(sent)) == (500, "bug")


HEADS = [{}, {1: -8}, {1: -8, 4: bytes(7)}, {1: -8, "a": 0}, {1: [], 4: 0}, {"x": {}, -1: b""}, 7]


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_any_headers_of_a_request_are_answered(bench: Bench, head):
    body = cbor.encode([cbor.encode(head), {}, b"", bytes(64)])
    assert bench.post(body).status_code in {400, 500}
