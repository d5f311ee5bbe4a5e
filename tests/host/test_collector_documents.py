"""What hubs get of what is published for them: theirs, the next, and nothing to anyone else."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import site_hands
from host.collector_process import NAME, CollectorProcess
from host.conftest import NOW_MS, Bench, collector
from host.virtual_hub import VirtualHub, read_answer
from varde_host import rate_limit
from varde_host.collector import database, documents, log, registry
from varde_host.fleet import publishing
from varde_host.site import certificates, creation, files, trust_documents
from varde_protocols import assignment, cose, document_request, exchange, trust_chain
from varde_protocols import documents as kinds
from varde_protocols.document_request import DocumentRequest

DATABASES = ("sqlite", "postgresql")
NONCE = bytes(range(16))


@pytest.fixture
def site(made: Path) -> files.Site:
    return site_hands.next_trust(made)


def asked(hub: VirtualHub, kind: int, after: int = 0) -> bytes:
    return document_request.sign(hub.key, hub.hub_id, DocumentRequest(NONCE, kind, after))


def ask(bench: Bench, content: bytes, content_type: str = document_request.REQUEST_TYPE):
    headers = {"content-type": content_type}
    return bench.request("POST", document_request.PATH, content=content, headers=headers)


def ask_for(bench: Bench, hub: VirtualHub, kind: int, after: int = 0):
    return ask(bench, asked(hub, kind, after))


def error(response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["error"]


def publish(bench: Bench, site: files.Site, hub: VirtualHub, number: int, **changes) -> bytes:
    document = site_hands.assigned(site, hub.hub_id, number, **changes)
    publishing.publish_assignment(bench.database, site, document, NOW_MS)
    return document


# --- what is answered ----------------------------------------------------------------------------


def test_the_answer_to_an_exchange_says_what_is_published(
    bench: Bench, hub: VirtualHub, site: files.Site
):
    def said() -> int:
        return read_answer(bench.post(hub.body([hub.event()])).content).config_number

    assert said() == 0
    for number in (2, 3, 2**32 - 1):
        publish(bench, site, hub, number)
        assert said() == number
    publishing.withdraw(bench.database, hub.hub_id, 2**32 - 1, NOW_MS)
    assert said() == 3
    other = bench.enrol(VirtualHub(2))
    assert read_answer(bench.post(other.body([])).content).config_number == 0


def test_what_another_process_publishes_is_said_at_once(
    bench: Bench, hub: VirtualHub, site: files.Site
):
    assert bench.post(hub.body([])).status_code == 200  # it is known now
    second = database.open_database(bench.database.address)
    document = site_hands.assigned(site, hub.hub_id, 7)
    publishing.publish_assignment(second, site, document, NOW_MS)
    second.close()
    assert read_answer(bench.post(hub.body([])).content).config_number == 7
    assert ask_for(bench, hub, kinds.ASSIGNMENT).content == document


def test_a_hub_gets_its_newest_assignment(bench: Bench, hub: VirtualHub, site: files.Site):
    assert ask_for(bench, hub, kinds.ASSIGNMENT).status_code == 204
    publish(bench, site, hub, 3)
    document = publish(bench, site, hub, 5)
    for after in (0, 3, 4):
        response = ask_for(bench, hub, kinds.ASSIGNMENT, after)
        assert (response.status_code, response.content) == (200, document)
        assert response.headers["content-type"] == document_request.ANSWER_TYPE
        assert response.headers["cache-control"] == "no-store"
        believed, _ = trust_documents.newest(site)
        assert assignment.verify(response.content, believed, hub.hub_id, after).number == 5
    for after in (5, 6, 2**32 - 1):
        response = ask_for(bench, hub, kinds.ASSIGNMENT, after)
        assert (response.status_code, response.content) == (204, b"")


def test_a_hub_never_gets_anothers(bench: Bench, hub: VirtualHub, site: files.Site):
    """It holds the password of another home."""
    other = bench.enrol(VirtualHub(2))
    theirs = publish(bench, site, other, 9)
    assert ask_for(bench, hub, kinds.ASSIGNMENT).status_code == 204
    ours = publish(bench, site, hub, 2)
    assert ask_for(bench, hub, kinds.ASSIGNMENT).content == ours
    assert ask_for(bench, other, kinds.ASSIGNMENT).content == theirs


def test_a_hub_follows_the_trusts_one_by_one(bench: Bench, hub: VirtualHub, site: files.Site):
    for number in range(1, 4):
        name = "assignment.key" if number == 1 else f"assignment-{number}.key"
        site = site_hands.next_trust(site.directory, name)
    publishing.publish_trust(bench.database, site, NOW_MS)
    believed, _ = trust_documents.chain(site)[0]
    while (response := ask_for(bench, hub, kinds.TRUST, believed.epoch)).status_code == 200:
        believed = trust_chain.following(believed, response.content)
    assert response.status_code == 204
    assert believed == trust_documents.newest(site)[0]
    assert ask_for(bench, hub, kinds.TRUST, 2**32 - 1).status_code == 204


# --- who gets nothing ----------------------------------------------------------------------------


def test_strangers_get_nothing_and_are_listed(bench: Bench, site: files.Site):
    stranger = VirtualHub(7)
    for kind in (kinds.TRUST, kinds.ASSIGNMENT):
        assert error(ask_for(bench, stranger, kind)) == (403, "unknown-hub")
    (seen,) = bench.database.read(registry.strangers)
    assert (seen.unverified_hub_id, seen.requests) == (stranger.hub_id, 2)


def test_a_revoked_hub_gets_nothing_from_that_moment(
    bench: Bench, hub: VirtualHub, site: files.Site
):
    publish(bench, site, hub, 2)
    assert ask_for(bench, hub, kinds.ASSIGNMENT).status_code == 200
    with bench.database.writing() as connection:
        registry.revoke(connection, hub.hub_id, NOW_MS)
    assert error(ask_for(bench, hub, kinds.ASSIGNMENT)) == (403, "revoked-hub")


def test_a_request_that_the_hub_did_not_sign_is_refused(
    bench: Bench, hub: VirtualHub, site: files.Site
):
    publish(bench, site, hub, 2)
    thief = VirtualHub(9)
    request = DocumentRequest(NONCE, kinds.ASSIGNMENT, 0)
    forged = document_request.sign(thief.key, hub.hub_id, request)
    assert error(ask(bench, forged)) == (400, "bad-signature")
    good = asked(hub, kinds.ASSIGNMENT)
    for at in range(len(good)):
        response = ask(bench, site_hands.altered(good, at))
        assert response.status_code in {400, 403}, at


def test_another_message_of_the_hub_is_no_request(bench: Bench, hub: VirtualHub):
    """Each kind of message is signed with data of its own beside it."""
    payload = cose.Sign1.parse(asked(hub, kinds.ASSIGNMENT)).unverified_payload
    assert error(ask(bench, cose.sign1(hub.key, hub.hub_id, payload))) == (400, "bad-signature")
    assert ask(bench, hub.request([])[1]).status_code == 400
    assert bench.post(asked(hub, kinds.ASSIGNMENT)).status_code == 400


@pytest.mark.parametrize("kind", [0, 2, 4, 2**32])
def test_there_is_nothing_of_another_kind(bench: Bench, hub: VirtualHub, kind: int):
    """Releases are fetched by their hash; of the rest nothing is handed out."""
    payload = b"\xa3\x01\x50" + NONCE + b"\x02" + _uint(kind) + b"\x03\x00"
    signed = cose.sign1(hub.key, hub.hub_id, payload, b"varde document request 1")
    assert ask(bench, signed).status_code == 400


def _uint(value: int) -> bytes:
    return bytes([value]) if value < 24 else b"\x1b" + value.to_bytes(8, "big")


# --- what is bounded -----------------------------------------------------------------------------


def test_a_request_is_small(bench: Bench, hub: VirtualHub):
    large = asked(hub, kinds.TRUST) + bytes(document_request.MAX_REQUEST_BYTES)
    assert error(ask(bench, large)) == (413, "body-too-large")
    assert error(ask(bench, asked(hub, kinds.TRUST), "text/plain")) == (400, "content-type")
    assert bench.request("GET", document_request.PATH).status_code == 405


def test_a_hub_that_asks_too_often_waits(bench: Bench, hub: VirtualHub):
    """It may follow 32 trusts and ask for its assignment in one go, and is no hub's burden."""
    statuses = [ask_for(bench, hub, kinds.TRUST).status_code for _ in range(50)]
    assert statuses == [204] * documents.RATE.burst + [429] * (50 - documents.RATE.burst)
    assert documents.RATE.burst > trust_chain.MAX_REPLAYED + 1
    response = ask_for(bench, hub, kinds.TRUST)
    assert error(response) == (429, "too-often")
    assert bench.post(hub.body([])).status_code == 200  # its readings are not in the way
    bench.clock.now_ms += 1000 * int(response.headers["retry-after"])
    assert ask_for(bench, hub, kinds.TRUST).status_code == 204
    other = bench.enrol(VirtualHub(2))
    assert ask_for(bench, other, kinds.TRUST).status_code == 204


