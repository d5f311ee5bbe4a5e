"""The chaos campaign in small, and that its verdict would say so if something were wrong."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from chaos import verdict
from chaos.chaos_hub import Truth, WatchedJournal
from firmware.nor_flash import NorFlash
from host.postgres_server import programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
DURABLE = {1: b"one", 2: b"two", 3: b"three"}
STORED = [(1, b"one"), (2, b"two"), (3, b"three")]
TIMEOUT_S = 300


def run(folder: pathlib.Path, *arguments: str) -> tuple[int, dict]:
    file = folder / "chaos.json"
    command = [sys.executable, str(ROOT / "tools" / "chaos_campaign.py"), "--json", str(file)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*command, *arguments], **pipes) as process:
        try:
            told, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.terminate()  # so that it ends what it has started
            told, _ = process.communicate()
    assert file.exists(), told
    return process.returncode, json.loads(file.read_text())


def check(status: int, report: dict, records: int) -> None:
    total = report["sum"]
    assert status == 0, report["problems"]
    assert total["durable"] == total["delivered"] >= records
    assert not any(total[name] for name in verdict.BAD)
    assert total["faults"]
    assert total["disasters"]
    assert total["cuts"]
    assert sum(row["durable"] for row in report["rows"]) == total["durable"]


@pytest.mark.skipif(programs() is None, reason="no PostgreSQL here: apt-get install postgresql")
def test_a_small_storm_over_two_collectors_and_a_database_that_is_killed(tmp_path):
    sizes = ("--hubs", "5", "--records", "2000", "--seconds", "4", "--collectors", "2")
    check(*run(tmp_path, *sizes), 2000)


def test_a_small_storm_over_one_collector_on_a_file(tmp_path):
    sizes = ("--hubs", "3", "--records", "300", "--seconds", "2")
    check(*run(tmp_path, *sizes, "--sqlite"), 300)


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        (STORED, {}),
        (STORED[::-1], {}),
        (STORED[:2], {"waiting": 1}),
        (STORED[1:], {"lost": 1}),
        ([], {"lost": 2, "waiting": 1}),
        ([*STORED, (2, b"two")], {"twice": 1}),
        ([*STORED, (4, b"two")], {"twice": 1, "unknown": 1}),
        ([*STORED[:2], (3, b"tree")], {"altered": 1}),
        ([*STORED, (9, b"nine")], {"unknown": 1}),
    ],
)
def test_the_verdict_sees_what_is_wrong(stored, wrong):
    counts = verdict.judge(DURABLE, {1, 2}, stored)
    nothing = dict.fromkeys(("lost", "waiting", "twice", "altered", "unknown"), 0)
    assert {name: counts[name] for name in nothing} == nothing | wrong


def test_a_single_count_is_enough_to_fail():
    for name in verdict.BAD:
        assert not verdict.is_clean(dict.fromkeys(verdict.BAD, 0) | {name: 1})
    assert verdict.is_clean(dict.fromkeys(verdict.BAD, 0))


def test_a_journal_that_forgets_or_alters_is_found_out():
    flash, truth = NorFlash(4), Truth()
    journal = WatchedJournal(flash, truth)
    journal.mount()
    for seq in (1, 2, 3):
        journal.append(seq, b"record %d" % seq)
    journal.acknowledge([(1, 1)])
    truth.check_mounted(journal)
    assert truth.problems == []
    truth.durable[2] = b"something else"
    truth.durable[7] = b"gone"
    truth.check_mounted(journal)
    assert truth.problems == ["journal: 2 is not what was written", "journal: 7 is gone"]
