"""The people of a site: a file that is whole or the one before, and commands that keep secrets."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import cut_process
from host.login_place import PASSWORD
from host.terminal import Terminal
from varde_host import errors
from varde_host.access import enrolment, matrix, password, people, second_factor
from varde_host.inventory import who

KEPT = password.NOBODY
SOMEBODY = people.Person(("lagertekniker",), KEPT, "A" * 32, ("0" * 64,), "ab" * 8)


def put(folder: Path, **known: people.Person) -> None:
    with people.changing(folder) as everybody:
        everybody.update(known)


def test_what_is_written_is_read(tmp_path: Path):
    put(tmp_path, t17=SOMEBODY)
    assert people.load(tmp_path) == {"t17": SOMEBODY}
    assert stat.S_IMODE((tmp_path / people.FILE).stat().st_mode) == 0o600


def test_a_file_that_others_may_read_lets_nobody_in(tmp_path: Path):
    put(tmp_path, t17=SOMEBODY)
    (tmp_path / people.FILE).chmod(0o644)
    with pytest.raises(errors.InputRefused) as caught:
        people.load(tmp_path)
    assert caught.value.code == "people-open"


@pytest.mark.parametrize("torn", [False, True])
def test_a_kill_at_any_operation_leaves_the_old_file_or_the_new(tmp_path: Path, torn: bool):
    put(tmp_path, t17=SOMEBODY)
    after = {"t17": SOMEBODY, "t18": SOMEBODY}
    at, seen = 0, set()
    while cut_process.cut(lambda: put(tmp_path, t18=SOMEBODY), at, torn=torn):
        found = people.load(tmp_path)
        assert found in ({"t17": SOMEBODY}, after)
        seen.add(len(found))
        with people.changing(tmp_path) as known:  # the next one is not held up
            known.pop("t18", None)
        at += 1
    assert people.load(tmp_path) == after
    assert at >= 5
    assert seen == {1, 2}


def test_two_who_write_at_once_both_stand(tmp_path: Path):
    def one(number: int) -> None:
        put(tmp_path, **{f"t{number}": SOMEBODY})

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(people.load(tmp_path)) == 12


def test_a_full_house_is_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(people, "MOST", 2)
    put(tmp_path, t1=SOMEBODY, t2=SOMEBODY)
    with pytest.raises(errors.InputRefused) as caught:
        put(tmp_path, t3=SOMEBODY)
    assert caught.value.code == "people-many"
    assert len(people.load(tmp_path)) == 2


def _spoiled(change: Callable[[dict[str, Any]], Any]) -> bytes:
    data = json.loads(people.encode({"t17": SOMEBODY}))
    found = change(data)
    return json.dumps(data if found is None else found).encode()


def _row(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["people"]["t17"].update(values)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"x" * (people.MAX_BYTES + 1),
        b'{"format": 1, "people": {}, "people": {}}',
        _spoiled(lambda data: data.update(more=1)), _spoiled(lambda data: data.update(format=2)),
        _spoiled(lambda data: data.update(format=True) or data | {"people": []}),
        _spoiled(_row(functions=["sjef"])), _spoiled(_row(functions=["revisor", "revisor"])),
        _spoiled(_row(functions="revisor")), _spoiled(_row(more=1)),
        _spoiled(_row(password="secret")), _spoiled(_row(totp="A" * 31)),
        # a cost that would take all memory
        _spoiled(_row(password=KEPT.replace("m=65536", "m=4294967295"))),
        _spoiled(_row(last_step=-1)), _spoiled(_row(last_step=True)),
        _spoiled(_row(last_step=1.5)), _spoiled(_row(is_disabled=0)),
        _spoiled(_row(recovery=["0" * 64] * 2)), _spoiled(_row(stamp="")),
        _spoiled(lambda data: data["people"].update({"Kari Nordmann": data["people"]["t17"]})),
        _spoiled(lambda data: data["people"]["t17"].pop("totp") and None),
    ],
)  # fmt: skip
def test_a_file_that_is_not_quite_right_lets_nobody_in(data: bytes):
    with pytest.raises(errors.InputRefused) as caught:
        people.decode(data, "people.json")
    assert caught.value.code == "people-file"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 20))
def test_a_file_of_any_bytes_is_read_or_refused(put_in: bytes, at: int, cut: int):
    whole = people.encode({"t17": SOMEBODY})
    try:
        found = people.decode(whole[:at] + put_in + whole[at + cut :], "people.json")
    except errors.InputRefused as error:
        assert error.code == "people-file"  # noqa: PT017 either is right
        return
    for person, each in found.items():
        who.Who(who.TECHNICIAN, person)
        assert set(each.functions) <= set(who.FUNCTIONS)
    assert people.decode(people.encode(found), "again") == found


def test_nothing_is_changed_if_the_sheet_cannot_be_given(tmp_path: Path):
    def give(_given: enrolment.Enrolled) -> None:
        raise errors.WorldFailed("file-write", "sheet", reason="full")

    with pytest.raises(errors.WorldFailed):
        enrolment.add(tmp_path, "Fjordvik", "t17", ["revisor"], PASSWORD, give)
    assert people.load(tmp_path) == {}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.integers(0, 2**45))
def test_a_code_of_any_text_is_none(code: str, now_ms: int):
    secret = "A" * 32
    step = second_factor.used_step(secret, code, now_ms, 0)
    right = {pyotp.TOTP(secret).generate_otp(max(0, now_ms // 30_000 + n)) for n in (-1, 0, 1)}
    assert step is None or code.replace(" ", "") in right


# --- as it is typed ------------------------------------------------------------------------------


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return file


IT = ("--by", "it-drift:k3")


def _add(terminal: Terminal, site: Path, file: Path, out: Path, person: str = "t17"):
    return terminal.json(
        "access", "person", "add", person, "--function", "revisor", "--function", "lagertekniker",
        "--password-file", file, "--out", out, "--site", site, *IT,
    )  # fmt: skip


def test_somebody_is_taken_in_changed_and_sent_away(
    terminal: Terminal, made: Path, secret_file: Path, tmp_path: Path
):
    sheet = tmp_path / "sheet.txt"
    status, told = _add(terminal, made, secret_file, sheet)
    assert (status, told) == (0, {"person": "t17", "file": str(sheet)})
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    text = sheet.read_text(encoding="utf-8")
    kept = people.load(made)["t17"]
    assert f"secret={kept.totp}" in text
    assert kept.functions == ("lagertekniker", "revisor")
    assert text.count("-") >= 3 * second_factor.RECOVERY_CODES
    _, again = _add(terminal, made, secret_file, tmp_path / "other")
    assert again["error"] == "person-known"
    site = ("--site", made)
    status, _ = terminal.json(
        "access", "person", "assign", "t17", "--function", "it-drift", *site, *IT
    )
    assert (status, people.load(made)["t17"].functions) == (0, ("it-drift",))
    status, _ = terminal.json("access", "person", "disable", "t17", *site, *IT)
    assert status == 0
    _, listed = terminal.json("access", "person", "list", *site)
    assert listed == [
        {"person": "t17", "functions": ["it-drift"], "is_disabled": True, "recovery_codes": 8}
    ]
    reset = ("access", "person", "reset", "t17", "--password-file", secret_file, *site, *IT)
    status, _ = terminal.json(*reset, "--out", tmp_path / "new")
    new = people.load(made)["t17"]
    assert (status, new.is_disabled, new.functions) == (0, False, ("it-drift",))
    assert new.totp != kept.totp
    assert terminal.run("access", "person", "list", *site)[0] == 0
    lines = terminal.json("audit", "list", *site)[1]
    assert [(line["what"], line["subject"], line["person"]) for line in lines] == [
        (f"access-{what}", "t17", "k3") for what in ("add", "assign", "disable", "reset")
    ]
    for secret in (PASSWORD, kept.totp, new.totp):
        assert secret not in json.dumps(lines)
    assert terminal.json("audit", "verify", *site)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "t18", "--function", "sjef"), "by-function"),
        (("add", "Kari Nordmann", "--function", "revisor"), "by-person"),
        (("add", "01019012345", "--function", "revisor"), "birth-number"),
        (("reset", "t18"), "person-unknown"),
    ],
)
def test_what_is_refused_is_said(
    terminal: Terminal, made: Path, secret_file: Path, tmp_path: Path, arguments, code: str
):
    out = tmp_path / "sheet"
    given = (*arguments, "--password-file", secret_file, "--out", out, "--site", made, *IT)
    assert terminal.json("access", "person", *given)[1]["error"] == code
    assert not out.exists()
    assert not (made / people.FILE).exists()


def test_who_may_not_gives_nobody_access(
    terminal: Terminal, made: Path, secret_file: Path, tmp_path: Path
):
    for function in set(who.FUNCTIONS) - {who.IT}:
        told = terminal.json(
            "access", "person", "add", "t17", "--function", "revisor", "--site", made,
            "--password-file", secret_file, "--out", tmp_path / "s", "--by", f"{function}:x1",
        )[1]  # fmt: skip
        assert told["error"] == "til-01", function


def test_secrets_go_where_they_can_be_kept(
    terminal: Terminal, made: Path, secret_file: Path, tmp_path: Path
):
    add = ("access", "person", "add", "t17", "--function", "revisor", "--site", made, *IT)
    file = ("--password-file", secret_file)
    assert terminal.json(*add, *file)[1]["error"] == "enrolment-where"
    assert terminal.json(*add, "--out", tmp_path / "s")[1]["error"] == "password-needed"
    assert terminal.json(*add, *file, "--out", secret_file)[1]["error"] == "file-exists"
    secret_file.chmod(0o644)
    assert terminal.json(*add, *file, "--out", tmp_path / "s")[1]["error"] == "secret-open"
    secret_file.chmod(0o600)
    secret_file.write_text("kort\n")
    assert terminal.json(*add, *file, "--out", tmp_path / "s")[1]["error"] == "password-short"
    assert not os.path.lexists(tmp_path / "s")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_table_and_its_trial_are_printed(terminal: Terminal, made: Path, language: str):
    status, out, _ = terminal.run("--language", language, "access", "table")
    assert status == 0
    assert out.count("✔") == sum(sum(cells.values()) for _, cells in matrix.table())
    if language == "nb":
        status, out, _ = terminal.run("access", "check", "--site", made)
        assert (status, "varde kit move handed-out" in out) == (0, True)
        status, told = terminal.json("access", "check", "--site", made)
        assert (status, told["wrong"], told["people"]) == (0, [], 0)
        assert {"what", "action", "let_in", "is_right"} == set(told["tried"][0])
    status, told = terminal.json("access", "table")
    assert told["functions"] == list(who.FUNCTIONS)


def test_a_site_whose_rules_are_wrong_does_not_pass(terminal: Terminal, made: Path):
    (made / "access.toml").write_text("[local]\nallow = false\n")
    assert terminal.json("access", "check", "--site", made)[1]["error"] == "access-file"
    (made / "access.toml").write_text('[oidc]\nissuer = "http://127.0.0.1:1"\nclient_id = "v"\n')
    assert terminal.json("access", "check", "--site", made)[1]["error"] == "til-06"
