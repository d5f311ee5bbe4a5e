"""`varde receiver`, from a collector's database to a real FHIR server behind a mock of HelseID:
once, whatever is cut, and nothing of anybody in what it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk

from host import fhir_server_place, handover_place
from host.http_place import Asked, Relay, Reply, lost, says, serving
from host.strict_mock_helse_id import StrictMockHelseId
from varde_host.handover import self_check

SETTINGS = """
[helseid.test]
issuer = "{issuer}"
client_id = "varde-tests"
key_file = "helseid.jwk"

[target.pmd]
kind = "rest"
on = true
purpose = "tests"
profile = "vkp"
bundle = "{bundle}"
url = "{url}"
helseid = "test"
scopes = ["nhn:tests/write"]

[target.pmd.check]
url = "{url}"
"""
PERSON = "13116900216"
DAY_MS = 86_400_000
OTHER_LOAN = "2503481100000002"
WEIGHT = 0x2A9D
KG_80_5 = bytes.fromhex("00e43e")
VALUES = [7.2, 80.5, 97]


class Way:
    """A receiver, and its way to a server: `relay` is in front, and lets in who has a token."""

    def __init__(self, path: Path, server: fhir_server_place.FhirServer) -> None:
        self.server = server
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "k", "alg": "PS256"}, private=True)
        self.mock = StrictMockHelseId(
            "varde-tests", self.key.as_dict(private=False), "PS256",
            frozenset({"nhn:tests/write"}), "k",
        )  # fmt: skip
        self.relay = Relay(server.origin)
        self.path = path
        self.place: Any = None

    def __call__(self, asked: Asked) -> Reply | None:
        return self.mock.guarded(asked) or self.relay(asked)

    def prepare(self, issuer: str, origin: str, bundle: str = "transaction") -> None:
        self.mock.issuer = issuer
        told = SETTINGS.format(issuer=issuer, url=f"{origin}/fhir", bundle=bundle)
        self.place = handover_place.Place(self.path, told)
        self.place.lend()
        key = self.place.receiver / "helseid.jwk"
        key.write_text(json.dumps(self.key.as_dict(private=True)))
        key.chmod(0o600)

    def start(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "varde_host", "receiver", "run", "--once"]
        return subprocess.Popen(
            [*words, "--receiver", str(self.place.receiver)], env=dict(os.environ),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture(scope="module")
def process() -> Iterator[fhir_server_place.FhirServer]:
    with fhir_server_place.running() as found:
        yield found


@pytest.fixture
def way(tmp_path: Path, process: fhir_server_place.FhirServer) -> Iterator[Way]:
    process.forget()
    made = Way(tmp_path, process)
    with serving(made.mock.answer) as issuer, serving(made) as origin:
        made.prepare(issuer, origin)
        yield made


@pytest.fixture
def deliver(way: Way, plain: None) -> Way:
    """The way with what a hub measured at its beginning."""
    hub = way.place.hub
    raws = [hub.start()]
    hub.uptime_ms = 5000
    raws += [hub.anchor(handover_place.NOW_MS - 60_000, 40), hub.reading()]
    raws += [hub.reading(KG_80_5, WEIGHT, 2, bytes.fromhex("00b1a2a3a4a5a6"))]
    way.place.deliver(raws)
    return way


def test_from_a_collectors_database_to_a_fhir_server_once(
    deliver: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    way = deliver
    way.place.folder.subjects.write_text(f'{{"{handover_place.LOAN}": "{PERSON}"}}')
    way.place.folder.subjects.chmod(0o600)
    said = way.place.run("run", "--once")
    said += way.place.run("run", "--once", "--json")
    found = way.server.all()
    assert handover_place.values(found) == VALUES
    assert {each["subject"]["identifier"]["value"] for each in found} == {PERSON}
    said += way.place.run("status", "--json") + "".join(capsys.readouterr())
    tokens = list(way.mock.tokens)
    assert tokens
    for secret in (PERSON, "80.5", handover_place.LOAN, *tokens):
        assert secret not in said
    for path in way.place.receiver.glob("receiver.sqlite*"):
        assert PERSON.encode() not in path.read_bytes()
        assert tokens[0].encode() not in path.read_bytes()


def test_a_server_that_is_away_and_loses_answers_gets_it_once(deliver: Way) -> None:
    way = deliver
    way.relay.plan.extend([says(503), lost, says(429, Retry_After="1"), lost])
    for _ in range(4):
        way.place.run("run", "--once", status=3)
    way.place.run("run", "--once")
    assert handover_place.values(way.server.all()) == VALUES


@pytest.mark.parametrize("moment", ["before the server has it", "after the server has it"])
def test_killed_while_a_server_is_asked(deliver: Way, moment: str) -> None:
    way = deliver
    started: list[subprocess.Popen[bytes]] = []

    def kills(asked: Asked, passed: Any) -> Reply | None:
        if moment.startswith("after"):
            passed(asked)
        os.kill(started[0].pid, signal.SIGKILL)
        started[0].wait()
        return None

    way.relay.plan.append(kills)
    started.append(way.start())
    assert started[0].wait(60) == -signal.SIGKILL
    assert bool(way.server.all()) == moment.startswith("after")
    way.place.run("run", "--once")
    assert handover_place.values(way.server.all()) == VALUES


def test_what_a_server_refuses_is_kept_with_its_codes(deliver: Way) -> None:
    way = deliver
    issue = {"severity": "error", "code": "business-rule", "diagnostics": f"80.5 kg of {PERSON}"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    refusal = says(422, json.dumps(outcome).encode(), Content_Type="application/fhir+json")
    way.relay.plan.extend([refusal] * 5)  # the bundle, its halves, each alone
    way.place.run("run", "--once")
    said = way.place.run("status")
    assert "HTTP 422 business-rule" in said
    assert "80.5" not in said
    assert PERSON not in said
    asked = len(way.relay.seen)
    way.place.run("run", "--once")
    assert len(way.relay.seen) == asked  # never by itself
    way.place.run("retry", "pmd", "--by", "oppfolgingstjeneste:o1")
    way.place.run("run", "--once")
    assert handover_place.values(way.server.all()) == VALUES


@pytest.mark.parametrize("becomes", ["of another loan", "of a loan that was not chosen"])
def test_what_was_refused_is_never_asked_for_again_of_the_wrong_loan(
    deliver: Way, becomes: str
) -> None:
    way = deliver
    way.relay.plan.extend([says(422)] * 5)
    way.place.run("run", "--once")
    if becomes == "of another loan":
        way.place.lend(until_ms=handover_place.NOW_MS - DAY_MS)
        way.place.lend(loan=OTHER_LOAN)
    else:
        told = (way.place.receiver / "receiver.toml").read_text()
        told = told.replace("scopes =", f'loans = ["{OTHER_LOAN}"]\nscopes =')
        (way.place.receiver / "receiver.toml").write_text(told)
        way.place.run("run", "--once")
    way.place.run("retry", "pmd", "--by", "oppfolgingstjeneste:o1")
    way.place.run("run", "--once")
    way.place.run("run", "--once")
    expected = VALUES if becomes == "of another loan" else []
    assert handover_place.values(way.server.all()) == expected
    told = [each["body"] for each in way.server.sent()]
    assert handover_place.LOAN not in json.dumps(told)


def test_a_second_run_asks_nothing_and_what_becomes_known_is_put_in_its_place(
    deliver: Way,
) -> None:
    way = deliver
    way.place.run("run", "--once")
    assert {each["status"] for each in way.server.all()} == {"final"}
    asked = len(way.relay.seen)
    way.place.run("run", "--once")
    assert len(way.relay.seen) == asked
    before = {each["id"] for each in way.server.all()}
    way.place.lend(until_ms=handover_place.NOW_MS - DAY_MS)
    way.place.lend(loan=OTHER_LOAN)
    way.place.run("run", "--once")
    found = way.server.all()
    valid = [each for each in found if each["status"] != "entered-in-error"]
    assert handover_place.values(valid) == VALUES
    assert {each["subject"]["identifier"]["value"] for each in valid} == {OTHER_LOAN}
    assert before <= {each["id"] for each in found}
    for each in found:
        is_known = each["id"] in before
        assert len(way.server.history("Observation", each["id"])) == 1 + is_known
    asked = len(way.relay.seen)
    way.place.run("run", "--once")
    assert len(way.relay.seen) == asked


def test_a_dry_run_to_a_real_server(deliver: Way) -> None:
    done = handover_place.as_json(deliver.place.run("check", "pmd", "--json"))
    assert [step["outcome"] for step in done["steps"]] == ["passed"] * 4
    found = deliver.server.all()
    assert found
    assert {each["meta"]["security"][0]["code"] for each in found} == {"HTEST"}
    assert {each["status"] for each in found} == {"amended"}


def test_a_server_that_does_not_know_conditions_is_found_by_the_dry_run(deliver: Way) -> None:
    numbers = iter(range(1000))

    def makes_all_anew(asked: Asked, _passed: Any) -> Reply:
        entries = [
            {"response": {"status": "201", "location": f"Observation/{next(numbers)}/_history/1"}}
            for _ in json.loads(asked.body)["entry"]
        ]
        said = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        return Reply(200, json.dumps(said).encode(), {"Content-Type": "application/fhir+json"})

    deliver.relay.plan.extend([makes_all_anew] * 10)
    done = handover_place.as_json(deliver.place.run("check", "pmd", "--json", status=1))
    assert done["steps"][-1]["step"] == "send-again"
    assert done["steps"][-1]["words"] == self_check.OTHER
