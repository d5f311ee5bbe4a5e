"""Measurements to a real FHIR server (`fhir_server.mjs`), over a way that fails in every way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from host import fhir_samples as samples
from host import fhir_server_place
from host.http_place import Relay, Reply, lost, says, serving
from varde_host import errors
from varde_host.fhir import exact_json, of, subject
from varde_host.fhir.style import Style
from varde_host.handover import answers, breaking, http_calls, rendering, rest, sending, wanting

PERSON = "01019012345"
STYLES = {
    "transaction": samples.style("vkp"),
    "transaction-entries": samples.style("phd"),
    "batch": samples.style("vkp", "batch"),
    "single": samples.style("no-domain"),
}
KINDS = ("cuff", "scale", "oximeter-spot", "thermometer", "glucose")


@pytest.fixture(scope="module")
def process() -> Iterator[fhir_server_place.FhirServer]:
    with fhir_server_place.running() as found:
        yield found


@pytest.fixture
def server(process: fhir_server_place.FhirServer) -> fhir_server_place.FhirServer:
    process.forget()
    return process


@pytest.fixture
def relay(server: fhir_server_place.FhirServer) -> Iterator[Relay]:
    made = Relay(server.origin)
    with serving(made) as origin:
        made.origin = origin
        yield made


def items(style: Style, kinds: Sequence[str] = KINDS, change: str = "create") -> list[Any]:
    """Return what is handed on of some samples."""
    found = []
    for kind in kinds:
        made = of.of(samples.ALL[kind], style)
        for each in made.observations:
            status = {"status": "amended"} if change == "amend" else {}
            resources = [{**each, **status}, *made.around]
            version = 2 if change == "amend" else 1
            found.append(sending.Outgoing(
                wanting.identifier(each), version, change, resources, samples.LOAN,
                samples.MORNING_MS,
            ))  # fmt: skip
    return found


def person(_loan: str) -> dict[str, Any]:
    identifier = {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": PERSON}
    return {"type": "Patient", "identifier": identifier}


def sender(base: str, way: str = "transaction", **more: Any) -> rest.RestSender:
    send = rest.SINGLE if way == "single" else rest.BUNDLE
    subjects = more.pop("subjects", rendering.no_subjects)
    caller = http_calls.Caller(timeout_s=20)
    return rest.RestSender(base, STYLES[way], subjects, caller.call, send=send, **more)


def of_relay(relay: Any) -> str:
    return f"{relay.origin}/fhir"


def are_delivered(results: Sequence[sending.Sent]) -> bool:
    return all(isinstance(each, sending.Delivered) for each in results)


def identifiers(server: fhir_server_place.FhirServer) -> list[str]:
    return sorted(
        wanting.identifier(each) for each in server.all() if "valueSampledData" not in each
    )


@pytest.mark.parametrize("way", STYLES)
def test_each_is_there_once_however_often_it_is_sent(server: Any, way: str) -> None:
    wanted = items(STYLES[way])
    first = sender(server.base, way).send(wanted)
    again = sender(server.base, way).send(list(reversed(wanted)))
    assert are_delivered(first)
    assert list(reversed(again)) == first  # the server calls them the same
    assert set(identifiers(server)) >= {each.identifier for each in wanted}
    assert len(identifiers(server)) == len(set(identifiers(server)))


@pytest.mark.parametrize("way", STYLES)
def test_what_is_amended_takes_its_place(server: Any, way: str) -> None:
    sender(server.base, way).send(items(STYLES[way]))
    before = {wanting.identifier(each): each["id"] for each in server.all()}
    amended = items(STYLES[way], change="amend")
    assert are_delivered(sender(server.base, way).send(amended))
    assert are_delivered(sender(server.base, way).send(amended))
    after = {wanting.identifier(each): each for each in server.all()}
    assert {name: each["id"] for name, each in after.items()} == before
    assert {after[each.identifier]["status"] for each in amended} == {"amended"}
    # what was created again later (a lost answer) does not undo it
    assert are_delivered(sender(server.base, way).send(items(STYLES[way])))
    assert {each["status"] for each in server.all() if each["id"] in before.values()
            and wanting.identifier(each) in after
            and after[wanting.identifier(each)]["status"] == "amended"} == {"amended"}  # fmt: skip


@pytest.mark.parametrize("way", STYLES)
def test_an_answer_that_is_lost_does_no_harm(server: Any, relay: Any, way: str) -> None:
    wanted = items(STYLES[way])
    relay.plan.extend([lost] * 3)
    one = sender(of_relay(relay), way)
    for _ in range(3):
        results = one.send(wanted)
        assert results[-1] == sending.Later(answers.SOON_S, http_calls.BROKEN)
    assert are_delivered(one.send(wanted))
    assert len(identifiers(server)) == len(set(identifiers(server)))
    assert set(identifiers(server)) >= {each.identifier for each in wanted}


def test_the_digits_come_as_the_sensor_sent_them(server: Any) -> None:
    sender(server.base, "single").send(items(STYLES["single"], ["scale"]))
    said = server.sent()[0]
    sent = exact_json.loads(said["body"])
    value = of.of(samples.ALL["scale"], STYLES["single"]).observations[0]["valueQuantity"]["value"]
    assert str(sent["valueQuantity"]["value"]) == str(value)
    assert str(value) in said["body"]


def test_a_person_stands_in_the_body_alone(server: Any) -> None:
    wanted = items(STYLES["transaction"], ["cuff"])
    results = sender(server.base, subjects=person).send(wanted)
    assert are_delivered(results)
    assert {each["subject"]["identifier"]["value"] for each in server.all()} == {PERSON}
    for each in server.sent():
        assert PERSON not in each["url"] + json.dumps(each["headers"])
    assert PERSON not in repr(results)


def test_a_loan_whose_person_is_not_known_is_not_sent(server: Any) -> None:
    def nobody(_loan: str) -> None:
        raise errors.InputRefused("subject-missing")

    results = sender(server.base, subjects=nobody).send(items(STYLES["transaction"]))
    assert set(results) == {sending.Refused("subject-missing")}
    assert server.sent() == []


@pytest.mark.parametrize("way", STYLES)
def test_what_is_not_wanted_is_found_and_the_others_get_through(server: Any, way: str) -> None:
    wanted = items(STYLES[way])
    bad = wanted[3].resources[0]
    bad = {**bad, "status": 5, "valueQuantity": {"value": "93 mmHg of a person"}}
    broken = [*wanted]
    broken[3] = sending.Outgoing(
        wanted[3].identifier, 1, "create", [bad, *wanted[3].resources[1:]], samples.LOAN
    )
    results = sender(server.base, way).send(broken)
    assert [number for number, each in enumerate(results)
            if not isinstance(each, sending.Delivered)] == [3]  # fmt: skip
    assert isinstance(results[3], sending.Refused)
    assert results[3].words.startswith("HTTP 400 ")
    assert "93" not in results[3].words
    assert wanted[3].identifier not in identifiers(server)  # nothing of a bundle is left


def test_bundles_are_as_large_as_the_server_takes_them(server: Any) -> None:
    """Medplum's own bound of a transaction is found, and kept to from then on."""
    style = STYLES["transaction"]
    one = sender(server.base)
    one.send(items(style))
    count = len(server.sent())
    one.send(items(style))
    sizes = [len(json.loads(each["body"])["entry"]) for each in server.sent()]
    assert max(sizes[count:]) <= 8 < max(sizes)


