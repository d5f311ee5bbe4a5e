"""Imports the application's modules from the bottom up.

Each import inside an import goes deeper into the C stack: some 2 KiB a level on the unix
interpreter, and the ESP32's main task has 16 KiB in all. Left to the import lines, the chain from
the application down to the curve arithmetic is a dozen deep. So the supervisor calls `load`
first: each module finds what it needs already loaded, and no chain is deeper than two.

Loading a module leaves as much garbage as module, and what is collected late leaves holes between
what stays: collected after each, 512 KiB hold the application in one piece.
"""

import gc

from varde_firmware.core import unload

# From then on as well: a heap that is collected only when it is full has its long-lived objects
# all over, and no piece of 1 KiB for a signature. With 24 KiB the hub needs 8 KiB more heap than
# with 16, which cost 1.1 M instructions of the 7.9 M for a reading (benchmarks/bench_hub.py).
THRESHOLD_BYTES = 16_384

# By package, as its name before each module's would be a third of this file on a hub.
_PACKAGES = (
    ("varde_protocols.", """
        _compat value errors crypto.sha512_micropython crypto.sha512
        crypto.field25519_run_micropython crypto.field25519_micropython crypto.ed25519_point
        crypto.ed25519_comb crypto.ed25519_look_up_micropython crypto.edwards25519_micropython
        crypto.edwards25519_public_micropython crypto.ed25519_micropython crypto.ed25519
        crypto.x25519_micropython crypto.x25519 crypto.aes_ccm_micropython crypto.aes_ccm
        crypto.hkdf cbor_scalars cbor_micropython cbor field_checks cose assigned records sealing
        exchange http_response hub_config
    """),
    ("varde_firmware.core.", """
        decider sensor_words steps sureness link_security sensor_session procedures drivers
        drivers.battery drivers.sensor_clock drivers.plain hold_offs scanner_words scanner
        ad_structures advertising bonds journal_sector journal_index journal_report journal
        recorder known_values hub_clock link uplink backoff status data_budget
    """),
    ("varde_firmware.", """
        ports ports.https_client ports.radio_handler ports.ble_radio ports.assembly
    """),
    ("varde_firmware.shell.", """
        clock identity inbox keeper upkeep_task bond_keeper sensor_link sensor_task exchange_round
        hub_time data_meter wifi_link link_task uplink_task tester hub_parts
    """),
)  # fmt: skip

BOTTOM_UP = tuple([package + name for package, names in _PACKAGES for name in names.split()])


def load(names: "tuple[str, ...]" = BOTTOM_UP) -> None:
    """Import these modules in order, and forget this one: 4 KB of names."""
    for name in names:
        __import__(name)
        gc.collect()
    unload.unload(__name__)
    gc.threshold(THRESHOLD_BYTES)  # type: ignore[attr-defined]
