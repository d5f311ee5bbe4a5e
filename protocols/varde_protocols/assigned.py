"""Numbers for characteristics and services, where a 16-bit UUID is not enough.

A record, a config and a decoder name a characteristic by a number: its 16-bit UUID, or, for what
has a vendor's 128-bit UUID or no characteristic at all (advertised data), a number of this table,
from 0x10000 on. A number stays what it is for ever; signed records hold it.
"""

import binascii

from ._compat import const

FIRST = const(0x10000)
MAX_NUMBER = const(0x1FFFF)  # what formats take: room for every vendor to come

# Service data as advertised, without its UUID (AD type 0x16, Core Specification Supplement 1.11).
XIAOMI_ADVERT_WEIGHT = const(0x10001)  # of 0x181D
XIAOMI_ADVERT_BODY = const(0x10002)  # of 0x181B

NONIN_SERVICE = const(0x10010)
NONIN_CONTINUOUS = const(0x10011)
NONIN_CONTROL = const(0x10012)
VIATOM_SERVICE = const(0x10020)
VIATOM_NOTIFY = const(0x10021)
VIATOM_WRITE = const(0x10022)
BERRYMED_SERVICE = const(0x10030)
BERRYMED_NOTIFY = const(0x10031)
BERRYMED_WRITE = const(0x10032)
JUMPER_SERVICE = const(0x10040)
JUMPER_NOTIFY = const(0x10041)
AND_SERVICE = const(0x10050)
AND_CONTROL = const(0x10051)
OMRON_SERVICE = const(0x10060)
TEST = const(0x10070)  # what a test reading is of: a characteristic that no sensor has

# As people write them, "" for what has none. The sources are in docs/decoders.md.
_UUIDS = {
    XIAOMI_ADVERT_WEIGHT: "",
    XIAOMI_ADVERT_BODY: "",
    NONIN_SERVICE: "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b",
    NONIN_CONTINUOUS: "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b",
    NONIN_CONTROL: "1447af80-0d60-11e2-88b6-0002a5d5c51b",
    VIATOM_SERVICE: "14839ac4-7d7e-415c-9a42-167340cf2339",
    VIATOM_NOTIFY: "0734594a-a8e7-4b1a-a6b1-cd5243059a57",
    VIATOM_WRITE: "8b00ace7-eb0b-49b0-bbe9-9aee0a26e1a3",
    BERRYMED_SERVICE: "49535343-fe7d-4ae5-8fa9-9fafd205e455",
    BERRYMED_NOTIFY: "49535343-1e4d-4bd9-ba61-23c647249616",
    BERRYMED_WRITE: "49535343-8841-43f4-a8d4-ecbe34729bb3",
    JUMPER_SERVICE: "cdeacb80-5235-4c07-8846-93a37ee6b86d",
    JUMPER_NOTIFY: "cdeacb81-5235-4c07-8846-93a37ee6b86d",
    AND_SERVICE: "233bf000-5a34-1b6d-975c-000d5690abe4",
    AND_CONTROL: "233bf001-5a34-1b6d-975c-000d5690abe4",
    OMRON_SERVICE: "5df5e817-a945-4f81-89c0-3d4e9759c07c",
    TEST: "",
}
_NAMES = {
    XIAOMI_ADVERT_WEIGHT: "xiaomi-advert-weight",
    XIAOMI_ADVERT_BODY: "xiaomi-advert-body",
    NONIN_SERVICE: "nonin-oximetry-service",
    NONIN_CONTINUOUS: "nonin-continuous-oximetry",
    NONIN_CONTROL: "nonin-control-point",
    VIATOM_SERVICE: "viatom-service",
    VIATOM_NOTIFY: "viatom-answer",
    VIATOM_WRITE: "viatom-command",
    BERRYMED_SERVICE: "berrymed-service",
    BERRYMED_NOTIFY: "berrymed-stream",
    BERRYMED_WRITE: "berrymed-command",
    JUMPER_SERVICE: "jumper-service",
    JUMPER_NOTIFY: "jumper-stream",
    AND_SERVICE: "and-service",
    AND_CONTROL: "and-control",
    OMRON_SERVICE: "omron-option-service",
    TEST: "test",
}

NUMBERS = tuple(sorted(_UUIDS))
_BASE = "-0000-1000-8000-00805f9b34fb"  # of the 16-bit UUIDs (Core 5.4, Vol 3, Part B, 2.5.1)


def raw(number: int) -> bytes:
    """Return the UUID of a number as it goes over the air: 2 or 16 bytes, least significant first.

    Raises KeyError (ours) for a number that has none.
    """
    if number < FIRST:
        return bytes((number & 0xFF, number >> 8))
    uuid = _UUIDS[number]
    if not uuid:
        raise KeyError(number)
    return bytes(reversed(binascii.unhexlify(uuid.replace("-", ""))))


def number(raw_uuid: bytes) -> int:
    """Return the number of a UUID as it came over the air (2 or 16 bytes), 0 if it has none."""
    if len(raw_uuid) == 2:
        return raw_uuid[0] | raw_uuid[1] << 8
    digits = binascii.hexlify(bytes(reversed(raw_uuid))).decode()
    for known, uuid in _UUIDS.items():
        if uuid.replace("-", "") == digits:
            return known
    if digits[:4] == "0000" and digits[8:] == _BASE.replace("-", ""):
        return int(digits[4:8], 16)
    return 0


def by_name(text: str) -> int:
    """Return the number of a name in this table, or of hex digits; ValueError if it is neither."""
    for known, called in _NAMES.items():
        if called == text:
            return known
    value = int(text, 16)
    if not 0 <= value <= MAX_NUMBER:
        raise ValueError(text)
    return value


def name(number: int) -> str:
    """Return what a number is called: four hex digits, or the name in this table.

    A number that this version does not know comes as hex.
    """
    if number in _NAMES:
        return _NAMES[number]
    return "%04X" % number
