"""The `varde` command: exit status, JSON, and errors that say what, where and what next."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from host.collector_process import environment, varde
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import clock
from varde_host.commands import demo, site


def test_help_in_each_language(terminal: Terminal):
    for language, word in (("nb", "målinger"), ("nn", "målingar"), ("en", "readings")):
        status, out, _ = terminal.run("--language", language, "--help")
        assert status == 0
        assert word in out


def test_usage_errors_leave_with_2(terminal: Terminal):
    assert terminal.run("no-such-command")[0] == 2
    assert terminal.run("site", "init")[0] == 2
    assert terminal.run("--language", "xx", "site", "show")[0] == 1


def test_what_is_refused_leaves_with_1_and_says_what_where_and_what_next(
    terminal: Terminal, made: Path
):
    status, _, err = terminal.run("--language", "en", "site", "init", made)
    assert status == 1
    assert err == (
        f"varde: {made}: the directory is not empty. "
        "Choose a new directory; keys are never written over.\n"
    )


def test_an_error_is_json_too(terminal: Terminal, made: Path):
    status, error = terminal.json("--language", "en", "site", "init", made)
    assert status == 1
    assert error == {
        "error": "site-exists",
        "where": str(made),
        "what": "the directory is not empty",
        "next": "Choose a new directory; keys are never written over.",
        "who": "it-drift",
    }


def test_a_bug_of_ours_leaves_with_70_and_a_traceback(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    def broken(_directory: Path):
        raise ZeroDivisionError

    monkeypatch.setattr(site.files, "load", broken)
    status, out, err = terminal.run("site", "show", "--json")
    assert status == 70
    assert json.loads(out)["error"] == "bug"
    assert "ZeroDivisionError" in err


def test_site_show(terminal: Terminal, made: Path):
    status, shown = terminal.json("site", "show", "--site", made)
    assert status == 0
    assert shown["server_names"] == ["collector.test"]
    assert len(shown["roots"]) == 2
    assert shown["collector_public"] in terminal.run("site", "show", "--site", made)[1]


def test_site_init_takes_dates_and_refuses_them_swapped(terminal: Terminal, tmp_path: Path):
    days = ("--not-before", "2026-01-02", "--not-after", "2026-01-01")
    status, error = terminal.json("site", "init", tmp_path / "new", *days)
    assert (status, error["error"]) == (1, "validity")


def test_hubs_are_enrolled_listed_and_revoked(terminal: Terminal, made: Path):
    hub = VirtualHub()
    keys = ("hub", "keys")
    status, enrolled = terminal.json(*keys, "enrol", hub.public.hex(), "--site", made)
    assert (status, [row["hub"] for row in enrolled]) == (0, [hub.hub_id.hex()])
    others = [VirtualHub(number) for number in (7, 8)]
    publics = [other.public.hex() for other in others]
    assert terminal.json(*keys, "enrol", *publics, "bad", "--site", made)[0] == 1  # none of them
    assert len(terminal.json(*keys, "list", "--site", made)[1]["hubs"]) == 1
    assert terminal.run(*keys, "enrol", hub.public.hex(), "--site", made)[0] == 0  # again
    [listed] = terminal.json(*keys, "list", "--site", made)[1]["hubs"]
    assert (listed["hub"], listed["records"], listed["revoked_ms"]) == (hub.hub_id.hex(), 0, None)
    assert terminal.run(*keys, "revoke", hub.hub_id.hex(), "--site", made)[0] == 0
    [listed] = terminal.json(*keys, "list", "--site", made)[1]["hubs"]
    assert listed["revoked_ms"] is not None
    assert hub.hub_id.hex() in terminal.run(*keys, "list", "--site", made)[1]
    status, error = terminal.json(*keys, "enrol", hub.public.hex(), "--site", made)
    assert (status, error["error"]) == (1, "hub-revoked")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("zz", "hex"),
        ("", "hex"),
        ("00" * 31, "hex"),
        ("00" * 32, "hub-key"),  # the neutral point: of small order
        ("ff" * 32, "hub-key"),  # not a point
    ],
)
def test_what_is_no_public_key_is_refused(terminal: Terminal, made: Path, key: str, code: str):
    status, error = terminal.json("hub", "keys", "enrol", key, "--site", made)
    assert (status, error["error"]) == (1, code)


def test_revoking_an_unknown_hub(terminal: Terminal, made: Path):
    assert terminal.run("hub", "keys", "enrol", VirtualHub().public.hex(), "--site", made)[0] == 0
    status, error = terminal.json("hub", "keys", "revoke", "00" * 8, "--site", made)
    assert (status, error["error"]) == (1, "hub-unknown")


def test_readings_without_a_database_or_a_site(terminal: Terminal, made: Path, tmp_path: Path):
    assert terminal.json("readings", "--site", made)[1]["error"] == "database-missing"
    assert terminal.json("readings", "--site", tmp_path / "no")[1]["error"] == "site-missing"


def test_a_database_that_is_none_is_the_worlds_fault(terminal: Terminal, made: Path):
    (made / "collector.sqlite").write_bytes(b"this is no database" * 100)
    status, error = terminal.json("readings", "--site", made)
    assert (status, error["error"]) == (3, "database")


def test_a_wrong_path_makes_no_database(terminal: Terminal, made: Path, tmp_path: Path):
    """Neither in a directory that is no site, nor in another program's database."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    key = VirtualHub().public.hex()
    for command in (("keys", "list"), ("keys", "enrol", key), ("refused",)):
        status, error = terminal.json("hub", *command, "--site", elsewhere)
        assert (status, error["error"]) == (1, "site-missing")
    assert terminal.json("hub", "keys", "list", "--site", made)[1]["error"] == "database-missing"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE TABLE bookmarks (url)", "database-foreign"),
        ("PRAGMA user_version = 1", "database-foreign"),  # a file, but nothing in it
        ("CREATE TABLE alembic_version (version_num)", "database-foreign"),
    ],
)
def test_another_programs_database_is_left_alone(
    terminal: Terminal, made: Path, tmp_path: Path, statement: str, code: str
):
    other = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute(statement)
        connection.commit()
    before = other.read_bytes()
    status, error = terminal.json("readings", "--site", made, "--database", other)
    assert (status, error["error"]) == (1, code)
    assert other.read_bytes() == before


