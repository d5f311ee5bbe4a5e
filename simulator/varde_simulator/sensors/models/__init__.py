"""The sensors there are, by name. A factory takes `serial` and `battery_percent` at least.

A new one is a module here with a function that returns a `Model`, and a line in MODELS. Names of
real devices are those of the hub's drivers; `docs/sensors.md` says what of each is simulated.
"""

from collections.abc import Callable

from varde_simulator.sensors.model import Model
from varde_simulator.sensors.models import (
    and_medical,
    berrymed,
    beurer,
    by_specification,
    health_sensor,
    jumper,
    masimo,
    nonin,
    omron,
    viatom,
    xiaomi,
)
from varde_simulator.sensors.models.house import cuff, oximeter, scale
from varde_simulator.sensors.standard_services import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    BLOOD_PRESSURE_FEATURE,
    BLOOD_PRESSURE_MEASUREMENT,
    BLOOD_PRESSURE_SERVICE,
    DEVICE_INFORMATION_SERVICE,
    INTERMEDIATE_CUFF_PRESSURE,
    PLX_CONTINUOUS,
    PLX_FEATURES,
    PLX_SERVICE,
    PLX_SPOT_CHECK,
    WEIGHT_FEATURE,
    WEIGHT_MEASUREMENT,
    WEIGHT_SERVICE,
    battery,
    device_information,
)

HOUSE: dict[str, Callable[..., Model]] = {"oximeter": oximeter, "scale": scale, "cuff": cuff}

BY_SPECIFICATION: dict[str, Callable[..., Model]] = {
    "thermometer": by_specification.thermometer,
    "glucose-meter": by_specification.glucose_meter,
    "heart-rate-strap": by_specification.heart_rate_strap,
    "health-sensor": health_sensor.health_sensor,
    "forgetful-scale": by_specification.forgetful_scale,
    "dumping-cuff": by_specification.dumping_cuff,
}

MODELS: dict[str, Callable[..., Model]] = {
    **HOUSE,
    **BY_SPECIFICATION,
    "and-ua651": and_medical.ua651,
    "and-uc352": and_medical.uc352,
    "nonin-3230": nonin.nonin_3230,
    "masimo-mightysat": masimo.mightysat,
    "omron-evolv": omron.evolv,
    "beurer-bm": beurer.bm,
    "beurer-sbm69": beurer.sbm69,
    "beurer-bf": beurer.bf,
    "xiaomi-scale": xiaomi.xiaomi_scale,
    "xiaomi-scale-1": xiaomi.xiaomi_scale_1,
    "viatom-o2ring": viatom.viatom_o2ring,
    "berrymed-bm1000": berrymed.berrymed_bm1000,
    "jumper-500f": jumper.jumper_500f,
}

__all__ = [
    "BATTERY_LEVEL",
    "BATTERY_SERVICE",
    "BLOOD_PRESSURE_FEATURE",
    "BLOOD_PRESSURE_MEASUREMENT",
    "BLOOD_PRESSURE_SERVICE",
    "BY_SPECIFICATION",
    "DEVICE_INFORMATION_SERVICE",
    "HOUSE",
    "INTERMEDIATE_CUFF_PRESSURE",
    "MODELS",
    "PLX_CONTINUOUS",
    "PLX_FEATURES",
    "PLX_SERVICE",
    "PLX_SPOT_CHECK",
    "WEIGHT_FEATURE",
    "WEIGHT_MEASUREMENT",
    "WEIGHT_SERVICE",
    "battery",
    "cuff",
    "device_information",
    "oximeter",
    "scale",
]
