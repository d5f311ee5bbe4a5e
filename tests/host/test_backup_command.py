"""`varde database backup`, `restore` and `verify`, as a person types them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from host.virtual_hub import VirtualHub
from varde_host.collector import backup_file


def test_the_command(terminal, made: Path, tmp_path: Path):
    hub, file = VirtualHub(), tmp_path / "copy"
    site = ("--site", made)
    assert terminal.run("hub", "keys", "enrol", hub.public.hex(), *site)[0] == 0
    status, said = terminal.json("database", "backup", *site, "--out", file)
    assert status == 0
    assert said["file"] == str(file)
    assert said["bytes"] == file.stat().st_size
    assert {table["table"]: table["rows"] for table in said["tables"]}["hubs"] == 1
    assert terminal.json("database", "verify", file)[1]["tables"] == said["tables"]
    into = ("--database", tmp_path / "new.sqlite")
    status, restored = terminal.json("database", "restore", file, *into)
    assert (status, restored["tables"]) == (0, said["tables"])
    status, refused = terminal.json("database", "restore", file, *into)
    assert (status, refused["error"]) == (1, "restore-not-empty")
    file.write_bytes(file.read_bytes()[:-1])
    status, refused = terminal.json("database", "restore", file, "--database", tmp_path / "no")
    assert (status, refused["error"]) == (1, "backup-damaged")
    assert not (tmp_path / "no").exists()
    status, out, _ = terminal.run("database", "verify", tmp_path / "none")
    assert (status, out) == (1, "")
    assert terminal.run("database", "backup", *site)[0] == 2


def test_a_backup_of_another_version_is_refused_before_anything_is_made(terminal, tmp_path: Path):
    file = tmp_path / "copy"
    with file.open("wb") as stream:
        backup_file.Writer(stream, backup_file.Head("0001", 0)).end()
    status, out, _ = terminal.run(
        "database", "restore", file, "--database", tmp_path / "new", "--json"
    )
    assert (status, json.loads(out)["error"]) == (1, "backup-version")
    assert not (tmp_path / "new").exists()


def test_a_database_of_an_older_version_is_left_as_it_is_when_it_is_named_to_restore_into(
    terminal, made: Path, tmp_path: Path
):
    file, older = tmp_path / "copy", tmp_path / "older.sqlite"
    site = ("--site", made)
    assert terminal.run("hub", "keys", "enrol", VirtualHub().public.hex(), *site)[0] == 0
    assert terminal.run("database", "backup", *site, "--out", file)[0] == 0
    with contextlib.closing(sqlite3.connect(older)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.commit()
    before = older.read_bytes()
    status, refused = terminal.json("database", "restore", file, "--database", older)
    assert (status, refused["error"]) == (1, "restore-not-empty")
    assert older.read_bytes() == before


def test_progress_is_told_on_standard_error(
    terminal, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("varde_host.commands.backup.SECONDS_BETWEEN_LINES", 0)
    site = ("--site", made)
    assert terminal.run("hub", "keys", "enrol", VirtualHub().public.hex(), *site)[0] == 0
    status, _, err = terminal.run(
        "--language", "en", "database", "backup", *site, "--out", tmp_path / "copy"
    )
    assert status == 0
    assert "hubs: 1 rows\n" in err
