"""How a model of the inventory becomes a row of a hub's config: fixed here, guessed nowhere.

A sensor that is taken for another model measures wrong without a word (complaint ble-scale-sync
#272). So the model comes from the code on the sensor (`inventory`), and what a hub must know of it
from this table or the site's own `sensor-models.toml`. A model in neither is a new model:
somebody who knows it writes its table first, and nothing is tried meanwhile.

    [varde-cuff]                       # the word that the inventory has for the model
    service = "1810"
    characteristics = ["2A35"]
    name = "Varde Cuff"                # how its name on the air begins; {serial}, {last4}
    bond = "plain"                     # none, plain, passkey; without: none
    passkey = "serial-last-six"        # or "shown"; with bond = "passkey" only
    driver = "and-ua651"               # whose ways it has; without: those of the specification
    pairing = "button"                 # none, button, passkey, while-on; what a person does
    clock = true                       # the hub sets it and reads it back
    batteries_forget = true            # a battery change takes the bond

Sources: docs/drivers.md, docs/sensors.md. That a passkey may be the last six digits of the serial
number is Nonin's manual of the 3150; no built-in model does it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from varde_host import errors
from varde_host.inventory import measuring_models
from varde_host.sensor import models, table
from varde_host.site import toml_file
from varde_protocols import assigned, hub_config

FILE = "sensor-models.toml"
"""Its name in a site's folder."""
MEASURES = measuring_models.TABLE
PASSKEY_NONE, PASSKEY_SERIAL, PASSKEY_SHOWN = "", "serial-last-six", "shown"
MAX_FILE_BYTES = 64 * 1024

_NONE, _PLAIN, _PASSKEY = (
    hub_config.BOND_NONE, hub_config.BOND_PLAIN, hub_config.BOND_AUTHENTICATED,
)  # fmt: skip
_BONDS = {"none": _NONE, "plain": _PLAIN, "passkey": _PASSKEY}
_PAIRINGS = (models.NO_PAIRING, models.BUTTON, models.PASSKEY, models.WHILE_ON)
_LAST_SIX = re.compile(r"[0-9]{6}\Z")


@dataclass(frozen=True)
class Recipe:
    """One model; see above. `off_s` is how far from right a clock is left alone."""

    model: str
    service: int
    characteristics: tuple[int, ...]
    name: str
    bond: int = _NONE
    passkey: str = PASSKEY_NONE
    driver: str = ""
    pairing: str = models.NO_PAIRING
    clock: bool = False
    batteries_forget: bool = False
    off_s: int = 60


def _of_vendor(model: str, service: int, characteristics: tuple[int, ...], **more: Any) -> Recipe:
    """Return the recipe of a model that has rules of its own on this machine and on a hub."""
    known = models.MODELS[model]
    given = {"name": known.names[0], "pairing": known.pairing, "driver": model, **more}
    return Recipe(model, service, characteristics, **given)


BUILT_IN: Mapping[str, Recipe] = {
    recipe.model: recipe
    for recipe in (
        _of_vendor("and-ua651", table.BLOOD_PRESSURE, (0x2A35,), bond=_PLAIN, clock=True,
                   batteries_forget=True),
        _of_vendor("and-uc352", table.WEIGHT, (0x2A9D,), bond=_PLAIN, clock=True,
                   batteries_forget=True),
        _of_vendor("nonin-3230", table.PULSE_OXIMETER, (0x2A5F, assigned.NONIN_CONTINUOUS),
                   bond=_PLAIN, name="Nonin3230_{serial}"),
        _of_vendor("masimo-mightysat", table.PULSE_OXIMETER, (0x2A5E,)),
        # In pairing mode its name is BLEsmart_, later BLESmart_: what both begin with.
        _of_vendor("omron-evolv", table.BLOOD_PRESSURE, (0x2A35,), bond=_PLAIN, clock=True,
                   name="BLE", off_s=600),
        _of_vendor("beurer-bm", table.BLOOD_PRESSURE, (0x2A35,), name="BM"),
        _of_vendor("beurer-bf", table.WEIGHT, (0x2A9D,), bond=_PLAIN, clock=True, name="BF",
                   batteries_forget=True),
        _of_vendor("xiaomi-scale", table.WEIGHT, (assigned.XIAOMI_ADVERT_WEIGHT,)),
        _of_vendor("viatom-o2ring", assigned.VIATOM_SERVICE, (assigned.VIATOM_NOTIFY,),
                   name="O2Ring {last4}"),
        _of_vendor("berrymed-bm1000", assigned.BERRYMED_SERVICE, (assigned.BERRYMED_NOTIFY,)),
        _of_vendor("jumper-500f", assigned.JUMPER_SERVICE, (assigned.JUMPER_NOTIFY,)),
    )
}  # fmt: skip


