"""Who asks the feed, and how: over HTTP, over TLS, by commands; and who asks in bad faith."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import cbor2
import httpx
import pycddl
import pytest

from host.conftest import Bench, collector
from host.feed_place import HUBS, KEY, KID, NOW_MS, PUBLIC, Signer, deliver, enrol
from varde_host import errors
from varde_host.collector import app, body, database, feed_keys
from varde_host.feed import page, question
from varde_protocols import cose

EACH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)
HUB = HUBS[1]


@pytest.fixture
def bench(opened: database.Database) -> Iterator[Bench]:
    enrol(opened)
    with collector(opened) as ready:
        ready.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 1))
        yield ready


def ask(bench: Bench, asked: question.Question | None = None, **more: object) -> httpx.Response:
    asked = asked or question.made(bench.clock.utc_ms(), question.FIRST, {})
    content = more.pop("body", None) or question.sign(Signer(), KID, asked)
    headers = {"content-type": question.TYPE, **more.pop("headers", {})}
    return bench.request("POST", question.PATH, content=content, headers=headers)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def seqs(response: httpx.Response) -> list[int]:
    return [each.seq for each in page.decode(response.content, "here").records]


# --- who may -------------------------------------------------------------------------------------


@EACH
def test_a_page_comes_to_whom_was_let_in_alone(bench: Bench):
    deliver(bench.database, HUB, {7})
    answer = ask(bench)
    assert seqs(answer) == [7]
    assert answer.headers["cache-control"] == "no-store"
    bench.database.write(lambda connection: feed_keys.remove(connection, KID, 2))
    assert code(ask(bench)) == (403, "feed-unknown")
    bench.database.write(lambda connection: feed_keys.add(connection, PUBLIC, "journal", 3))
    assert ask(bench).status_code == 200


@EACH
def test_two_collectors_on_one_database_answer_alike_and_refuse_alike(
    bench: Bench, opened: database.Database
):
    second = database.open_database(opened.address)
    with contextlib.closing(second), collector(second) as other:
        deliver(bench.database, HUB, range(1, 30))
        assert ask(bench).content == ask(other).content
        some = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(3, 30)]})
        assert seqs(ask(other, some)) == [1, 2]
        other.database.write(lambda connection: feed_keys.remove(connection, KID, 2))
        for each in (bench, other):
            assert code(ask(each)) == (403, "feed-unknown")


def test_a_question_that_somebody_copied_gets_the_same_for_five_minutes(bench: Bench):
    deliver(bench.database, HUB, {1, 2})
    copied = question.sign(Signer(), KID, question.made(NOW_MS, question.FIRST, {}))
    first = ask(bench, body=copied)
    bench.clock.now_ms += question.MAX_AGE_MS
    assert ask(bench, body=copied).content == first.content
    bench.clock.now_ms += 1
    assert code(ask(bench, body=copied)) == (403, "feed-time")
    bench.clock.now_ms -= 2 * question.MAX_AGE_MS + 2
    assert code(ask(bench, body=copied)) == (403, "feed-time")


def test_who_asks_too_often_waits_and_who_only_says_the_name_takes_nothing(bench: Bench):
    asked = question.made(NOW_MS, question.FIRST, {})
    forged = bytearray(question.sign(Signer(), KID, asked))
    forged[-1] ^= 1
    for _ in range(700):
        assert code(ask(bench, body=bytes(forged))) == (400, "bad-signature")
    statuses = [ask(bench).status_code for _ in range(620)]
    assert statuses == [200] * 600 + [429] * 20
    assert int(ask(bench).headers["retry-after"]) >= 1


# --- what is no question -------------------------------------------------------------------------


def test_what_is_no_question_is_refused(bench: Bench):
    asked = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(1, 5)]})
    good = question.sign(Signer(), KID, asked)
    assert code(ask(bench, body=good, headers={"content-type": "text/plain"}))[0] == 400
    stranger = question.sign(Signer(), b"stranger", asked)
    assert code(ask(bench, body=stranger)) == (403, "feed-unknown")
    assert code(ask(bench, body=good + b"\0"))[0] == 400
    assert code(ask(bench, body=bytes(question.MAX_BYTES + 1)))[0] == 413
    for other in ("varde exchange answer 1", "varde document request 1", ""):
        elsewhere = cose.sign1(Signer(), KID, cose.Sign1.parse(good).unverified_payload,
                               other.encode())  # fmt: skip
        assert code(ask(bench, body=elsewhere)) == (400, "bad-signature")


A, Z = list(question.FIRST), list(question.LAST)


@pytest.mark.parametrize(
    "fields",
    [
        {1: 1}, {1: "x", 2: A, 3: Z, 4: {}}, {1: 1, 2: [b"short", 0], 3: Z, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {b"short": []}}, {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1]}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [5, 1]}}, {1: 1, 2: A, 3: Z, 4: [1]},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 5, 5, 6]}}, {1: True, 2: A, 3: Z, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 5, 6, 7]}},  # two spellings of 1 to 7
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [1, 1 << 63]}}, {1: 1, 2: Z, 3: A, 4: {}},
        {1: 1, 2: A, 3: Z, 4: {HUB.hub_id: [-1, 5]}}, {1: 1, 2: A, 3: [b"", 0], 4: {}},
        {1: 1, 2: A, 3: Z, 4: {1: []}}, {1: 1, 2: A, 3: Z, 4: {}, 5: 1}, 7, [], None,
        {1: 1.0, 2: A, 3: Z, 4: {}}, {1: 1, 2: [b"\0" * 8, 1.0], 3: Z, 4: {}},
    ],
)  # fmt: skip
def test_a_signed_question_that_is_none_is_refused(fields):
    with pytest.raises(question.ExchangeError) as caught:
        checked(cbor2.dumps(fields))
    assert caught.value.code == "feed-question"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xa1\x81\x01\x01", b"\xa1\xa1\x01\x01\x01", b"\xd8\x1c\x82", b"\xbf\xf6\xff\xff",
        b"\xc1\xfb\x7f\xf0\0\0\0\0\0\0", b"\xc0\x61a", b"\xd8\x23\x61(", b"\x9b" + b"\x7f" * 8,
        b"\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01", b"\x9a\x7f\xff\xff\xff", b"\x81" * 60_000,
        b"\xd8\x1d\x00", b"\xd8\x1c\x81\xd8\x1d\x00", b"\xd9\x01\x02\x80", b"\xbf\x01\x01\xff",
    ],
)  # fmt: skip
def test_cbor_of_the_strange_kind_is_no_question_and_no_page(payload):
    with pytest.raises(question.ExchangeError) as caught:
        checked(payload)
    assert caught.value.code == "feed-question"
    with pytest.raises(errors.InputRefused) as refused:
        page.decode(payload, "here")
    assert refused.value.code == "feed-page"


def checked(payload: bytes) -> question.Question:
    """Sign anything, and check it as the collector does."""
    message = cose.Sign1.parse(cose.sign1(Signer(), KID, payload, b"varde feed 1"))
    return question.check(message, _Check(), 1)


class _Check:
    def verify(self, message: bytes, signature: bytes) -> bool:
        KEY.public_key().verify(signature, message)
        return True


def test_garbage_is_no_question_and_no_page(bench: Bench):
    luck = random.Random(3)
    deliver(bench.database, HUB, {1, 2})
    asked = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(1, 1)]})
    good, answer = question.sign(Signer(), KID, asked), ask(bench, asked).content
    for _ in range(150):
        assert ask(bench, body=spoiled(good, luck)).status_code in (400, 403)
    for _ in range(1500):
        with contextlib.suppress(errors.InputRefused):
            page.decode(spoiled(answer, luck), "here")
        payload = spoiled(cose.Sign1.parse(good).unverified_payload, luck)
        with contextlib.suppress(question.ExchangeError):
            checked(payload)
    for size in range(len(answer)):
        with pytest.raises(errors.InputRefused):
            page.decode(answer[:size], "here")


def spoiled(data: bytes, luck: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(luck.randint(1, 6)):
        made[luck.randrange(len(made))] ^= luck.randrange(1, 256)
    return bytes(made)


def test_halves_of_questions_keep_no_receiver_out(bench: Bench):
    """Each place is taken by a question that is whole, and bodies are bounded in time."""
    whole = question.sign(Signer(), KID, question.made(NOW_MS, question.FIRST, {}))
    over = asyncio.Event()

    async def half():
        yield whole[:20]
        await over.wait()

    async def story() -> int:
        headers = {"content-type": question.TYPE}
        halves = [
            asyncio.create_task(bench.client.post(question.PATH, content=half(), headers=headers))
            for _ in range(40)
        ]
        await asyncio.sleep(0)
        answer = await bench.client.post(question.PATH, content=whole, headers=headers)
        over.set()
        done = await asyncio.gather(*halves)
        assert {each.status_code for each in done} <= {400, 503}
        return answer.status_code

    assert question.MAX_BYTES <= body.MAX_BODY_BYTES
    assert app.MAX_REQUESTS
    assert bench.runner.run(story()) == 200


# --- the shape on the wire -----------------------------------------------------------------------

CDDL = (Path(__file__).parents[2] / "protocols" / "cddl" / "feed.cddl").read_text()


def shape(rule: str) -> pycddl.Schema:
    return pycddl.Schema(f"start = {rule}\n{CDDL}")


def test_cddl_says_what_goes_over_the_wire(bench: Bench):
    deliver(bench.database, HUB, {1, 2, 5})
    asked = question.made(NOW_MS, question.FIRST, {HUB.hub_id: [(1, 1), (3, 3)]})
    body_sent = question.sign(Signer(), KID, asked)
    shape("feed-question").validate_cbor(cose.Sign1.parse(body_sent).unverified_payload)
    answer = ask(bench, body=body_sent)
    shape("feed-page").validate_cbor(answer.content)
    assert seqs(answer) == [2, 5]
    cut = page.Page([], [], question.LAST)
    shape("feed-page").validate_cbor(page.encode(cut))


@pytest.mark.parametrize(
    "wrong", [{1: [], 2: []}, {1: [], 2: [], 3: 1}, {1: [[1]], 2: [], 3: None}]
)
def test_cddl_refuses_what_the_decoder_refuses(wrong):
    with pytest.raises(pycddl.ValidationError):
        shape("feed-page").validate_cbor(cbor2.dumps(wrong))
    with pytest.raises(errors.InputRefused):
        page.decode(cbor2.dumps(wrong), "here")
