"""`varde hub assignment`: what is signed, and what is refused with the part at fault named."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from host.collector_process import varde
from host.terminal import Terminal
from varde_protocols import assignment, hub_config

SENSOR = "slot=1,service=1822,chars=2A5E+2A5F,name=Nonin,address=random/a1:a2:A3:A4:A5:A6"


def config_in(file: Path) -> hub_config.HubConfig:
    return assignment.unverified(file.read_bytes()).config


def test_it_reads_the_password_from_standard_input(made: Path, tmp_path: Path):
    out = tmp_path / "assignment.cbor"
    run = varde(
        "hub", "assignment", "--site", str(made), "--host", "collector.test", "--port", "9000",
        "--wifi", "-", "--sensor", SENSOR, "--out", str(out), "--json",
        input="home:correct horse: battery\nguest\\:s:\n\n",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    config = config_in(out)
    assert config.networks == [
        hub_config.Network("home", "correct horse: battery"),
        hub_config.Network("guest:s", ""),
    ]
    address = bytes.fromhex("01a1a2a3a4a5a6")
    assert config.sensors == [
        hub_config.Sensor(
            1, address, "Nonin", 0x1822, [0x2A5E, 0x2A5F], "", hub_config.BOND_NONE, None, None
        )
    ]
    assert (config.collector_host, config.collector_port) == ("collector.test", 9000)


@pytest.mark.parametrize(
    ("wifi", "sensor", "code"),
    [
        ("home", SENSOR, "wifi-line"),
        ("h\xe6ime:long enough".encode("latin-1"), SENSOR, "file-encoding"),
        ("home:short", SENSOR, "config-length"),
        ("", SENSOR, "config-count"),
        ("home:long enough", "slot=1", "sensor"),
        ("home:long enough", "slot=1,service=1822,chars=2A5E,colour=red", "sensor"),
        ("home:long enough", "slot=x,service=1822,chars=2A5E,name=a", "sensor"),
        ("home:long enough", "slot=1,service=1822,chars=2A5E,address=A1:A2", "sensor"),
        ("home:long enough", "slot=1,service=1822,chars=2A5E", "config-sensor"),
        ("home:long enough", SENSOR + ",bond=yes", "sensor"),
        ("home:long enough", SENSOR + ",user=1", "sensor-secret"),
        ("home:long enough", SENSOR + ",bond=passkey,passkey=123456", "sensor-secret"),
        ("home:long enough", SENSOR + ",model=and-ua561", "sensor-model"),
    ],
)
def test_a_config_that_no_hub_may_run_is_not_written(
    terminal: Terminal, made: Path, tmp_path: Path, wifi: str, sensor: str, code: str
):
    (tmp_path / "wifi").write_bytes(wifi if isinstance(wifi, bytes) else wifi.encode())
    out = tmp_path / "assignment.cbor"
    status, error = terminal.json(
        "hub", "assignment", "--site", made, "--host", "collector.test",
        "--wifi", tmp_path / "wifi", "--sensor", sensor, "--out", out,
    )  # fmt: skip
    assert (status, error["error"]) == (1, code)
    assert not out.exists()


def test_passkeys_and_codes_come_from_a_file(terminal: Terminal, made: Path, tmp_path: Path):
    (tmp_path / "wifi").write_text("home:long enough")
    cuff = "slot=2,service=1810,chars=2A35,name=SBM69,model=beurer-bm,bond=passkey,passkey=001234"
    scale = "slot=3,service=181D,chars=2A9D,name=BF720,model=beurer-bf,bond=plain,user=1/0042"
    (tmp_path / "sensors").write_text(f"# of the kit\n{cuff}\n\n{scale}\n")
    out = tmp_path / "assignment.cbor"
    command = (
        "hub", "assignment", "--site", made, "--host", "c", "--wifi", tmp_path / "wifi",
        "--sensor", SENSOR, "--sensors", tmp_path / "sensors", "--out", out,
    )  # fmt: skip
    assert terminal.run(*command)[0] == 0
    _, *others = config_in(out).sensors
    assert [(one.slot, one.model, one.passkey, one.user) for one in others] == [
        (2, "beurer-bm", 1234, None),
        (3, "beurer-bf", None, [1, 42]),
    ]


@pytest.mark.parametrize("wrong", ["passkey=12345x", "user=1", "user=1/2/3"])
def test_an_error_in_the_file_names_line_and_part_and_no_secret(
    terminal: Terminal, made: Path, tmp_path: Path, wrong: str
):
    (tmp_path / "wifi").write_text("home:long enough")
    (tmp_path / "sensors").write_text(f"\n{SENSOR},{wrong}\n")
    status, error = terminal.json(
        "hub", "assignment", "--site", made, "--host", "c", "--wifi", tmp_path / "wifi",
        "--sensors", tmp_path / "sensors", "--out", tmp_path / "assignment.cbor",
    )  # fmt: skip
    assert (status, error["error"]) == (1, "sensor")
    assert error["where"] == f"{tmp_path / 'sensors'}:2: {wrong.partition('=')[0]}"


def test_a_byte_order_mark_is_no_part_of_the_network_name(
    terminal: Terminal, made: Path, tmp_path: Path
):
    (tmp_path / "wifi").write_bytes("\ufeffhjemme:langt nok\r\n".encode())
    out = tmp_path / "assignment.cbor"
    status, _ = terminal.json(
        "hub", "assignment", "--site", made, "--host", "c", "--wifi", tmp_path / "wifi",
        "--out", out,
    )  # fmt: skip
    assert status == 0
    assert config_in(out).networks[0].ssid == "hjemme"


def test_an_existing_file_is_not_written_over(terminal: Terminal, made: Path, tmp_path: Path):
    (tmp_path / "wifi").write_text("home:long enough")
    command = ("hub", "assignment", "--site", made, "--host", "c", "--wifi", tmp_path / "wifi")
    assert terminal.run(*command, "--out", tmp_path / "assignment.cbor")[0] == 0
    status, error = terminal.json(*command, "--out", tmp_path / "assignment.cbor")
    assert (status, error["error"]) == (1, "file-exists")