FAULTS = {
    "busy": (says(429, Retry_After="120"), 120.0, "HTTP 429"),
    "busy until": (
        says(503, Date="Mon, 23 Nov 2026 10:00:00 GMT",
             Retry_After="Mon, 23 Nov 2026 10:10:00 GMT"),
        600.0, "HTTP 503",
    ),
    "down": (says(503), answers.SOON_S, "HTTP 503"),
    "gateway": (says(502, b"<html>Bad gateway for patient 01019012345</html>"), answers.SOON_S,
                "HTTP 502"),
    "not let in": (says(401), answers.MEND_S, "HTTP 401"),
    "forbidden": (says(403), answers.MEND_S, "HTTP 403"),
    "no such place": (says(404), answers.MEND_S, "HTTP 404"),
    "moved": (says(307, Location="http://127.0.0.1:9/fhir"), answers.MEND_S, "HTTP 307"),
    "login page": (says(200, b"<html>Log in</html>", Content_Type="text/html"), answers.MEND_S,
                   "HTTP 200 answer is not a FHIR server's"),
    "nothing": (says(200), answers.MEND_S, "HTTP 200 answer is not a FHIR server's"),
    "other bundle": (
        says(200, b'{"resourceType":"Bundle","type":"transaction-response","entry":[]}'),
        answers.MEND_S, "HTTP 200 answer is not a FHIR server's",
    ),
    "huge": (
        lambda _asked, _passed: Reply(200, (b" " * 65536 for _ in range(100))), answers.MEND_S,
        "HTTP 200 answer too long",
    ),
    "packed": (says(200, b"x", Content_Encoding="gzip"), answers.SOON_S, http_calls.PACKED),
    "hangs up": (lambda _asked, _passed: None, answers.SOON_S, http_calls.BROKEN),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_does_not_take_it_now_is_asked_later(
    server: Any, relay: Any, fault: str
) -> None:
    """Nothing is refused for the moment's sake, and after one such answer no other is asked."""
    answer, after_s, why = FAULTS[fault]
    relay.plan.append(answer)
    wanted = items(STYLES["transaction"])
    one = sender(of_relay(relay), most=4)
    assert set(one.send(wanted)) == {sending.Later(after_s, why)}
    assert len(relay.seen) == 1
    assert are_delivered(one.send(wanted))
    assert len(identifiers(server)) == len(wanted)


def test_nobody_is_there() -> None:
    wanted = items(STYLES["transaction"], ["cuff"])
    results = sender("http://127.0.0.1:9/fhir").send(wanted)
    assert set(results) == {sending.Later(answers.SOON_S, http_calls.CONNECT)}


def test_no_body_follows_a_redirect_to_another_host(relay: Any) -> None:
    elsewhere: list[Any] = []

    def other(asked: Any) -> Reply:
        elsewhere.append(asked)
        return Reply(200)

    with serving(other) as origin:
        for status in (301, 302, 303, 307, 308):
            relay.plan.append(says(status, Location=f"{origin}/fhir"))
            results = sender(of_relay(relay), "single").send(items(STYLES["single"], ["cuff"])[:1])
            assert results == [sending.Later(answers.MEND_S, f"HTTP {status}")]
    assert elsewhere == []


ECHO = {
    "resourceType": "OperationOutcome",
    "text": {"div": "<div>Ola Nordmann 01019012345 had 93.4</div>"},
    "issue": [{
        "severity": "error", "code": "invariant", "diagnostics": "value 93.4 of Ola Nordmann",
        "details": {"text": "Ola Nordmann", "coding": [
            {"code": "MSG_PARAM_INVALID"}, {"code": "Nordmann"}, {"code": "93.4"}]},
        "expression": ["Bundle.entry[0].resource.valueQuantity", "Observation.where(value=93.4)",
                       "Nordmann.Ola", "Observation.Nordmann"],
    }, {"severity": "error", "code": "Nordmann"}],
}  # fmt: skip


def test_an_outcome_that_echoes_values_and_names_leaves_codes_and_paths(relay: Any) -> None:
    relay.plan.append(says(422, json.dumps(ECHO).encode(), Content_Type="application/fhir+json"))
    results = sender(of_relay(relay), "single").send(items(STYLES["single"], ["scale"])[:1])
    assert results == [sending.Refused(
        "HTTP 422 invariant MSG_PARAM_INVALID Bundle.entry[0].resource.valueQuantity"
    )]  # fmt: skip


def test_what_a_server_breaks_on_does_not_stand_before_the_others_for_ever(relay: Any) -> None:
    wanted = items(STYLES["single"], ["scale", "cuff"])
    one = sender(of_relay(relay), "single")
    for number in range(breaking.MOST):
        relay.plan.append(says(500))
        results = one.send(wanted)
        assert are_delivered(results[1:])
        kind = sending.Refused if number == breaking.MOST - 1 else sending.Later
        assert isinstance(results[0], kind)
    assert are_delivered(one.send(wanted))


def test_a_server_that_breaks_on_everything_is_only_asked_later(relay: Any) -> None:
    wanted = items(STYLES["single"])
    one = sender(of_relay(relay), "single")
    for _ in range(breaking.MOST + 1):
        relay.plan.extend([says(500)] * len(wanted))
        assert all(isinstance(each, sending.Later) for each in one.send(wanted))
        relay.plan.clear()


def test_a_server_that_cannot_amend_gets_what_is_new(relay: Any) -> None:
    style = STYLES["single"]
    amended, wanted = items(style, ["cuff"], "amend")[:1], items(style, ["scale"])
    one = sender(of_relay(relay), "single")
    relay.plan.append(says(405))
    results = one.send([*amended, *wanted])
    assert results[0] == sending.Later(answers.MEND_S, "HTTP 405")
    assert are_delivered(results[1:])


def test_a_server_that_says_no_more_than_yes_is_believed_of_one(relay: Any) -> None:
    relay.plan.append(says(200))
    assert are_delivered(sender(of_relay(relay), "single").send(items(STYLES["single"])[:1]))


def test_two_senders_at_once_leave_one_of_each(server: Any) -> None:
    wanted = items(STYLES["transaction"])
    threads = [
        threading.Thread(target=lambda: sender(server.base, most=2).send(wanted)) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert identifiers(server) == sorted(each.identifier for each in wanted)


def test_a_message_is_put_in_the_place_of_the_one_before(server: Any) -> None:
    style = STYLES["transaction"]

    def message(version: int, status: str) -> sending.Outgoing:
        issue = {
            "resourceType": "DetectedIssue", "status": status,
            "identifier": [{"system": "urn:varde:missed", "value": "ab12"}],
            "patient": subject.of_loan(samples.LOAN, style),
        }  # fmt: skip
        return sending.Outgoing(
            "urn:varde:missed|ab12", version, "message", [issue], samples.LOAN, samples.MORNING_MS
        )

    one = sender(server.base)
    for version, status in ((1, "preliminary"), (1, "preliminary"), (2, "final")):
        assert are_delivered(one.send([message(version, status)]))
    assert [each["status"] for each in server.all("DetectedIssue")] == ["final"]


def test_a_collection_goes_under_its_identifier(relay: Any) -> None:
    """As NHN's connectathon page has it: a stand-in answers, as no server here takes one."""
    style = samples.style("vkp", "collection")
    taken = says(201, Location="Bundle/1")
    wanted = items(style, ["cuff"])
    relay.plan.extend([taken] * len(wanted) * 2)
    one = rest.RestSender(of_relay(relay), style, rendering.no_subjects, http_calls.Caller().call)
    assert one.send(wanted) == [sending.Delivered("Bundle/1")] * len(wanted)
    one.send(wanted)
    first, again = relay.seen[: len(wanted)], relay.seen[len(wanted) :]
    assert [each.body for each in first] == [each.body for each in again]
    conditions = [each.headers["if-none-exist"] for each in first]
    assert len(set(conditions)) == len(wanted)
    assert {json.loads(each.body)["type"] for each in first} == {"collection"}
