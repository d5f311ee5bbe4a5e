"""Whose a loan is: a list that is checked, and shows nobody."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import loan_place as place
from host.inventory_bench import refusal
from host.loan_place import LOAN
from host.terminal import Terminal
from varde_host import errors
from varde_host.inventory import birth_number
from varde_host.loan_facts import subjects
from varde_host.receiver_store import folder as folders


def national(draw: random.Random) -> str:
    """Eleven digits with a day in front and the right last digit; nobody's."""
    while True:
        digits = f"{draw.randrange(1, 28):02}41{draw.randrange(10**7):07}"
        if birth_number.is_true(digits):
            return digits


PERSON = national(random.Random(7))


def listed(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def test_a_list_gives_references_and_shows_nobody(tmp_path: Path):
    other = {"system": "urn:oid:2.16.578.1.12.4.1.4.3", "value": "A-17"}
    path = listed(tmp_path / "s.json", {LOAN: PERSON, "2503481100000002": other})
    found = subjects.load(path)
    assert found is not None
    assert found.of(LOAN) == {
        "type": "Patient", "identifier": {"system": subjects.NATIONAL, "value": PERSON},
    }  # fmt: skip
    reference = found.of("2503481100000002")
    assert reference is not None
    assert reference["identifier"] == other
    assert found.of("2503481100000003") is None
    assert found.loans == {LOAN, "2503481100000002"}
    assert PERSON not in repr(found)
    assert subjects.load(tmp_path / "none.json") is None
    assert subjects.check(path, {LOAN}) == (
        2, [subjects.Fault("2503481100000002", subjects.UNKNOWN)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (f'{{"{LOAN}": "{PERSON}", "{LOAN}": "{PERSON}"}}', "subjects-form"),
        (f'{{"{LOAN}": "{PERSON}"', "subjects-form"),
        ("[]", "subjects-form"),
        ({PERSON: LOAN}, "subjects-line"),
        ({LOAN: PERSON[:-1]}, "subjects-line"),
        ({LOAN: PERSON[:-1] + str((int(PERSON[-1]) + 1) % 10)}, "subjects-line"),
        ({LOAN: 17}, "subjects-line"),
        ({LOAN: {"value": PERSON}}, "subjects-line"),
        ({LOAN: {"system": "no uri", "value": PERSON}}, "subjects-line"),
    ],
)
def test_a_list_that_is_wrong_is_refused_and_nobody_is_in_the_error(tmp_path, content, code):
    path = listed(tmp_path / "s.json", content)
    error = refusal(subjects.load, path)
    assert error.code == code
    assert PERSON not in f"{error} {error.where} {error.fields} {error.__cause__}"
    assert PERSON[:6] not in str(error.where)


def test_a_list_that_others_can_read_is_refused(tmp_path: Path):
    path = listed(tmp_path / "s.json", {LOAN: PERSON}, 0o640)
    assert refusal(subjects.load, path).code == "subjects-mode"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_a_list_or_refused(tmp_path_factory, data: bytes):
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(data)
    path.chmod(0o600)
    try:
        subjects.load(path)
    except errors.InputRefused as error:
        assert error.code in {"subjects-form", "subjects-line"}  # noqa: PT017


@pytest.fixture
def receiver(tmp_path: Path) -> Path:
    return place.receiver_folder(tmp_path / "receiver")


def test_the_list_of_persons_is_checked_without_showing_any(receiver: Path, terminal: Terminal):
    check = ("receiver", "subjects", "check", "--receiver", receiver)
    assert terminal.json(*check) == (0, {"loans": 0, "faults": []})
    path = listed(receiver / folders.SUBJECTS, {LOAN: PERSON, "2503481100000002": PERSON})
    status, told = terminal.json(*check)
    assert (status, told["loans"]) == (1, 2)
    assert told["faults"] == [{"loan": "2503481100000002", "what": subjects.UNKNOWN}]
    assert PERSON not in "".join(map(str, terminal.run(*check)))
    path.chmod(0o644)
    assert terminal.json(*check)[1]["error"] == "subjects-mode"
