"""A webhook: signed so that anybody can check it, the same each time, and TLS that means it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from firmware.tls_servers import Authority
from host import fhir_samples as samples
from host.http_place import Asked, Reply, serving
from host.test_handover_rest import PERSON, items, person
from varde_host import errors
from varde_host.fhir import exact_json
from varde_host.handover import answers, breaking, http_calls, rendering, sending, webhook

STYLE = samples.style("vkp")
SECRET = bytes(range(32))


class Time:
    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def utc_ms(self) -> int:
        self.now_ms += 60_000
        return self.now_ms


class Hook:
    """Somebody's program: keeps what came, answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.replies.pop(0) if self.replies else Reply(204)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    with serving(made) as origin:
        made.origin = origin  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "hook.secret"
    path.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    path.chmod(0o600)
    return path


def sender(address: str, signing: webhook.Signing, **more: Any) -> webhook.WebhookSender:
    subjects = more.pop("subjects", rendering.no_subjects)
    caller = http_calls.Caller(more.pop("roots", None), 10)
    return webhook.WebhookSender(address, STYLE, subjects, signing, caller, Time())


def test_whoever_has_the_secret_can_check_it(hook: Any, secret: Path) -> None:
    wanted = items(STYLE, ["cuff"])
    assert sender(hook.origin, webhook.by_secret(secret)).send(wanted) == [
        sending.Delivered()] * len(wanted)  # fmt: skip
    for asked in hook.asked:
        head = asked.headers
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + asked.body
        digest = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert head["webhook-signature"] == f"v1,{digest}"


