"""The collector takes good records once and refuses bad ones by name, alone."""

from __future__ import annotations

import json

import pytest

from host.conftest import NOW_MS, Bench
from host.virtual_hub import VirtualHub, check, read_answer
from varde_host import cli
from varde_host.collector import batch, body, judgement, registry
from varde_protocols import cbor, cose, exchange, records

DATABASES = ("sqlite", "postgresql")


def test_good_records_are_acknowledged_and_kept_byte_for_byte(bench: Bench, hub: VirtualHub):
    raws = [hub.start(), hub.reading(), hub.anchor(NOW_MS), hub.event()]
    request, sent = hub.request(raws)
    response = bench.post(sent)
    assert response.status_code == 200
    assert response.headers["content-type"] == exchange.ANSWER_TYPE
    answer = check(hub, request, [1, 2, 3, 4], response.content)
    assert answer.acknowledged == [[1, 4]]
    assert answer.refused == []
    assert answer.server_time_ms == NOW_MS
    assert [raw for _, raw in bench.stored()] == raws


def test_a_request_without_records_is_a_heartbeat(bench: Bench, hub: VirtualHub):
    request, sent = hub.request([])
    answer = check(hub, request, [], bench.post(sent).content)
    assert answer.acknowledged == []


def test_a_repeated_request_is_acknowledged_again_and_stored_once(bench: Bench, hub: VirtualHub):
    sent = hub.body([hub.start(), hub.reading()])
    first, second = bench.post(sent), bench.post(sent)
    assert read_answer(first.content).acknowledged == [[1, 2]]
    assert read_answer(second.content).acknowledged == [[1, 2]]
    assert len(bench.stored()) == 2


def test_records_in_any_order_and_with_holes_are_taken(bench: Bench, hub: VirtualHub):
    raws = {seq: hub.event(seq=seq) for seq in (9, 3, 1, 4)}
    answer = read_answer(bench.post(hub.body(list(raws.values()))).content)
    assert answer.acknowledged == [[1, 1], [3, 4], [9, 9]]
    assert bench.stored() == sorted(raws.items())


def test_the_same_record_twice_in_one_request_is_stored_once(bench: Bench, hub: VirtualHub):
    raw = hub.event()
    answer = read_answer(bench.post(hub.body([raw, raw])).content)
    assert answer.acknowledged == [[1, 1]]
    assert answer.refused == []
    assert bench.stored() == [(1, raw)]


def test_a_kind_that_is_not_known_is_stored_and_passed_on(bench: Bench, hub: VirtualHub):
    raw = hub.sign(records.Unknown(200, 1, 0, 5, {"new": [1, 2]}))
    answer = read_answer(bench.post(hub.body([raw])).content)
    assert answer.acknowledged == [[1, 1]]
    assert bench.stored() == [(1, raw)]


# --- bad records among good ones -----------------------------------------------------------------


def _wrong_signature(hub: VirtualHub) -> bytes:
    raw = hub.event(seq=50)
    return raw[:-1] + bytes([raw[-1] ^ 1])


def _other_payload(hub: VirtualHub) -> bytes:
    raw = bytearray(hub.event(seq=50))
    raw[raw.index(bytes([0x18, 50])) + 1] = 51
    return bytes(raw)


def _other_hub(hub: VirtualHub) -> bytes:
    return VirtualHub(2).event()


def _claims_to_be_this_hub(hub: VirtualHub) -> bytes:
    return cose.sign1(VirtualHub(2).key, hub.hub_id, records.Event(50, 0, 0, 1, 1).payload())


def _no_record(hub: VirtualHub) -> bytes:
    return hub.sign(cbor.encode({1: 1, 2: 50}))


def _payload_too_deep(hub: VirtualHub) -> bytes:
    deep = b"\x81" * 20 + b"\x00"
    return hub.sign(bytes.fromhex("a50118c802183203000400") + b"\x05" + deep)


def _payload_not_shortest(hub: VirtualHub) -> bytes:
    return hub.sign(bytes.fromhex("a501040219003203000400") + b"\x05\xa2\x01\x01\x02\x01")


def _payload_not_cbor(hub: VirtualHub) -> bytes:
    return hub.sign(b"\xff\xff")


def _reading_without_content(hub: VirtualHub) -> bytes:
    return hub.sign(bytes.fromhex("a501010218320300040005a40101021929a103000440"))


def _other_headers(hub: VirtualHub) -> bytes:
    parts = cbor.decode(hub.event(seq=50))
    parts[1] = {4: b"unprotected"}
    return cbor.encode(parts)


def _indefinite(hub: VirtualHub) -> bytes:
    return b"\x9f" + hub.event(seq=50)[1:] + b"\xff"


def _no_cbor(hub: VirtualHub) -> bytes:
    return b"\xff\xff\xff not CBOR at all"


def _nested_too_deep(hub: VirtualHub) -> bytes:
    return b"\x81" * 100 + b"\x00"


def _over_long(hub: VirtualHub) -> bytes:
    return hub.sign(records.Unknown(200, 50, 0, 0, bytes(1000)))


