"""The hub's config: the golden file both ways, and everything a hub must not run."""

import json
import unittest

from varde_protocols import cbor, exchange, hub_config
from varde_protocols.errors import WireError

_HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."

with open(_HERE + "/../../protocols/vectors/hub_config.json") as _file:
    VECTORS = json.load(_file)

ENCODED = bytes.fromhex(VECTORS["encoded"])


def built():
    """The config that the vectors describe."""
    fields = dict(VECTORS["config"])
    fields["networks"] = [
        hub_config.Network(row["ssid"], row["password"]) for row in fields["networks"]
    ]
    row = fields["modem"]
    fields["modem"] = hub_config.Modem(row["apn"], row["user"], row["password"], row["pin"])
    fields["sensors"] = [sensor_of(row) for row in fields["sensors"]]
    return hub_config.HubConfig(*[fields[name] for name in hub_config.HubConfig.FIELDS])


def sensor_of(row):
    address = row["address"] and bytes.fromhex(row["address"])
    return hub_config.Sensor(
        row["slot"], address, row["name_prefix"], row["service"], row["characteristics"],
        row["model"], row["bond"], row["passkey"], row["user"],
        bytes.fromhex(row["verification"]),
    )  # fmt: skip


def decoded(data):
    """As an assignment holds it."""
    return hub_config.from_fields(cbor.decode(data))


def encoded(config):
    return cbor.encode(config.fields())


def fault(data):
    try:
        decoded(data)
    except WireError as error:
        return error
    return None


def code(data):
    error = fault(data)
    return error and error.code


def changed(row):
    """The golden config with one key other than it should be."""
    fields = cbor.decode(ENCODED)
    if "value" in row:
        fields[row["key"]] = cbor.decode(bytes.fromhex(row["value"]))
    else:
        del fields[row["key"]]
    return cbor.encode(fields)


class Golden(unittest.TestCase):
    def test_both_ways(self):
        self.assertEqual(encoded(built()), ENCODED)
        self.assertEqual(decoded(ENCODED), built())

    def test_the_least_config(self):
        data = bytes.fromhex(VECTORS["least"])
        config = decoded(data)
        self.assertEqual(config.sensors, [])
        self.assertEqual(config.networks, [])
        self.assertEqual(encoded(config), data)

    def test_a_hub_has_a_way_out(self):
        fields = cbor.decode(bytes.fromhex(VECTORS["least"]))
        fields[9] = None
        self.assertEqual(code(cbor.encode(fields)), "config-count")

    def test_passwords(self):
        for password in ("", "12345678", "\u00e6" * 31, "x" * 63, "0123456789abcdefABCDEF99" * 2
                         + "0" * 16):  # fmt: skip
            self.assertEqual(hub_config.Network("home", password).password, password)

    def test_the_ends_of_the_heartbeat(self):
        for heartbeat_s in (exchange.MIN_HEARTBEAT_S, exchange.MAX_HEARTBEAT_S):
            data = changed({"key": 4, "value": cbor.encode(heartbeat_s).hex()})
            self.assertEqual(decoded(data).heartbeat_s, heartbeat_s)


class Names(unittest.TestCase):
    def config(self, *sensors):
        fields = list(decoded(ENCODED)._items())
        fields[hub_config.HubConfig.FIELDS.index("reminders")] = []  # of sensors that were there
        fields[hub_config.HubConfig.FIELDS.index("sensors")] = list(sensors)
        return hub_config.HubConfig(*fields)

    def sensor(self, slot, name, service=0x1810, address=None):
        return hub_config.Sensor(slot, address, name, service, [0x2A35], "", 0, None, None, b"")

    def test_two_that_only_their_name_tells_apart_differ_in_it(self):
        for name in ("BP", "BPM-1", "B"):
            with self.assertRaises(hub_config.ConfigError):
                self.config(self.sensor(1, "BP"), self.sensor(2, "Scale"), self.sensor(3, name))

    def test_what_else_tells_them_apart_is_enough(self):
        first = self.sensor(1, "BP")
        for other in (
            self.sensor(2, "BP", 0x181D),
            self.sensor(2, "BP", address=bytes(7)),
            self.sensor(2, "bp"),
        ):
            self.assertEqual(self.config(first, other).sensors[1], other)


class Refused(unittest.TestCase):
    def test_every_fault_has_its_name(self):
        for row in VECTORS["refused"]:
            self.assertEqual(code(changed(row)), row["error"], row["case"])

    def test_no_map(self):
        self.assertEqual(code(b"\x80"), "config-shape")

    def test_an_unknown_key_is_named(self):
        error = fault(changed({"key": "wlan", "value": "00"}))
        self.assertTrue("'wlan'" in str(error))
        fields = cbor.decode(ENCODED)
        for name in ("zeta", "eta", b"theta", "a", -1):
            fields[name] = 0
        self.assertEqual(fault(cbor.encode(fields)).where, "key -1")
        error = fault(changed({"key": 7}))
        self.assertTrue("7" in str(error) and "ntp_port" in str(error))

    def test_a_limit_for_a_patients_values_is_named_and_told_why_not(self):
        # R15: nothing clinical on a hub. By name or by number, in the map or in a row of it.
        for key in ("spo2_min", "limit", "max", "pulse-alarm-above", "grense", 14, 99):
            error = fault(changed({"key": key, "value": cbor.encode([90, 100]).hex()}))
            self.assertEqual(error.code, "config-unknown-key")
            self.assertTrue(repr(key) in str(error))
            self.assertTrue("a hub knows no patient limits" in str(error))
        for key, row in ((5, cbor.decode(ENCODED)[5][0]), (12, [480, 127, 0])):
            longer = list(row)
            longer.append(90)
            data = changed({"key": key, "value": cbor.encode([longer]).hex()})
            self.assertTrue(code(data) in ("config-shape", "config-count"))

    def test_built_ones_are_checked_too(self):
        with self.assertRaises(hub_config.ConfigError):
            hub_config.Network("home", "short")
        with self.assertRaises(hub_config.ConfigError):
            hub_config.Sensor(1, None, None, 0x1822, [0x2A5F], "", 0, None, None, b"")


if __name__ == "__main__":
    unittest.main()
