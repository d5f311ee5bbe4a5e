"""What the bench says and takes for proof."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.terminal import Terminal
from varde_host import messages
from varde_host.bench import events, faults, live, steps
from varde_host.bench.cable import esptool_talk
from varde_host.bench.making import assignment, detect, identity, interpreter, links
from varde_host.inventory import progress, store, who
from varde_protocols import records

MIB = 1024 * 1024
CHIP = "aabbccddeeff"


def test_every_fault_and_step_has_its_words():
    worded = {
        key.split(".")[2] for key in messages.catalogue("nb") if key.startswith("bench.fault.")
    }
    assert set(faults.CODES) <= worded
    assert all(live.step_text(step.name) for step in steps.TABLE)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("code", sorted(faults.CODES))
def test_words_come_whatever_a_fault_knows(
    code: str, language: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages.speaker, "language", language)
    fields = {
        name
        for part in ("what", "next")
        for _, name, _, _ in string.Formatter().parse(
            messages.catalogue(language)[f"bench.fault.{code}.{part}"]
        )
        if name
    }
    assert live.fault_text(code, dict.fromkeys(fields, "x"))
    assert live.fault_text(code, {})


def test_every_step_needs_what_comes_before_it():
    seen: set[str] = set()
    for step in steps.TABLE:
        assert set(step.needs) <= seen
        seen.add(step.name)
        assert callable(step.run())


@given(st.text(max_size=400))
def test_words_of_a_board_are_cleaned(text: str):
    shown = faults.cleaned(text)
    assert isinstance(shown, str)
    assert len(shown) <= faults.MAX_TEXT
    assert shown.isprintable()


def facts(**changes: object) -> esptool_talk.ChipFacts:
    good = {
        "chip_id": CHIP, "kind": "ESP32-S3", "revision": (0, 2), "psram_bytes": 8 * MIB,
        "flash_bytes": 16 * MIB,
    }  # fmt: skip
    return esptool_talk.ChipFacts(**{**good, **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "ESP32-C3"}, "wrong-kind"),
        ({"kind": ""}, "wrong-kind"),
        ({"flash_bytes": 4 * MIB}, "flash-small"),
        ({"flash_bytes": None}, "flash-small"),
        ({"psram_bytes": 0}, "psram-small"),
    ],
)
def test_boards_that_cannot_become_hubs(changes: dict[str, object], code: str):
    with pytest.raises(faults.Fault, match=code) as caught:
        detect.judge(facts(**changes))
    assert caught.value.outcome == faults.UNFIT


def test_boards_that_can():
    detect.judge(facts())
    detect.judge(facts(flash_bytes=8 * MIB, psram_bytes=2 * MIB))


def test_where_a_smaller_flash_would_show_the_mark():
    assert detect.ends_of_smaller(16 * MIB) == [size * MIB - 4096 for size in (8, 4, 2, 1)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SAID = st.dictionaries(
    st.sampled_from(["name", "version", "machine", "architecture", "public", "hub", "sha256",
                     "assignment", "for_hub", "/assignment.cbor"]),
    JSON,
    max_size=6,
)  # fmt: skip


@given(SAID)
def test_answers_of_any_shape_are_taken_or_refused(said: dict):
    for judge in (
        interpreter.checked,
        identity.checked_public,
        lambda said: assignment.judged(said, 1, b"x"),
    ):
        with contextlib.suppress(faults.Fault):
            judge(said)


def test_an_old_interpreter_is_refused():
    said = {"name": "micropython", "version": [1, 24, 1], "machine": "x", "architecture": 1}
    with pytest.raises(faults.Fault, match="interpreter-other"):
        interpreter.checked(said)
    assert interpreter.checked({**said, "version": [1, 25, 0]})["version"] == [1, 25, 0]


def report(seq: int, boot: int, link: int | None) -> records.Report:
    given = {records.FACT_SLOT: 0} if link is None else {records.FACT_LINK: link}
    return records.Report(seq, boot, seq * 1000, given)


def anchor(seq: int, boot: int, source: int) -> records.Anchor:
    return records.Anchor(seq, boot, seq * 1000, 1_800_000_000_000, source, 100)


WIFI, MODEM = records.LINK_WIFI, records.LINK_MODEM
BY_EXCHANGE, BY_SNTP = records.SOURCE_EXCHANGE, records.SOURCE_SNTP


@pytest.mark.parametrize(
    ("found", "is_proof"),
    [
        ([report(4, 2, WIFI), anchor(5, 2, BY_EXCHANGE)], True),
        ([report(4, 2, WIFI)], False),
        ([report(4, 2, WIFI), anchor(5, 2, BY_SNTP)], False),
        ([report(4, 2, WIFI), anchor(5, 3, BY_EXCHANGE)], False),
        ([anchor(3, 2, BY_EXCHANGE), report(4, 2, WIFI)], False),
        ([report(4, 2, MODEM), anchor(5, 2, BY_EXCHANGE)], False),
        ([report(4, 2, None), anchor(5, 2, BY_EXCHANGE)], False),
        ([], False),
    ],
)
def test_what_proves_a_link(found: list, is_proof: bool):
    proof = links.proof_in([(record, 1) for record in found], WIFI)
    assert (proof is not None) == is_proof


def test_an_event_as_json_and_in_words():
    event = events.Event(
        events.FAULT, 5, CHIP, "/dev/x", "detect", {"code": "wrong-kind", "found": "C3"}
    )
    row = event.as_json()
    assert json.loads(json.dumps(row)) == row
    assert row["event"] == "fault"
    assert "C3" in live.words(event)
    for kind in (events.DONE, events.WAITING, events.STARTED, events.SEEN):
        assert live.words(events.Event(kind, 5, CHIP, "/dev/x", "", {"code": "port-gone"}))


def test_status_shows_each_step_with_its_times(made: Path, terminal: Terminal):
    opened = store.open_inventory(made / store.FILE)
    took = {"machine_ms": 1050, "hands_ms": 2000, "tries": 2}
    opened.write(
        lambda connection: progress.finish(
            connection, CHIP, "detect", {"took": took}, who.Who("lagertekniker", "t17"), 5
        )
    )
    opened.close()
    status, shown, _ = terminal.run("bench", "status", "--site", made)
    assert status == 0
    assert CHIP in shown
    assert "1.1 s" in shown or "1.0 s" in shown
    assert "2.0 s" in shown
    status, found = terminal.json("bench", "status", "--site", made)
    assert (status, found[CHIP]["detect"]["took"]) == (0, took)
    status, _, _ = terminal.run("bench", "status", "00", "--site", made)
    assert status == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--until", "nowhere"], "bench-step"),
        (["--again", "nowhere"], "bench-step"),
        (["--port", "@/nowhere"], "bench-no-ports"),
        (["--by", "t17"], "by-missing"),
    ],
)
def test_what_a_run_refuses_before_it_begins(
    options: list[str], code: str, made: Path, terminal: Terminal
):
    by = [] if "--by" in options else ["--by", "lagertekniker:t17"]
    status, refused = terminal.json("bench", "run", "--site", made, *by, *options)
    assert (status, refused["error"]) == (1, code)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_it_says_so_and_ends_in_order(
    how: signal.Signals, made: Path, tmp_path: Path
):
    """While it waits for a board that never comes."""
    command = [sys.executable, "-m", "varde_host", "bench", "run", "--site", str(made), "--json",
               "--by", "lagertekniker:t17", "--port", str(tmp_path / "no-port")]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TMPDIR": str(tmp_path),
        "VARDE_LANGUAGE": "en",
    }
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "begun"
    process.send_signal(how)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "Stopped" in said
    assert not list(tmp_path.glob("varde-bench-*")), "its images and scripts are gone"
