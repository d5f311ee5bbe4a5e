"""What a hub's configuration consists of, by the names that people type, and how each is written.

    collector-host=varde.fjord.example   heartbeat-s=900        board=t-sim7670g
    local-time=+01:00/eu   quiet=22:00-07:00   reminders='08:00; 20:00 mon-fri slot=2'
    window=01:00-05:00     source=https://code.example:443/varde     allowance-kib=none

A setting is a field of `hub_config.HubConfig`, or one of an assignment's terms: when and whence a
release is fetched. What holds a secret is not written as text: `networks` and `sensors` come from
files (`config_edits`), and so does `modem`, unless there shall be `none`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.commands import patient_limits, reminder_text
from varde_protocols import hub_config

NONE: Final = "none"

_SHOWN_CHARACTERS = 40
_MAX_DIGITS = 12
_SEPARATOR = ";"

# What is measured: whoever names it wants a limit, whatever the rest of the name says.
_MEASURED = re.compile(
    r"(^|-)(spo2|saturation|metning|oxygen|oksygen|puls|pulse|heart|hjerte|bpm|systolic|systolisk|"
    r"diastolic|diastolisk|pressure|blodtrykk|weight|vekt|glucose|glukose|blodsukker|temperature|"
    r"temperatur|fever|feber|patient|pasient|triage|news2?|score)(-|\d|min|max|low|high|lav|$)"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """`field` is its name in the formats, `form` how a value is written; "" for one of a file."""

    name: str
    field: str
    form: str
    read: Callable[[str, str], Any]
    show: Callable[[Any], str]


def read(text: str) -> tuple[str, Any]:
    """Return the field and the plain value of `NAME=VALUE`.

    Raises InputRefused `setting-form`, `setting-unknown`, `patient-limit`, `setting-file` for one
    with secrets, `setting-value`, and as `reminder_text`. None repeats what may be a secret.
    """
    name, separator, value = text.partition("=")
    name = name.strip().lower().replace("_", "-")
    value = value.strip()
    if not separator:
        raise errors.InputRefused("setting-form")
    setting = BY_NAME.get(name)
    if setting is None:
        raise _unknown(name)
    if setting.form == "":
        if (name, value) != ("modem", NONE):
            raise errors.InputRefused("setting-file", name)
        return setting.field, None
    try:
        return setting.field, setting.read(value, name)
    except ValueError:
        shown = f"{name}={value[:_SHOWN_CHARACTERS]!a}"
        raise errors.InputRefused("setting-value", shown, form=setting.form) from None


def _unknown(name: str) -> errors.InputRefused:
    shown = ascii(name[:_SHOWN_CHARACTERS])
    patient_limits.refuse(name, "varde config set")
    if _MEASURED.search(name):
        return errors.InputRefused("patient-limit", shown)
    known = ", ".join(sorted(BY_NAME))
    return errors.InputRefused("setting-unknown", shown, known=known)


def _whole(text: str, _where: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise ValueError(text)
    return int(text)


def _text(text: str, _where: str) -> str:
    return text


def _show(value: object) -> str:
    return str(value)


def _reminders(text: str, where: str) -> list[list[int]]:
    if text == NONE:
        return []
    return reminder_text.reminders((part.strip() for part in text.split(_SEPARATOR)), where)


def _show_reminders(value: list[list[int]]) -> str:
    return f"{_SEPARATOR} ".join(map(reminder_text.reminder_shown, value)) or NONE


def _or_none(read: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    return lambda text, where: None if text == NONE else read(text, where)


def _show_or_none(show: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: NONE if value is None else show(value)


def _show_networks(value: list[list[str]]) -> str:
    return ", ".join(ssid + ("" if password else " (open)") for ssid, password in value) or NONE


def _show_sensors(value: list[list[Any]]) -> str:
    return ", ".join(_show_sensor(hub_config.Sensor(*row)) for row in value) or NONE


def _show_sensor(sensor: hub_config.Sensor) -> str:
    known = sensor.name_prefix or (sensor.address or b"").hex(":")[3:]
    shown = f"{sensor.slot}: {sensor.model or format(sensor.service, '04X')} {known}"
    return shown + (f" ({sensor.verification.hex()})" if sensor.verification else "")


def _show_modem(value: list[str]) -> str:
    return value[0]  # the APN


def _unread(text: str, where: str) -> Any:
    raise AssertionError(text, where)


_PORT = "1-65535"
_HOURS = f"HH:MM-HH:MM | {NONE}"
_read_hours, _show_hours = _or_none(reminder_text.hours), _show_or_none(reminder_text.hours_shown)
ALL: Final = (
    Setting("networks", "networks", "", _unread, _show_networks),
    Setting("collector-host", "collector_host", "NAME", _text, _show),
    Setting("collector-port", "collector_port", _PORT, _whole, _show),
    Setting("heartbeat-s", "heartbeat_s", "60-86400", _whole, _show),
    Setting("sensors", "sensors", "", _unread, _show_sensors),
    Setting("ntp-host", "ntp_host", "NAME", _text, _show),
    Setting("ntp-port", "ntp_port", _PORT, _whole, _show),
    Setting("board", "board", "NAME", _text, _show),
    Setting("modem", "modem", "", _unread, _show_or_none(_show_modem)),
    Setting("data-budget-kib", "data_budget_kib", "KiB | 0", _whole, _show),
    Setting("local-time", "local_time", "+HH:MM/eu | +HH:MM", reminder_text.local_time,
            reminder_text.local_time_shown),
    Setting("reminders", "reminders", f"HH:MM [mon-fri] [slot=N]; ... | {NONE}", _reminders,
            _show_reminders),
    Setting("quiet", "quiet", _HOURS, _read_hours, _show_hours),
    Setting("window", "window", _HOURS, _read_hours, _show_hours),
    Setting("allowance-kib", "allowance_kib", f"KiB | {NONE}", _or_none(_whole),
            _show_or_none(_show)),
    Setting("source", "source", f"https://NAME:PORT/PATH | {NONE}",
            _or_none(reminder_text.source), _show_or_none(reminder_text.source_shown)),
)  # fmt: skip
BY_NAME: Final[Mapping[str, Setting]] = {setting.name: setting for setting in ALL}
BY_FIELD: Final[Mapping[str, Setting]] = {setting.field: setting for setting in ALL}
