"""`varde hub assignment`: what is signed, and what is refused with the part at fault named."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import formats
from host.collector_process import varde
from host.terminal import Terminal
from varde_host import errors
from varde_host.commands import reminder_text
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
            1, address, "Nonin", 0x1822, [0x2A5E, 0x2A5F], "", hub_config.BOND_NONE, None, None,
            b"",
        )
    ]
    assert (config.collector_host, config.collector_port) == ("collector.test", 9000)


@pytest.mark.parametrize(
    ("wifi", "sensor", "code"),
    [
        ("home", SENSOR, "wifi-line"),
        ("h\xe6ime:long enough".encode("latin-1"), SENSOR, "file-encoding"),
        ("home:short", SENSOR, "config-refused"),
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
        ("home:long enough", SENSOR + ",spo2_min=90", "patient-limit"),
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


REMINDERS = ("08:00 mon-fri slot=1", "20:30", "07:15 lør,sun slot=1")


def assigned(terminal: Terminal, made: Path, tmp_path: Path, *options: object) -> Any:
    (tmp_path / "wifi").write_text("home:long enough")
    return terminal.json(
        "hub", "assignment", "--site", made, "--host", "c", "--wifi", tmp_path / "wifi",
        "--sensor", SENSOR, "--out", tmp_path / "assignment.cbor", *options,
    )  # fmt: skip


def test_without_words_it_is_norway_with_no_reminders_and_no_terms(
    terminal: Terminal, made: Path, tmp_path: Path
):
    assert assigned(terminal, made, tmp_path)[0] == 0
    given = assignment.unverified((tmp_path / "assignment.cbor").read_bytes())
    config = given.config
    assert (config.local_time, config.reminders, config.quiet) == ([60, 1], [], None)
    assert (given.window, given.allowance_kib, given.source, given.ring) == (None, None, None, "")


def test_reminders_quiet_hours_and_terms(terminal: Terminal, made: Path, tmp_path: Path):
    options = [word for text in REMINDERS for word in ("--reminder", text)]
    assert assigned(
        terminal, made, tmp_path, *options, "--quiet", "22:00-07:00", "--local-time", "+02:00",
        "--window", "01:00-05:00", "--allowance", "2", "--source", "https://a.no/varde/",
        "--ring", "10 %",
    )[0] == 0  # fmt: skip
    given = assignment.unverified((tmp_path / "assignment.cbor").read_bytes())
    config = given.config
    assert config.reminders == [[435, 0x60, 1], [480, 0x1F, 1], [1230, 0x7F, 0]]
    assert (config.quiet, config.local_time) == ([1320, 420], [120, 0])
    assert (given.window, given.allowance_kib, given.ring) == ([60, 300], 2048, "10 %")
    assert given.source == ["a.no", 443, "/varde"]


@pytest.mark.parametrize(
    ("option", "text", "code"),
    [
        ("--reminder", "", "reminder"),
        ("--reminder", "8:00", "reminder"),
        ("--reminder", "24:00", "reminder"),
        ("--reminder", "08:00 weekdays", "reminder"),
        ("--reminder", "08:00 mon-tue-wed", "reminder"),
        ("--reminder", "08:00 slot=one", "reminder"),
        ("--reminder", "08:00 slot=1 slot=2", "reminder"),
        ("--reminder", "08:00 20:00", "reminder"),
        ("--reminder", "08:00 colour=red", "reminder"),
        ("--reminder", "08:00 slot=1 min=90", "patient-limit"),
        ("--reminder", "08:00 slot=1 Puls.Grense=120", "patient-limit"),
        ("--reminder", "08:00 slot=2", "config-sensor"),
        ("--reminder", "08:00 slot=256", "config-range"),
        ("--quiet", "22-07", "hours"),
        ("--quiet", "22:00-23:00-24:00", "hours"),
        ("--quiet", "22:00", "hours"),
        ("--window", "01:00-01:00", "config-range"),
        ("--local-time", "Europe/Oslo", "local-time"),
        ("--local-time", "+15:00", "config-range"),
        ("--source", "/varde", "source"),
        ("--source", "http://a.no", "source"),
        ("--source", "a.no:70000", "config-range"),
        ("--source", "a.no/varde?x", "config-text"),
        ("--ring", "a ring with a long name", "config-length"),
    ],
)
def test_what_no_hub_may_be_told_is_refused(
    terminal: Terminal, made: Path, tmp_path: Path, option: str, text: str, code: str
):
    status, error = assigned(terminal, made, tmp_path, option, text)
    assert (status, error["error"]) == (1, code)
    assert not (tmp_path / "assignment.cbor").exists()


@given(st.integers(0, 1439), st.integers(1, 127), st.integers(0, 255))
def test_a_reminder_comes_back_as_it_was_written(minute: int, weekdays: int, slot: int):
    row = [minute, weekdays, slot]
    assert reminder_text.reminder(reminder_text.reminder_shown(row), "x") == row


@given(formats.HOURS, st.integers(-720, 840), st.integers(0, 1))
def test_hours_and_local_time_come_back(hours: list[int], ahead_min: int, rule: int):
    assert reminder_text.hours(reminder_text.hours_shown(hours), "x") == hours
    shown = reminder_text.local_time_shown([ahead_min, rule])
    assert reminder_text.local_time(shown, "x") == [ahead_min, rule]


@given(
    st.text(max_size=40) | st.from_regex(r"\d\d:\d\d( [a-zø,-]{1,9})?( slot=\d+)?", fullmatch=True)
)
def test_whatever_is_written_is_read_or_refused(text: str):
    for read in (reminder_text.reminder, reminder_text.hours, reminder_text.local_time,
                 reminder_text.source):  # fmt: skip
        with contextlib.suppress(errors.InputRefused):
            read(text, "x")


def test_weekdays_go_round_the_end_of_the_week():
    assert reminder_text.reminder("08:00 fri-mon", "x")[1] == 0b1110001
    assert reminder_text.reminder("08:00 sun", "x")[1] == 0b1000000
    assert reminder_text.reminder("08:00 lau-søn", "x")[1] == 0b1100000


def test_weekdays_in_several_words_are_all_meant():
    assert reminder_text.reminder("08:00 mon wed-thu slot=3 sun", "x") == [480, 0b1001101, 3]