def _announces_gigabytes(hub: VirtualHub) -> bytes:
    return b"\x5b\x00\x00\x00\x10\x00\x00\x00\x00"


BAD = {
    _wrong_signature: batch.BAD_SIGNATURE,
    _other_payload: batch.BAD_SIGNATURE,
    _claims_to_be_this_hub: batch.BAD_SIGNATURE,
    _other_hub: batch.WRONG_HUB,
    _no_record: batch.MALFORMED,
    _payload_too_deep: batch.MALFORMED,
    _payload_not_shortest: batch.MALFORMED,
    _payload_not_cbor: batch.MALFORMED,
    _reading_without_content: batch.MALFORMED,
    _other_headers: batch.MALFORMED,
    _indefinite: batch.MALFORMED,
    _no_cbor: batch.MALFORMED,
    _nested_too_deep: batch.MALFORMED,
    _announces_gigabytes: batch.MALFORMED,
    _over_long: batch.TOO_LARGE,
}


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__[1:])
def test_a_bad_record_is_refused_alone_and_its_bytes_are_kept(
    bench: Bench, hub: VirtualHub, make, place: int
):
    good = [hub.event(), hub.event()]
    bad = make(hub)
    raws = [*good[:place], bad, *good[place:]]
    request, sent = hub.request(raws)
    seqs = [1, 2]
    seqs.insert(place, 50)
    response = bench.post(sent)
    assert response.status_code == 200, response.text
    answer = check(hub, request, seqs, response.content)
    assert answer.acknowledged == [[1, 2]]
    assert answer.refused == [[place, None, BAD[make]]]
    assert bench.stored() == [(1, good[0]), (2, good[1])]
    assert bench.quarantined() == [(None, BAD[make], bad)]


def test_a_refused_record_that_comes_again_is_kept_once(bench: Bench, hub: VirtualHub):
    sent = hub.body([_wrong_signature(hub)])
    bench.post(sent)
    bench.post(sent)
    assert len(bench.quarantined()) == 1


def test_what_is_kept_is_listed_without_its_content(
    bench: Bench, hub: VirtualHub, capsys: pytest.CaptureFixture[str]
):
    noise = b"\xff content of somebody"
    bench.post(hub.body([hub.event(seq=5)]))
    bench.post(hub.body([noise, hub.event(detail=2, seq=5)]))
    command = ["hub", "refused", "--database", str(bench.database.address)]
    assert cli.main([*command, "--json"]) == 0
    out = capsys.readouterr().out
    common = {"hub": hub.hub_id.hex(), "received_ms": NOW_MS}
    size = len(hub.event(detail=2, seq=5))
    assert json.loads(out) == [
        {**common, "seq": 5, "reason": "conflict", "bytes": size},
        {**common, "seq": None, "reason": "malformed", "bytes": len(noise)},
    ]
    assert cli.main(command) == 0
    table = capsys.readouterr().out
    assert hub.hub_id.hex() in table
    assert "nummeret er brukt før, med andre byte" in table
    assert "2 poster" in table
    assert "content" not in out + table
    assert noise.hex() not in out + table


def test_other_bytes_under_a_number_that_is_taken_are_a_conflict(bench: Bench, hub: VirtualHub):
    first, second = hub.event(detail=1, seq=5), hub.event(detail=2, seq=5)
    other = hub.event(seq=6)
    bench.post(hub.body([first]))
    request, sent = hub.request([second, other])
    answer = check(hub, request, [5, 6], bench.post(sent).content)
    assert answer.acknowledged == [[6, 6]]
    assert answer.refused == [[0, 5, batch.CONFLICT]]
    assert bench.stored() == [(5, first), (6, other)]
    assert bench.quarantined() == [(5, batch.CONFLICT, second)]


def test_two_records_with_one_number_in_one_request(bench: Bench, hub: VirtualHub):
    """The hub is told one thing about the number, and both records are kept."""
    first, second = hub.event(detail=1, seq=5), hub.event(detail=2, seq=5)
    request, sent = hub.request([first, second])
    answer = check(hub, request, [5, 5], bench.post(sent).content)
    assert bench.stored() == [(5, first)]
    assert bench.quarantined() == [(5, batch.CONFLICT, second)]
    assert answer.acknowledged == [[5, 5]]
    assert answer.refused == []


@pytest.mark.parametrize("missing", [1, 30, 70, 90])
def test_a_last_record_cut_off_is_neither_acknowledged_nor_let_go(
    bench: Bench, hub: VirtualHub, missing: int
):
    good, whole = hub.event(), hub.event()
    _, sent = hub.request([good, whole])
    answer = read_answer(bench.post(sent[:-missing]).content)
    assert answer.acknowledged == [[1, 1]]
    assert answer.refused == []
    assert read_answer(bench.post(sent).content).acknowledged == [[1, 2]]
    assert bench.stored() == [(1, good), (2, whole)]


# --- bad requests --------------------------------------------------------------------------------


def _error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