def load(site: Path) -> Mapping[str, Recipe]:
    """Return the built-in recipes and the site's own; a site's word may not be a built-in one.

    Raises InputRefused `sensor-models` (names the model and the field), `file-read`.
    """
    path = site / FILE
    tables = toml_file.tables(path, "sensor-models", MAX_FILE_BYTES)
    own = {
        model: _parsed(model, _without_measures(fields), f"{path}: {model}")
        for model, fields in tables.items()
        if not (model in BUILT_IN and isinstance(fields, dict) and set(fields) == {MEASURES})
    }
    return {**BUILT_IN, **own} if own else BUILT_IN


def _without_measures(fields: object) -> object:
    """What a model measures is `inventory.measuring_models`' own; a built-in one may have that."""
    if isinstance(fields, dict):
        return {name: value for name, value in fields.items() if name != MEASURES}
    return fields


def _parsed(model: str, fields: object, where: str) -> Recipe:
    if not isinstance(fields, dict) or model in BUILT_IN:
        raise errors.InputRefused("sensor-models", where, what=model[:40])
    unknown = sorted(set(fields) - set(_READERS))
    missing = sorted(_NEEDED - set(fields))
    if unknown or missing:
        what = (unknown or missing)[0][:40]
        raise errors.InputRefused("sensor-models", where, what=what)
    values: dict[str, Any] = {}
    for key, value in fields.items():
        try:
            values[key] = _READERS[key](value)
        except (ValueError, KeyError, TypeError) as error:
            raise errors.InputRefused("sensor-models", where, what=key) from error
    if (values.get("bond") == _PASSKEY) != (values.get("passkey", PASSKEY_NONE) != PASSKEY_NONE):
        raise errors.InputRefused("sensor-models", where, what="passkey")
    return Recipe(model, **values)


def _one_of(allowed: tuple[str, ...], value: object) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise ValueError(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    for _, field, spec, conversion in string.Formatter().parse(value):
        if field not in (None, "serial", "last4") or spec or conversion:
            raise ValueError(field)
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


_READERS: Mapping[str, Any] = {
    "service": assigned.by_name,
    "characteristics": lambda names: tuple(assigned.by_name(name) for name in names),
    "name": _text,
    "bond": lambda text: _BONDS[text],
    "passkey": lambda text: _one_of((PASSKEY_SERIAL, PASSKEY_SHOWN), text),
    "driver": lambda text: models.known(text).name,
    "pairing": lambda text: _one_of(_PAIRINGS, text),
    "clock": _truth,
    "batteries_forget": _truth,
}
_NEEDED = {"service", "characteristics", "name"}


def of(recipes: Mapping[str, Recipe], model: str) -> Recipe:
    """Return the recipe; InputRefused `sensor-model-new` for a model that nobody described."""
    if model not in recipes:
        raise errors.InputRefused("sensor-model-new", model[:40], file=FILE)
    return recipes[model]


def row(
    recipe: Recipe,
    slot: int,
    serial: str,
    address: bytes | None = None,
    verification: bytes = b"",
) -> hub_config.Sensor:
    """Return the config row of one sensor; `verification` is what its readings are to name.

    Raises InputRefused `sensor-serial` if the recipe takes the passkey or the name from a serial
    number that does not end so, ConfigError for what no hub may run with.
    """
    passkey = None
    if recipe.passkey == PASSKEY_SERIAL:
        match = _LAST_SIX.search(serial)
        if match is None:
            raise errors.InputRefused("sensor-serial", recipe.model)
        passkey = int(match[0])
    needs_serial = "{" in recipe.name
    if needs_serial and address is None and not serial:
        raise errors.InputRefused("sensor-serial", recipe.model)
    name = recipe.name.format(serial=serial, last4=serial[-4:])
    return hub_config.Sensor(
        slot=slot,
        address=address,
        name_prefix=None if address is not None else name,
        service=recipe.service,
        characteristics=list(recipe.characteristics),
        model=recipe.driver,
        bond=recipe.bond,
        passkey=passkey,
        user=None,
        verification=verification,
    )


def refuse_look_alikes(rows: list[hub_config.Sensor]) -> None:
    """Raise InputRefused `sensor-alike` for two sensors that a hub could take for each other."""
    names = [one.name_prefix for one in rows if one.name_prefix is not None]
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            if name.startswith(other) or other.startswith(name):
                raise errors.InputRefused("sensor-alike", name)