def test_the_database_of_a_newer_version_is_refused(terminal: Terminal, made: Path):
    keys = ("hub", "keys", "enrol", VirtualHub().public.hex(), "--site", made)
    assert terminal.run(*keys)[0] == 0
    with contextlib.closing(sqlite3.connect(made / "collector.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    status, error = terminal.json(*keys)
    assert (status, error["error"]) == (1, "database-newer")


@pytest.mark.parametrize(
    "options",
    [
        ("--server-name", "høyre.example"),
        ("--server-name", ""),
        ("--name", "x" * 100),
        ("--not-before", "1900-01-01"),
    ],
    ids=lambda options: options[0] + options[1][:8],
)
def test_what_no_certificate_can_hold_is_refused_before_anything_is_written(
    terminal: Terminal, tmp_path: Path, options: tuple[str, str]
):
    status, error = terminal.json("site", "init", tmp_path / "new", "--no-passphrase", *options)
    assert (status, error["error"]) == (1, "site-name")
    assert not (tmp_path / "new").exists()


def test_a_reader_who_has_seen_enough_is_no_bug(made: Path):
    code = "import sys; from varde_host import cli; sys.exit(cli.main(sys.argv[1:]))"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        run = subprocess.run(
            [sys.executable, "-c", code, "site", "show", "--json", "--site", str(made)],
            env=environment(), stdout=stdout, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr == b""  # no traceback


# --- demo ----------------------------------------------------------------------------------------


def test_demo_becomes_the_simulator_with_all_arguments(tmp_path: Path):
    """A simulator of our own making: what it prints and its exit status come through."""
    package = tmp_path / demo.SIMULATOR
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "cli.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    run = varde("demo", "--seed", "7", "--json", "--help", env={"PYTHONPATH": path})
    assert run.stdout == "['play', 'home', '--seed', '7', '--json', '--help']\n"
    assert run.returncode == 7


def test_demo_without_the_simulator(terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "SIMULATOR", "varde_not_there")
    status, _, err = terminal.run("--language", "en", "demo")
    assert status == 3
    assert "simulator is not installed" in err


# --- clock ---------------------------------------------------------------------------------------


def write_clock(path: Path, sequence: int, offset_us: int, utc_minus_virtual_us: int) -> None:
    fields = (sequence, 1_000_000, offset_us, utc_minus_virtual_us)
    path.write_bytes(clock._LAYOUT.pack(*fields))


def test_the_clock_file_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "clock"
    start_s = 1_800_000_000
    write_clock(path, 2, 5_000_000, start_s * 1_000_000)
    monkeypatch.setenv(clock.CLOCK_VARIABLE, str(path))
    monkeypatch.setattr(clock.time, "monotonic_ns", lambda: 7_000_000_000)
    now = clock.from_environment()
    assert now.utc_ms() == 7_000 + 5_000 + start_s * 1000
    with path.open("r+b") as file:  # in place, as the world writes it
        file.write(clock._LAYOUT.pack(4, 1_000_000, 86_400_000_000, start_s * 1_000_000))
    assert now.utc_ms() == 7_000 + 86_400_000 + start_s * 1000
    path.write_bytes(b"")  # cut short under our hands
    with pytest.raises(clock.errors.WorldFailed, match="clock-file"):
        now.utc_ms()


def test_a_clock_file_left_half_written_is_named(tmp_path: Path, monkeypatch):
    write_clock(tmp_path / "clock", 3, 0, 0)
    monkeypatch.setattr(clock, "_MAX_READS", 10)
    with pytest.raises(clock.errors.WorldFailed, match="clock-stuck"):
        clock.FileClock(tmp_path / "clock").utc_ms()


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_clock_file_that_is_none_is_named(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "clock").write_bytes(content)
    with pytest.raises(clock.errors.WorldFailed, match="clock-file"):
        clock.FileClock(tmp_path / "clock")


@pytest.mark.parametrize("utc_ms", [0, 946_684_800_000, clock.EARLIEST_MS - 1, -(2**62) // 1000])
def test_a_clock_that_was_never_set_is_named(tmp_path: Path, monkeypatch, utc_ms: int):
    write_clock(tmp_path / "clock", 2, -clock.time.monotonic_ns() // 1000, utc_ms * 1000)
    with pytest.raises(clock.errors.WorldFailed, match="clock-unset"):
        clock.FileClock(tmp_path / "clock").utc_ms()
    monkeypatch.setattr(clock.time, "time_ns", lambda: utc_ms * 1_000_000)
    with pytest.raises(clock.errors.WorldFailed, match="clock-unset"):
        clock.SystemClock().utc_ms()


def test_without_a_clock_file_it_is_the_systems(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(clock.CLOCK_VARIABLE, raising=False)
    assert isinstance(clock.from_environment(), clock.SystemClock)
    assert clock.from_environment().utc_ms() > 1_700_000_000_000


@pytest.mark.parametrize("asked", [["--help"], ["decode", "--help"], ["--language", "nn", "hub"]])
def test_only_what_is_asked_for_is_loaded(asked: list[str]):
    code = "import sys; from varde_host import cli; cli.main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *asked], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "bleak" not in loaded
    assert ("sqlalchemy" in loaded) == ("hub" in asked)