def test_a_body_cut_within_the_request_is_malformed(bench: Bench, hub: VirtualHub):
    sent = hub.body([])
    for size in range(0, len(sent), 7):
        status, error = _error(bench.post(sent[:size]))
        assert status == 400
        assert error in {"cbor-truncated", "malformed"}


def test_a_lost_or_added_record_is_noticed(bench: Bench, hub: VirtualHub):
    raws = [hub.event(), hub.event()]
    _, sent = hub.request(raws)
    assert _error(bench.post(sent[: -len(raws[1])])) == (400, "exchange-count")
    assert _error(bench.post(sent + raws[0])) == (400, "exchange-count")
    assert bench.stored() == []


def test_a_request_with_a_wrong_signature_stores_nothing(bench: Bench, hub: VirtualHub):
    raw = hub.event()
    sent = hub.body([raw])
    at = len(sent) - len(raw) - 1
    broken = sent[:at] + bytes([sent[at] ^ 1]) + sent[at + 1 :]
    assert _error(bench.post(broken)) == (400, "bad-signature")
    assert bench.stored() == []


def test_a_record_does_not_pass_for_a_request(bench: Bench, hub: VirtualHub):
    """Both are COSE_Sign1 by the hub; the external data keep them apart."""
    assert _error(bench.post(hub.event())) == (400, "bad-signature")


def test_too_many_records(bench: Bench, hub: VirtualHub):
    request = hub.body([])
    sent = request + b"\x00" * (exchange.MAX_RECORDS + 1)
    assert _error(bench.post(sent)) == (400, "exchange-too-many")


def test_an_unknown_hub_is_refused_and_listed(bench: Bench):
    stranger = VirtualHub(7)
    sent = stranger.body([stranger.event()])
    assert _error(bench.post(sent)) == (403, "unknown-hub")
    bench.clock.now_ms += 5000
    assert _error(bench.post(sent)) == (403, "unknown-hub")
    with bench.database.reading() as connection:
        [seen] = registry.strangers(connection)
    assert seen == registry.Stranger(stranger.hub_id, NOW_MS, NOW_MS + 5000, 2)
    assert bench.stored() == []


def test_a_revoked_hub_is_refused_and_its_records_stay(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.event()]))
    with bench.database.writing() as connection:
        registry.revoke(connection, hub.hub_id, NOW_MS)
    assert _error(bench.post(hub.body([hub.event()]))) == (403, "revoked-hub")
    assert len(bench.stored()) == 1
    with bench.database.reading() as connection:  # it is listed, as hub and as one who knocks
        assert registry.enrolments(connection)[0].revoked_ms == NOW_MS
        assert registry.strangers(connection)[0].unverified_hub_id == hub.hub_id


def test_a_hub_revoked_while_its_request_is_in_flight_stores_nothing_more(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    """Judged while it stood; the revocation is there before its transaction."""
    bench.post(hub.body([hub.event()]))
    judge = judgement.judge

    def revoked_meanwhile(*arguments):
        with bench.database.writing() as connection:
            registry.revoke(connection, hub.hub_id, NOW_MS)
        return judge(*arguments)

    monkeypatch.setattr(judgement, "judge", revoked_meanwhile)
    assert _error(bench.post(hub.body([hub.event()]))) == (403, "revoked-hub")
    assert len(bench.stored()) == 1
    with bench.database.reading() as connection:
        [seen] = registry.strangers(connection)
    assert seen.unverified_hub_id == hub.hub_id


def test_garbage_between_records_and_around_them(bench: Bench, hub: VirtualHub):
    good = [hub.event() for _ in range(3)]
    noise = b"\xff not CBOR"
    answer = read_answer(
        bench.post(hub.body([noise, good[0], noise, good[1], good[2], noise])).content
    )
    assert answer.acknowledged == [[1, 3]]
    assert [entry[0] for entry in answer.refused] == [0, 2, 5]
    assert [raw for _, raw in bench.stored()] == good


def test_the_list_of_strangers_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "MAX_STRANGERS", 3)
    hubs = [VirtualHub(number) for number in range(10, 15)]
    for stranger in hubs:
        bench.clock.now_ms += 1
        bench.post(stranger.body([]))
    with bench.database.reading() as connection:
        seen = [entry.unverified_hub_id for entry in registry.strangers(connection)]
    assert seen == [stranger.hub_id for stranger in reversed(hubs[-3:])]


def test_another_content_type_is_refused(bench: Bench, hub: VirtualHub):
    response = bench.post(hub.body([]), "application/json")
    assert _error(response) == (400, "content-type")


def test_a_body_too_large_is_refused_by_its_length(bench: Bench):
    response = bench.post(b"\x00" * (body.MAX_BODY_BYTES + 1))
    assert _error(response) == (413, "body-too-large")


def test_health(bench: Bench):
    response = bench.request("GET", "/health")
    kind = bench.database.kind
    assert response.json() == {"status": "ok", "time_ms": NOW_MS, "database": kind}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(bench: Bench, method: str):
    assert bench.request(method, exchange.PATH).status_code == 405
