"""A hub as the bench hands it out: application, documents, identity, locked; and secrets on it.

Made once by the scripts of the bench on a desk, then copied.
"""

from __future__ import annotations

import binascii
import functools
import shutil
import tempfile
from pathlib import Path

import pytest

from firmware import desk
from firmware.tls_servers import Authority
from golden import service, site
from varde_protocols import cose, hub_config, records
from varde_protocols.crypto import ed25519, x25519
from varde_simulator import interpreter, stage

try:
    FILES = stage.firmware_files(interpreter.find())
except (interpreter.NoInterpreterError, stage.StageError) as error:
    pytest.skip(str(error), allow_module_level=True)

JOURNAL_BYTES = 64 * 1024
PASSWORD = "kaffe-og-kringle"
COLLECTOR = ed25519.SigningKey(bytes([51]) * 32).public
RECEIVER = x25519.public_key(bytes([52]) * 32)
ROOTS = [Authority(name).der for name in ("one", "another")]
SERVICE = service.Bench(bytes([101 + site.NAMES.index("service-1")]) * 32)
SEED_NUMBER = "7"  # of which the played random source makes the hub's seed
SEED = bytes([7]) * 32


def config() -> hub_config.HubConfig:
    """A hub without sensors that reaches nobody."""
    return hub_config.HubConfig(
        networks=[hub_config.Network("hjemme", PASSWORD)],
        collector_host="collector.example",
        collector_port=443,
        heartbeat_s=3600,
        sensors=[],
        ntp_host="ntp.example",
        ntp_port=123,
        board="generic",
        modem=None,
        data_budget_kib=0,
        local_time=[60, hub_config.RULE_EU],
        reminders=[],
        quiet=None,
    )


def documents(roots: list[bytes] = ROOTS) -> dict[str, bytes]:
    """Trust and assignment, by file name."""
    return site.hub_files(config(), roots, COLLECTOR, RECEIVER)


def trials() -> dict[str, bytes]:
    """The same as the bench copies them to a hub."""
    return {f"{name}.trial": content for name, content in documents().items()}


@functools.cache
def _made(is_locked: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        hub = desk.Desk(Path(folder), {**FILES, **trials()}, JOURNAL_BYTES)
        for script in ("identity", "documents", *(["lock"] if is_locked else [])):
            said = hub.run(script, DESK_RANDOM=SEED_NUMBER)
            assert "error" not in (said.result or {}), said.text
        return hub.flash.read_bytes()


def flash(path: Path, *, is_locked: bool = True) -> None:
    """Put a copy of the hub's flash there."""
    path.write_bytes(_made(is_locked))


def on_desk(folder: Path, *, is_locked: bool = True) -> desk.Desk:
    """Return the hub on a desk."""
    hub = desk.Desk(folder, {}, JOURNAL_BYTES)
    flash(hub.flash, is_locked=is_locked)
    return hub


def copy(hub: desk.Desk, folder: Path) -> desk.Desk:
    """Return another with the same flash."""
    other = desk.Desk(folder, {}, JOURNAL_BYTES)
    shutil.copyfile(hub.flash, other.flash)
    return other


def events_of(result: dict[str, object]) -> list[tuple[int, int]]:
    """(code, detail) of the events that tail.py has given, each signed by this hub."""
    key = ed25519.VerifyKey(ed25519.SigningKey(SEED).public)
    rows = result["records"]
    assert isinstance(rows, list)
    found = []
    for _seq, text in rows:
        record = records.decode(cose.Sign1.parse(binascii.a2b_base64(text)).verify(key))
        assert isinstance(record, records.Event)
        found.append((record.code, record.detail))
    return found