def test_whoever_has_the_public_key_can_check_it(hook: Any, tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    path = tmp_path / "hook.key"
    path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    path.chmod(0o600)
    sender(hook.origin, webhook.by_key(path)).send(items(STYLE, ["cuff"])[:1])
    head, body = hook.asked[0].headers, hook.asked[0].body
    kind, _, signature = head["webhook-signature"].partition(",")
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    key.public_key().verify(base64.b64decode(signature), signed)
    assert kind == "v1a"


def test_what_is_sent_again_has_the_same_id_and_body(hook: Any, secret: Path) -> None:
    one = sender(hook.origin, webhook.by_secret(secret))
    wanted = items(STYLE, ["cuff", "scale"])
    one.send(wanted)
    one.send(wanted)
    half = len(wanted)
    first, again = hook.asked[:half], hook.asked[half:]
    assert [each.body for each in first] == [each.body for each in again]
    ids = [each.headers["webhook-id"] for each in first]
    assert ids == [each.headers["webhook-id"] for each in again]
    assert len(set(ids)) == half
    assert first[0].headers["webhook-timestamp"] != again[0].headers["webhook-timestamp"]
    amended = items(STYLE, ["cuff"], "amend")
    one.send(amended[:1])
    assert hook.asked[-1].headers["webhook-id"] == ids[0].replace("-1", "-2")


def test_digits_and_person_stand_in_the_body_alone(hook: Any, secret: Path) -> None:
    wanted = items(STYLE, ["scale"])
    one = sender(hook.origin, webhook.by_secret(secret), subjects=person)
    results = one.send(wanted)
    said = exact_json.loads(hook.asked[0].body)
    assert said["type"] == "varde.create"
    assert said["timestamp"] == "2026-09-24T08:00:05.250Z"
    assert said["data"]["identifier"] == wanted[0].identifier
    sent = said["data"]["resources"][0]
    assert sent["subject"]["identifier"]["value"] == PERSON
    assert str(sent["valueQuantity"]["value"]) == str(
        wanted[0].resources[0]["valueQuantity"]["value"]
    )
    assert PERSON not in str(hook.asked[0].headers) + hook.asked[0].path + repr(results)


@pytest.mark.parametrize(("reply", "expected"), [
    (Reply(200, b"ok"), sending.Delivered()),
    (Reply(422, b"93.4 of Ola Nordmann"), sending.Refused("HTTP 422")),
    (Reply(410), sending.Later(answers.MEND_S, "HTTP 410")),
    (Reply(401), sending.Later(answers.MEND_S, "HTTP 401")),
    (Reply(429, b"", {"Retry-After": "90"}), sending.Later(90.0, "HTTP 429")),
    (Reply(500), sending.Later(answers.SOON_S, "HTTP 500")),
    (Reply(302, b"", {"Location": "http://localhost:9/"}),
     sending.Later(answers.MEND_S, "HTTP 302")),
    (Reply(200, b"<html>", {"Content-Type": "text/html; charset=utf-8"}),
     sending.Later(answers.MEND_S, "HTTP 200 answer is a page")),
])  # fmt: skip
def test_what_an_answer_means(
    hook: Any, secret: Path, reply: Reply, expected: sending.Sent
) -> None:
    hook.replies.append(reply)
    assert sender(hook.origin, webhook.by_secret(secret)).send(
        items(STYLE, ["scale"])[:1]) == [expected]  # fmt: skip


def test_once_it_could_not_the_others_wait(hook: Any, secret: Path) -> None:
    hook.replies += [Reply(204), Reply(503)]
    wanted = items(STYLE)
    results = sender(hook.origin, webhook.by_secret(secret)).send(wanted)
    assert results[0] == sending.Delivered()
    assert set(results[1:]) == {sending.Later(answers.SOON_S, "HTTP 503")}
    assert len(hook.asked) == 2


def test_what_their_program_breaks_on_is_refused_in_the_end(hook: Any, secret: Path) -> None:
    one = sender(hook.origin, webhook.by_secret(secret))
    wanted = items(STYLE, ["scale", "cuff"])
    for number in range(breaking.MOST):
        hook.replies.append(Reply(500))
        results = one.send(wanted)
        kind = sending.Refused if number == breaking.MOST - 1 else sending.Later
        assert isinstance(results[0], kind)
        assert set(results[1:]) == {sending.Delivered()}


def test_a_secret_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    cases = [
        ("open", base64.b64encode(SECRET), 0o644, "secret-open"),
        ("short", base64.b64encode(SECRET[:8]), 0o600, "key-malformed"),
        ("text", b"a secret in plain words, long enough", 0o600, "key-malformed"),
        ("bytes", secrets.token_bytes(40) + b"\xff", 0o600, "key-malformed"),
    ]
    for name, data, mode, code in cases:
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(mode)
        with pytest.raises(errors.InputRefused) as caught:
            webhook.by_secret(path)
        assert caught.value.code == code, name


@pytest.mark.parametrize(("issuer", "name", "days", "is_taken"), [
    ("known", "localhost", (-1, 10), True),
    ("known", "another.example", (-1, 10), False),
    ("known", "localhost", (-10, -1), False),
    ("stranger", "localhost", (-1, 10), False),
])  # fmt: skip
def test_a_server_must_be_who_it_says(
    tmp_path: Path, secret: Path, issuer: str, name: str, days: tuple[int, int], is_taken: bool
) -> None:
    known = Authority("known")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(known.root.public_bytes(serialization.Encoding.PEM))
    authority = known if issuer == "known" else Authority("stranger")
    certificate = authority.issue(name, tmp_path, *days)
    hook = Hook()
    with serving(hook, certificate) as origin:
        one = sender(origin, webhook.by_secret(secret), roots=roots)
        [result] = one.send(items(STYLE, ["scale"])[:1])
    if is_taken:
        assert result == sending.Delivered()
    else:
        assert result == sending.Later(answers.SOON_S, http_calls.CERTIFICATE)
        assert hook.asked == []


def test_the_body_is_json_that_others_read(hook: Any, secret: Path) -> None:
    sender(hook.origin, webhook.by_secret(secret)).send(items(STYLE))
    for asked in hook.asked:
        assert json.loads(asked.body)["data"]["change"] == "create"
