"""Which module reads which characteristic, by the specification and for single models.

Each entry names a module of this package and the end of its two functions' names:
("clock", "date_time") are `clock.decode_date_time` and `clock.encode_date_time`. Modules are
loaded by `load`, so this table costs nothing but itself.
"""

from varde_protocols import assigned
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable, Dict, Optional, Tuple

    from .layout import Fields, GivenFields

    Codec = Tuple[Callable[[bytes], Fields], Callable[[GivenFields], bytes]]
    Entry = Tuple[str, str]

_SPECIFIED: "Dict[int, Entry]" = {
    0x2A08: ("clock", "date_time"),
    0x2A0D: ("time_zone", "dst_offset"),
    0x2A0F: ("time_zone", "local_time_information"),
    0x2A18: ("glucose", "measurement"),
    0x2A19: ("battery", "level"),
    0x2A1C: ("thermometer", "measurement"),
    0x2A1D: ("thermometer", "type"),
    0x2A1E: ("thermometer", "intermediate"),
    0x2A21: ("thermometer", "interval"),
    0x2A23: ("device_information", "system_id"),
    0x2A24: ("device_information", "model_number"),
    0x2A25: ("device_information", "serial_number"),
    0x2A26: ("device_information", "firmware_revision"),
    0x2A27: ("device_information", "hardware_revision"),
    0x2A28: ("device_information", "software_revision"),
    0x2A29: ("device_information", "manufacturer_name"),
    0x2A2A: ("device_information", "regulatory"),
    0x2A2B: ("clock", "current_time"),
    0x2A34: ("glucose_context", "context"),
    0x2A35: ("blood_pressure", "measurement"),
    0x2A36: ("blood_pressure", "cuff_pressure"),
    0x2A37: ("heart_rate", "measurement"),
    0x2A38: ("heart_rate", "location"),
    0x2A49: ("blood_pressure", "feature"),
    0x2A50: ("device_information", "pnp_id"),
    0x2A52: ("record_access", "point"),
    0x2A5E: ("pulse_oximeter", "spot_check"),
    0x2A5F: ("pulse_oximeter", "continuous"),
    0x2A60: ("pulse_oximeter_feature", "feature"),
    0x2A85: ("user_data", "birth_date"),
    0x2A8C: ("user_data", "gender"),
    0x2A8E: ("user_data", "height"),
    0x2A99: ("user_data", "change_increment"),
    0x2A9A: ("user_data", "index"),
    0x2A9B: ("body_composition", "feature"),
    0x2A9C: ("body_composition", "measurement"),
    0x2A9D: ("weight_scale", "measurement"),
    0x2A9E: ("weight_scale", "feature"),
    0x2A9F: ("user_control", "point"),
    0x2B36: ("segments", "blood_pressure_record"),
    0x2B8B: ("health_sensor", "live"),
    0x2BDD: ("health_sensor", "stored"),
    0x2BF2: ("elapsed_time", "elapsed_time"),
}

# Where a model departs from the specification, or has a protocol of its own. An empty row says
# that the model is known, and was seen to send what the specification says.
_OF_MODEL: "Dict[str, Dict[int, Entry]]" = {
    "and-ua651": {},
    "and-uc352": {},
    "beurer-bf": {},
    "masimo-mightysat": {},
    "beurer-bm": {0x2A35: ("beurer_bm", "measurement")},
    "omron-evolv": {0x2A52: ("record_access", "omron")},
    "nonin-3230": {assigned.NONIN_CONTINUOUS: ("nonin_3230", "continuous")},
    "viatom-o2ring": {assigned.VIATOM_NOTIFY: ("viatom_o2ring", "answer")},
    "berrymed-bm1000": {assigned.BERRYMED_NOTIFY: ("berrymed_bm1000", "stream")},
    "jumper-500f": {assigned.JUMPER_NOTIFY: ("jumper_500f", "stream")},
    "xiaomi-scale": {
        assigned.XIAOMI_ADVERT_WEIGHT: ("xiaomi_scale", "weight"),
        assigned.XIAOMI_ADVERT_BODY: ("xiaomi_scale", "body"),
    },
}

CHARACTERISTICS = tuple(sorted(_SPECIFIED))  # what is read without a model
MODELS = tuple(sorted(_OF_MODEL))  # what is known by name


def rules(model: str) -> "Tuple[int, ...]":
    """Return the characteristics for which `model` has a rule of its own."""
    return tuple(sorted(_OF_MODEL.get(model, {})))


def load(characteristic: int, model: str) -> "Optional[Codec]":
    """Return the decoder and encoder of a characteristic as `model` sends it; None: unknown."""
    entry = _OF_MODEL.get(model, {}).get(characteristic) or _SPECIFIED.get(characteristic)
    if entry is None:
        return None
    # A name in the list makes __import__ return the module itself and not its package.
    module = __import__("varde_protocols.gatt." + entry[0], None, None, ("decode",))
    return getattr(module, "decode_" + entry[1]), getattr(module, "encode_" + entry[1])


def hint(characteristic: int) -> str:
    """Say what helps with a characteristic that has no decoder."""
    models = [model for model in MODELS if characteristic in _OF_MODEL[model]]
    if models:
        return "a vendor's own; it is read only for model %s" % " or ".join(models)
    return "keep the bytes, there is no decoder"
