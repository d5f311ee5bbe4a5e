"""Colours are made at the receiver and nowhere else: no hub has room for a limit, and nothing
outside the receiver imports what judges."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

import pytest

from golden import values
from varde_protocols import hub_config

ROOT = pathlib.Path(__file__).parents[2]
HOST = ROOT / "host" / "varde_host"

# Who may import what judges: itself, its commands, and what hands alerts on for it.
ALLOWED = ("triage", "handover")
COMMANDS = "receiver"


def imports_triage(path: pathlib.Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        if any(name.startswith("varde_host.triage") for name in names):
            return True
    return False


def test_only_the_receiver_judges():
    for path in HOST.rglob("*.py"):
        place = path.relative_to(HOST)
        is_allowed = place.parts[0] in ALLOWED or (
            place.parts[0] == "commands" and place.name.startswith(COMMANDS)
        )
        assert is_allowed or not imports_triage(path), place
    assert imports_triage(HOST / "triage" / "alerts.py"), "this test would see it"


def test_a_collector_loads_nothing_that_judges():
    asked = (
        "import sys, varde_host.collector.server; print([n for n in sys.modules if 'triage' in n])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/host:{ROOT}/protocols"},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


# As somebody would have to write it: a key more, or a field more in a sensor or a reminder.
@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields.update({14: {"spo2": [88, 92]}}),
        lambda fields: fields.update({99: [[1, 90, 100]]}),
        lambda fields: fields[5][0].append([88, 92]),
        lambda fields: fields[12][0].append(90),
    ],
)
def test_a_hub_config_has_no_room_for_limits(spoil):
    fields = values.config().fields()
    hub_config.from_fields(fields)
    spoil(fields)
    with pytest.raises(hub_config.ConfigError):
        hub_config.from_fields(fields)


def test_no_field_of_a_hub_config_is_a_limit():
    """The code, the schema and what `varde config set` names: settings, and `limit` nowhere but
    where it is refused."""
    schema = (ROOT / "protocols" / "cddl" / "hub_config.cddl").read_text().lower()
    named = {*hub_config.HubConfig.FIELDS, *hub_config.Sensor.FIELDS}
    for word in ("limit", "threshold", "alarm", "red", "triage"):
        assert not any(word in field.split("_") for field in named)
        assert f"{word}:" not in schema
    for path in (ROOT / "firmware").rglob("*.py"):
        assert "triage" not in path.read_text(encoding="utf-8").lower(), path