def test_more_at_once_than_can_be_done_come_again(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(documents, "MAX_WAITING", 0)
    response = ask_for(bench, hub, kinds.TRUST)
    assert error(response) == (503, "busy")
    assert 20 <= int(response.headers["retry-after"]) <= 60


def test_who_sends_half_a_request_keeps_nobody_out(
    bench: Bench, hub: VirtualHub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(documents, "MAX_WAITING", 1)
    content = asked(hub, kinds.TRUST)
    headers = {"content-type": document_request.REQUEST_TYPE}

    async def statuses() -> list[int]:
        begun, goes_on = asyncio.Event(), asyncio.Event()

        async def halves():
            yield content[:50]
            begun.set()
            await goes_on.wait()
            yield content[50:]

        def post(body):
            return bench.client.post(document_request.PATH, content=body, headers=headers)

        half = asyncio.create_task(post(halves()))
        await begun.wait()
        whole = await post(content)
        goes_on.set()
        return [whole.status_code, (await half).status_code]

    assert bench.runner.run(statuses()) == [204, 204]


def test_a_database_that_fails_is_said_to(bench: Bench, hub: VirtualHub, monkeypatch):
    monkeypatch.setattr(documents, "find", _fails)
    response = ask_for(bench, hub, kinds.TRUST)
    assert error(response) == (500, "bug")


def _fails(*_arguments: object) -> None:
    raise ZeroDivisionError("a secret")


# --- what is told --------------------------------------------------------------------------------


def test_it_is_counted_and_logged_without_what_is_in_it(
    bench: Bench, hub: VirtualHub, site: files.Site, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "varde.collector")
    publishing.publish_trust(bench.database, site, NOW_MS)
    document = publish(bench, site, hub, 3)
    ask_for(bench, hub, kinds.ASSIGNMENT)
    ask_for(bench, hub, kinds.ASSIGNMENT, 3)
    ask_for(bench, hub, kinds.TRUST)
    ask(bench, b"", "text/plain")
    counted = bench.request("GET", "/metrics").text
    for outcome in ("assignment", "trust", "none", "content-type"):
        assert f'varde_documents_total{{outcome="{outcome}"}} 1.0' in counted, outcome
    lines = [log.JsonLines(bench.clock).format(record) for record in caplog.records]
    said = [json.loads(line) for line in lines if json.loads(line)["event"] == "document"]
    assert [(line["kind"], line["after"], line["bytes"]) for line in said] == [
        ("assignment", 0, len(document)),
        ("assignment", 3, None),
        ("trust", 0, len(trust_documents.newest(site)[1])),
    ]
    everything = "".join(lines) + counted
    for secret in (site_hands.PASSWORD, document.hex(), "home"):
        assert secret not in everything


# --- the process ---------------------------------------------------------------------------------


def test_a_running_collector_hands_out_what_is_published_beside_it(tmp_path: Path):
    """Over TLS, one connection for exchange and document, and again after kill -9."""
    made = tmp_path / "site"
    creation.create(made, "test", [NAME], certificates.Validity())
    site = site_hands.next_trust(made)
    hub = VirtualHub(1, site.receiver_public)
    opened = database.open_database(site.database)
    with opened.writing() as connection:
        registry.enrol(connection, hub.public, 0)
    with CollectorProcess(site) as process:
        context = ssl.create_default_context(cafile=str(made / "root-1.pem"))
        document = site_hands.assigned(site, hub.hub_id, 7)
        publishing.publish_assignment(opened, site, document, NOW_MS)
        for _ in range(2):
            base = f"https://{NAME}:{process.port}"
            with httpx.Client(verify=context, base_url=base, trust_env=False) as client:
                headers = {"content-type": exchange.REQUEST_TYPE}
                said = client.post(exchange.PATH, content=hub.body([]), headers=headers)
                answer = cose.Sign1.parse(said.content).unverified_payload
                assert b"\x06\x07" in answer  # the sixth field: config_number
                headers = {"content-type": document_request.REQUEST_TYPE}
                body = asked(hub, kinds.ASSIGNMENT, 1)
                got = client.post(document_request.PATH, content=body, headers=headers)
                assert (got.status_code, got.content) == (200, document)
            process.kill()
            process.start()
        assert site_hands.PASSWORD not in (made / "collector.log").read_text()
    opened.close()


# --- anything ------------------------------------------------------------------------------------


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_sent_is_answered_and_gets_nobody_anything(
    data: st.DataObject, fuzzed: Bench, known: VirtualHub
):
    good = asked(known, data.draw(st.sampled_from((kinds.TRUST, kinds.ASSIGNMENT))))
    cut = data.draw(st.integers(0, len(good)))
    middle = data.draw(st.binary(max_size=80))
    content = good[:cut] + middle + good[cut + data.draw(st.integers(0, 8)) :]
    response = ask(fuzzed, content)
    if content != good:
        assert response.status_code in {400, 403, 413}
    assert known.hub_id not in response.content


@pytest.fixture
def fuzzed(opened: database.Database):
    """A collector where a hub may ask as often as it likes."""
    with collector(opened, document_rate=rate_limit.Rate(0, 1)) as bench:
        yield bench


@pytest.fixture
def known(fuzzed: Bench) -> VirtualHub:
    return fuzzed.enrol(VirtualHub(1))
