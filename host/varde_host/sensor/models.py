"""The models that have rules of their own, and how one is recognised in the air.

A service alone says too little: some leave it out, some advertise another one than they use. So a
rule wants the name's beginning (case-sensitive: on an Omron the case is the mode) and the company
where one is known, and nothing that speaks against it: a service of another kind. What comes out
is a hint for people; a command applies a model's rules only when told so with --model.

Sources by model: docs/sensors.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from varde_host import errors
from varde_protocols import assigned

from . import table
from .heard import Heard

NO_PAIRING, BUTTON, PASSKEY, WHILE_ON = "none", "button", "passkey", "while-on"
"""How a sensor is brought to pair: not at all, by holding its button, by typing the digits that it
shows, or whenever it is on. `messages` has what to do for each."""

BY_DATE_TIME, BY_ANSWER = "date-time", "answer"
"""Clock ways of their own: 0x2A08 in the measurement service, before all else on a connection;
0x2A2B as the answer to the sensor's own notification of it. By specification: "" (0x2A2B)."""


@dataclass(frozen=True)
class Model:
    """One model, or one family that behaves alike. `reading` are the services that a transfer
    needs: what is not needed is not asked for. `says` must be part of its model number.
    `keeps_readings` tells if a reading stays in the sensor once it has been received, None if that
    is not known. `rest_s`: what it needs between the connection's first exchanges and a
    subscription."""

    name: str
    title: str
    names: tuple[str, ...]
    reading: tuple[int, ...]
    company: int | None = None
    pairing: str = NO_PAIRING
    clock: str = ""
    says: tuple[str, ...] = ()
    only_advertises: bool = False
    keeps_readings: bool | None = None
    wants_consent: bool = False
    rest_s: float = 0.0


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "and-ua651", "A&D UA-651BLE", ("A&D_UA-651BLE",), (table.BLOOD_PRESSURE,),
            pairing=BUTTON, clock=BY_DATE_TIME, says=("UA-651",), keeps_readings=False,
        ),
        Model(
            "and-uc352", "A&D UC-352BLE", ("A&D_UC-352BLE",), (table.WEIGHT,),
            pairing=BUTTON, clock=BY_DATE_TIME, says=("UC-352",), keeps_readings=False,
        ),
        Model(
            "nonin-3230", "Nonin 3230", ("Nonin3230",),
            (table.PULSE_OXIMETER, assigned.NONIN_SERVICE),
            pairing=WHILE_ON, says=("3230",),
        ),
        Model(
            "masimo-mightysat", "Masimo MightySat", ("MightySat",), (table.PULSE_OXIMETER,),
            pairing=WHILE_ON, says=("MightySat",),
        ),
        Model(
            "omron-evolv", "Omron Evolv", ("BLEsmart_", "BLESmart_"),
            (table.BLOOD_PRESSURE, table.CURRENT_TIME_SERVICE, assigned.OMRON_SERVICE),
            company=0x020E, pairing=BUTTON, clock=BY_ANSWER,
        ),
        Model(
            "beurer-bm", "Beurer BM", ("BM48", "BM59", "BM85", "BEURER BM", "SBM69"),
            (table.BLOOD_PRESSURE,),
            pairing=PASSKEY, says=("BM",), keeps_readings=True, rest_s=0.2,
        ),
        Model(
            "beurer-bf", "Beurer BF", ("BF105", "BF500", "BF720", "BF788", "BF950"),
            (table.WEIGHT, table.BODY_COMPOSITION, table.USER_DATA),
            pairing=BUTTON, says=("BF",), wants_consent=True,
        ),
        Model(
            "xiaomi-scale", "Xiaomi Mi Scale", ("MI SCALE", "MI_SCALE", "MIBFS", "MIBCS", "XMTZC"),
            (table.WEIGHT, table.BODY_COMPOSITION), only_advertises=True,
        ),
        Model(
            "viatom-o2ring", "Viatom O2Ring", ("O2Ring",), (assigned.VIATOM_SERVICE,),
            says=("O2Ring",),
        ),
        Model(
            "berrymed-bm1000", "BerryMed BM1000", ("BerryMed",), (assigned.BERRYMED_SERVICE,),
        ),
        Model(
            "jumper-500f", "Jumper JPD-500F", ("My Oximeter",), (assigned.JUMPER_SERVICE,),
        ),
    )
}  # fmt: skip


def known(name: str) -> Model:
    """Return the model of that name; InputRefused `sensor-model`."""
    model = MODELS.get(name)
    if model is None:
        raise errors.InputRefused("sensor-model", ascii(name[:40]), known=", ".join(MODELS))
    return model


def looks_like(heard: Heard) -> Model | None:
    """Return the model that all of an advertisement speaks for, if there is one."""
    for model in MODELS.values():
        if heard.raw_name.startswith(model.names) and _fits(heard, model):
            return model
    return None


def _fits(heard: Heard, model: Model) -> bool:
    if model.company is not None and model.company not in heard.companies:
        return False
    said = {*heard.services, *(service for service, _ in heard.service_data)}
    measuring = said & table.MEASURING
    return not measuring or bool(measuring & set(model.reading))


def is_in_pairing_mode(raw_name: str) -> bool | None:
    """Tell the mode where the name does: on an Omron, by the case of one letter; else None."""
    if not raw_name.startswith(MODELS["omron-evolv"].names):
        return None
    return raw_name.startswith("BLEsmart_")
