"""`varde receiver triage`: the sentence, who may, limits of a loan, colours, what is handed on."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from host.handover_place import LOAN, NOW_MS, TARGET, Place
from varde_host import clock, messages
from varde_host.fhir import exact_json
from varde_host.receiver_store import store

HOUR_MS = 3_600_000
FOLLOW_UP = "oppfolgingstjeneste:s12"
LIMITS = """
[spo2]
unit = "%"
green = { from = 92.5 }
yellow = { from = 88.25 }
needs = { values = 2, of = 3, within_hours = 24 }
counts = ["unverified"]
"""
LOW, HIGH = bytes.fromhex("00500048f0"), bytes.fromhex("00610048f0")  # SpO2 80 % and 97 %


class Now:
    """The clock of whoever types."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def utc_ms(self) -> int:
        return self.now_ms


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    made = Now()
    monkeypatch.setattr(clock, "from_environment", lambda: made)
    return made


@pytest.fixture
def place(tmp_path: Path, plain: None, now: Now) -> Place:
    on, off = (TARGET.format(name=name, profile="vkp") for name in ("journal", "region"))
    made = Place(tmp_path, f"{on}triage = true\n{off}")
    made.lend()
    return made


class Typing:
    """Types at the prompt, and runs commands."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place = place
        self._monkeypatch = monkeypatch

    def run(self, *words: str, typed: str = "", status: int = 0) -> str:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return self._place.run("triage", *words, status=status)

    def json(self, *words: str, typed: str = "", status: int = 0):
        return json.loads(self.run(*words, "--json", typed=typed, status=status))

    def enable(self, sentence: str | None = None) -> None:
        said = messages.text("triage.sentence") if sentence is None else sentence
        self.run("enable", "--by", FOLLOW_UP, typed=said + "\n")


@pytest.fixture
def at(place: Place, monkeypatch: pytest.MonkeyPatch) -> Typing:
    return Typing(place, monkeypatch)


def measure(place: Place, now: Now, *values: bytes) -> None:
    """An hour later each, and the clock of the room goes on as well."""
    hub = place.hub
    raws = [hub.start(), hub.anchor(now.now_ms + HOUR_MS, 40)]
    for value in values:
        hub.uptime_ms += HOUR_MS
        raws.append(hub.reading(value))
    now.now_ms += (len(values) + 2) * HOUR_MS
    place.deliver(raws, now.now_ms)
    place.run("run", "--once")


def issues(place: Place, name: str = "journal") -> list[dict]:
    bundles = [exact_json.loads(path.read_bytes())
               for path in sorted((place.folder.out / name).glob("*.json"))]  # fmt: skip
    return [
        entry["resource"]
        for bundle in bundles
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "DetectedIssue"
    ]


def test_off_by_default_and_nothing_is_told(place: Place, at: Typing, now: Now):
    at.run("limits", LOAN, "--limits", "-", "--by", FOLLOW_UP, typed=LIMITS)
    measure(place, now, LOW, LOW)
    assert at.json("show")["on"] is False
    assert at.json("colours", LOAN) == []
    assert issues(place) == []
    assert messages.text("triage.off") in at.run("show")
    assert messages.text("triage.statement") not in at.run("show")


def test_from_limits_to_an_alert_once(place: Place, at: Typing, now: Now):
    at.run("limits", LOAN, "--limits", "-", "--by", FOLLOW_UP, typed=LIMITS)
    at.enable()
    measure(place, now, LOW, HIGH, LOW)
    found = at.json("colours", LOAN)
    assert [(each["alone"], each["colour"]) for each in found] == [
        ("red", "green"), ("green", "green"), ("red", "red"),
    ]  # fmt: skip
    assert found[2]["rests_on"] == [found[0]["seq"]]
    (issue,) = issues(place)
    assert (issue["detail"], issue["severity"]) == ("rød", "high")
    assert issue["patient"]["identifier"]["value"] == LOAN
    implicated = issue["implicated"][0]["identifier"]
    observations = place.handed()
    assert implicated in [each["identifier"][0] for each in observations]
    place.run("run", "--once")
    assert issues(place) == [issue]
    assert issues(place, "region") == []
    assert "%" not in at.run("colours", LOAN)
    now.now_ms += HOUR_MS
    at.run("disable", "--by", FOLLOW_UP)
    measure(place, now, LOW, LOW)
    assert issues(place) == [issue]
    assert [each["colour"] for each in at.json("colours", LOAN)] == ["green", "green", "red"]


def test_who_does_what_is_shown_for_as_long_as_it_is_on(place: Place, at: Typing):
    at.enable("  jeg vet at mottakeren nå er programvare som er medisinsk utstyr. ")
    at.run("limits", LOAN, "--limits", "-", "--by", "oppfolgingstjeneste:s99", typed=LIMITS)
    shown = at.json("show")
    assert (shown["on"], shown["by"], shown["at_ms"]) == (True, FOLLOW_UP, NOW_MS)
    assert "MDR" in shown["statement"]
    assert shown["loans"] == [
        {"loan": LOAN, "kinds": ["spo2"], "since_ms": NOW_MS, "by": "oppfolgingstjeneste:s99"}
    ]
    printed = at.run("show")
    assert "s12" in printed
    assert "MDCG 2019-11" in printed.replace("\n", " ")
    assert "92.5" not in printed


def test_another_sentence_switches_nothing_on(at: Typing):
    for typed in ("", "ja", "Jeg vet at mottakeren nå er programvare", "x" * 5000):
        failed = at.json("enable", "--by", FOLLOW_UP, typed=typed + "\n", status=1)
        assert failed["error"] == "triage-sentence"
    assert at.json("show")["on"] is False


def test_the_sentence_is_of_the_language_in_use(place: Place, at: Typing):
    nynorsk = messages.catalogue("nn")["triage.sentence"]
    assert at.json("enable", "--by", FOLLOW_UP, typed=nynorsk, status=1)["error"]
    with messages.spoken("nn"):
        at.enable(nynorsk)
    assert at.json("show")["on"] is True


def test_only_the_follow_up_service_may_and_nobody_is_not_enough(at: Typing):
    for words in (("enable",), ("disable",), ("limits", LOAN, "--limits", "-")):
        for function in ("lagertekniker", "it-drift", "revisor", "tjenesteeier"):
            refused = at.json(*words, "--by", f"{function}:x1", typed=LIMITS, status=1)
            assert refused["error"] == "til-01"
        assert at.json(*words, typed=LIMITS, status=1)["error"] == "by-missing"


def test_limits_are_shown_set_and_taken_away(place: Place, at: Typing, tmp_path: Path):
    file = tmp_path / "limits.toml"
    file.write_text(LIMITS)
    assert at.json("limits", LOAN, "--limits", str(file), "--by", FOLLOW_UP) == {
        "loan": LOAN, "kinds": ["spo2"],
    }  # fmt: skip
    assert at.run("limits", LOAN).strip() == LIMITS.strip()
    assert at.json("limits", LOAN)["limits"] == LIMITS
    at.run("limits", LOAN, "--limits", "-", "--by", FOLLOW_UP, typed="")
    assert messages.text("triage.no-limits") in at.run("limits", LOAN)
    assert at.json("show")["loans"] == []


def test_what_is_refused_repeats_no_limit_and_no_birth_number(at: Typing):
    for loan, typed, code in (
        (LOAN, "[spo2]\nunit = 'mood'\ngreen = { from = 71 }", "triage-limits"),
        ("0000000000000000", LIMITS, "loan-unknown"),
        ("13717404089", LIMITS, "loan-number"),
    ):
        said = at.json("limits", loan, "--limits", "-", "--by", FOLLOW_UP, typed=typed, status=1)
        assert said["error"] == code
        for secret in ("71", "92.5", "13717404089", "mood"):
            assert secret not in json.dumps(said)


def test_no_limit_and_no_colour_is_in_the_store_in_clear(place: Place, at: Typing, now: Now):
    at.enable()
    at.run("limits", LOAN, "--limits", "-", "--by", FOLLOW_UP, typed=LIMITS)
    measure(place, now, LOW, LOW)
    assert len(issues(place)) == 1
    kept = b"".join(
        path.read_bytes() for path in place.receiver.iterdir() if path.name.startswith(store.FILE)
    )
    for secret in (b"92.5", b"green", "rød".encode(), b"medisinsk"):
        assert secret not in kept


def test_a_file_that_is_not_there_or_no_text(at: Typing, tmp_path: Path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name, code in (("nowhere", "file-read"), ("bytes", "triage-limits")):
        words = ("limits", LOAN, "--limits", str(tmp_path / name), "--by", FOLLOW_UP)
        assert at.json(*words, status=1)["error"] == code
