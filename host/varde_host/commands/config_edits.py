"""What `varde config set` was asked to change; secrets come from files or from standard input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.commands import hub_assignment, sensor_text, setting_text
from varde_host.fleet import link_files
from varde_host.fleet.desired import Edit, Plain
from varde_protocols import hub_config

_SHOWN_CHARACTERS = 40


def of_texts(texts: Sequence[str]) -> list[Edit]:
    """Return the edits of `NAME=VALUE`; raises `setting-twice`, and as `setting_text.read`."""
    values: Plain = {}
    for text in texts:
        field, value = setting_text.read(text)
        if field in values:
            raise errors.InputRefused("setting-twice", setting_text.BY_FIELD[field].name)
        values[field] = value
    return [lambda _plain: values] if values else []


def of_wifi(exactly: Path | None, added: Path | None, removed: Sequence[str]) -> list[Edit]:
    """Return the edits of the networks: all of them, one more or another password, or one less."""
    edits: list[Edit] = []
    if exactly is not None:
        networks = [_row(network) for network in link_files.networks_in(exactly)]
        edits.append(lambda _plain: {"networks": networks})
    if added is not None:
        more = [_row(network) for network in link_files.networks_in(added)]
        edits.append(lambda plain: {"networks": _with(plain["networks"], more)})
    edits += [_without("networks", ssid) for ssid in removed]
    return edits


def of_sensors(exactly: Path | None, added: Sequence[str], removed: Sequence[int]) -> list[Edit]:
    """Return the edits of the sensors, which are known by their slots."""
    edits: list[Edit] = []
    if exactly is not None:
        rows = [_row(sensor) for sensor in hub_assignment.sensors_in(exactly)]
        edits.append(lambda _plain: {"sensors": rows})
    more = [_row(sensor_text.parse(text, "--add-sensor", secrets=False)) for text in added]
    if more:
        edits.append(lambda plain: {"sensors": _with(plain["sensors"], more)})
    edits += [_without("sensors", slot) for slot in removed]
    return edits


def of_modem(file: Path | None) -> list[Edit]:
    """Return the edit of the modem's subscription."""
    if file is None:
        return []
    modem = link_files.subscription_in(file)
    return [lambda _plain: {"modem": None if modem is None else _row(modem)}]


def _row(value: hub_config.Network | hub_config.Sensor | hub_config.Modem) -> list[Any]:
    return [getattr(value, name) for name in value.FIELDS]


def _with(rows: list[list[Any]], more: list[list[Any]]) -> list[list[Any]]:
    """Return the rows, those of the same name replaced where they stand, new ones last."""
    found = {row[0]: row for row in rows}
    return list({**found, **{row[0]: row for row in more}}.values())


def _without(field: str, key: str | int) -> Edit:
    def edit(plain: Plain) -> Mapping[str, Any]:
        kept = [row for row in plain[field] if row[0] != key]
        if len(kept) == len(plain[field]):
            shown = repr(str(key)[:_SHOWN_CHARACTERS])
            raise errors.InputRefused("setting-absent", f"{field} {shown}")
        return {field: kept}

    return edit
